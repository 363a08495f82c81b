import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type HostPort, parseAddress } from '../config/address.ts';
import { type EnrollmentToken, parseEnrollmentToken } from '../link/enrollment-token.ts';

/** What the command line asks for. */
export type CommandLine =
  | { readonly type: 'help' }
  | { readonly type: 'version' }
  | {
      readonly type: 'run';
      readonly config: string;
      /** Besides those of the configuration. */
      readonly gateways: readonly HostPort[];
      readonly tokens: readonly EnrollmentToken[];
      /** What the operator should know. */
      readonly notes: readonly string[];
    };

/** A command line that cannot be followed. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

export const help = `Usage: onrecord-connector [options]

Reaches Postgres for Onrecord gateways from where the databases are: dials out to the gateways, holds the credentials of
the databases, and watches for sessions that go past the gateways.

Options:
  --config FILE        configuration file (default: ./connector.yaml)
  --gateway HOST:PORT  a gateway to dial besides those of the file; may be given several times
  --enroll TOKEN       token of \`onrecord connectors enroll NAME\`, for a gateway that this connector is not enrolled
                       with yet; env:NAME or file:PATH keeps it out of the list of processes; may be given several times
  --version            print the version
  --help               print this

SIGHUP reads the connections of the file again. SIGTERM and SIGINT end the sessions and the process. Exit codes: 0 ended
when asked to, 1 could not start, 2 the command line or the configuration cannot be used.
`;

/** Reads a command line. Throws a UsageError; it never holds a token. */
export function readCommandLine(args: readonly string[], env: NodeJS.ProcessEnv): CommandLine {
  const values = parse(args);
  if (values.help === true) return { type: 'help' };
  if (values.version === true) return { type: 'version' };
  const tokens = (values.enroll ?? []).map((reference) => enrollmentToken(reference, env));
  return {
    type: 'run',
    config: values.config ?? './connector.yaml',
    gateways: (values.gateway ?? []).map(gatewayAddress),
    tokens: tokens.filter((token) => typeof token !== 'string'),
    notes: tokens.filter((note) => typeof note === 'string'),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        config: { type: 'string' },
        gateway: { type: 'string', multiple: true },
        enroll: { type: 'string', multiple: true },
        version: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Its text quotes the argument, which may be a token.
    if (code === 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL') throw new UsageError('there are options only, no arguments');
    throw new UsageError((error as Error).message.split('. ')[0] ?? '');
  }
}

function gatewayAddress(text: string): HostPort {
  const address = parseAddress(text);
  if (address === undefined) throw new UsageError('--gateway must be host:port, an IPv6 host in brackets');
  return address;
}

/** The token that is given, or why there is none. What is kept for a first start only may be gone at the next one. */
function enrollmentToken(reference: string, env: NodeJS.ProcessEnv): EnrollmentToken | string {
  const text = tokenText(reference, env);
  if (text === undefined) return `--enroll ${reference}: there is nothing; going on without`;
  const token = parseEnrollmentToken(text);
  if (token !== undefined) return token;
  const hint = 'it begins with onrc_ and comes from `onrecord connectors enroll NAME`';
  throw new UsageError(`--enroll: what is given is no enrolment token, or not all of it; ${hint}`);
}

function tokenText(reference: string, env: NodeJS.ProcessEnv): string | undefined {
  const [, type, name = ''] = /^(env|file):(.*)$/s.exec(reference) ?? [];
  if (type === undefined) return reference;
  const text = type === 'env' ? env[name] : readIfThere(name);
  return text?.trim() || undefined;
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new UsageError(`--enroll: ${path} cannot be read (${code})`);
  }
}
