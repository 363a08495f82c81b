import { resolve } from 'node:path';
import { didYouMean, parseDurationMs } from '@onrecord/connector/config';
import type { Command } from 'commander';
import type { Config, Identity } from '../../config/config.ts';
import { loadConfig } from '../../config/load-config.ts';
import { parseToken } from '../../identity/token.ts';
import { Tokens, type TokenView } from '../../identity/tokens.ts';
import { State } from '../../store/state.ts';
import { CommandError, type CommandIo, exitCodes } from '../command-io.ts';
import { operator } from '../operator.ts';
import { wantsColor } from '../present/color.ts';
import { type Line, paintLines, recorded, span } from '../present/line.ts';
import { tableLines } from '../present/table.ts';

interface Options {
  readonly config: string;
  readonly json?: true;
}

const createHelp = `
The token is printed once and kept nowhere; what is kept can check it and cannot be logged in with. Standard output gets
the token and nothing else, so that it can go straight to where it belongs:
  onrecord tokens create billing-agent | my-secret-store put billing-agent-token
With --json it gets one object: {"id":…,"identity":…,"token":…,"expiresAt":…}
An identity can have several valid tokens: to rotate, create a new one, hand it out, and revoke the old one.
A scanner for leaked secrets finds tokens by onr_[0-9a-hjkmnp-tv-z]{10}_[0-9a-hjkmnp-tv-z]{39}`;

const listHelp = `
With --json: {"id":…,"identity":…,"state":"valid|expired|revoked","createdAt":…,"createdBy":…,"expiresAt":…,"revokedAt":…,"revokedBy":…}`;

const revokeHelp = `
ID is the part between the underscores, as \`onrecord tokens list\` shows it; the whole token is understood too.
When this returns, no login with the token succeeds any more; a running gateway ends its open sessions within a second.`;

/** `onrecord tokens`: what identities log in with. */
export function registerTokens(program: Command, io: CommandIo): void {
  const tokens = program
    .command('tokens')
    .description('create, list and revoke the tokens that identities log in with');
  const command = (usage: string): Command =>
    tokens
      .command(usage)
      .option('--config <file>', 'configuration file', './onrecord.yaml')
      .option('--json', 'print JSON, an object a line');
  command('create <identity>')
    .description('make a token and show it once')
    .option('--expires <duration>', 'how long it is valid, such as 30d or 12h (default: until it is revoked)')
    .addHelpText('after', createHelp)
    .action((identity: string, options: Options & { readonly expires?: string }) => create(identity, options, io));
  command('list')
    .description('show the tokens that were made, never their secrets')
    .option('--identity <name>', 'only those of one identity')
    .addHelpText('after', listHelp)
    .action((options: Options & { readonly identity?: string }) => list(options, io));
  command('revoke <id>')
    .description('end a token for good')
    .addHelpText('after', revokeHelp)
    .action((id: string, options: Options) => revoke(id, options, io));
}

async function create(
  name: string,
  { config: file, expires, json }: Options & { readonly expires?: string },
  io: CommandIo,
): Promise<void> {
  const lifetimeMs = expires === undefined ? undefined : parseDurationMs(expires);
  if (expires !== undefined && (lifetimeMs === undefined || lifetimeMs === 0 || lifetimeMs > maximumLifetimeMs)) {
    throw new CommandError(`--expires takes a duration such as 30d, 12h or 90m, up to 5200w`, {
      exitCode: exitCodes.usage,
    });
  }
  const config = await loadConfig(resolve(io.cwd, file));
  const identity = config.identities.get(name);
  if (identity === undefined) throw unknownIdentity(name, config);
  const created = await withTokens(config, (tokens) =>
    tokens.create(name, operator(), { nowMs: Date.now(), ...(lifetimeMs === undefined ? {} : { lifetimeMs }) }),
  );
  const expiresAt = isoTime(created.expiresAt);
  if (json) {
    io.stdout.write(`${JSON.stringify({ id: created.id, identity: name, token: created.text, expiresAt })}\n`);
    return;
  }
  io.stdout.write(`${created.text}\n`);
  const until = expiresAt === null ? 'It is valid until it is revoked' : `It is valid until ${expiresAt}`;
  io.stderr.write(`This is shown once and kept nowhere. ${until}: onrecord tokens revoke ${created.id}\n`);
  if (!identity.login.includes('token')) {
    const { login } = identity;
    io.stderr.write(
      `Nobody can log in with it yet: identities.${name}.login is ${login.join(', ')}, and \`token\` is not among that.\n`,
    );
  }
  // What is not a terminal may be kept; the token must not be kept with it.
  if (io.isTerminal) io.stderr.write(`${connectHint(config, identity, created.text)}\n`);
}

/** A century: behind it are mistakes, and times that no longer fit. */
const maximumLifetimeMs = 5200 * 7 * 86_400_000;

async function list(
  { config: file, identity, json }: Options & { readonly identity?: string },
  io: CommandIo,
): Promise<void> {
  const config = await loadConfig(resolve(io.cwd, file));
  const views = await withTokens(config, (tokens) => tokens.list(identity));
  const nowMs = Date.now();
  if (json) {
    for (const view of views) io.stdout.write(`${JSON.stringify(jsonOf(view, nowMs))}\n`);
    return;
  }
  if (views.length === 0) {
    if (identity !== undefined && !config.identities.has(identity)) throw unknownIdentity(identity, config);
    io.stderr.write(`There are no tokens${identity === undefined ? '' : ` of ${identity}`} yet.\n`);
    return;
  }
  const columns = ['id', 'identity', 'state', 'created', 'by', 'expires'].map((title) => ({
    title: [span(title)],
    align: 'left' as const,
    whole: title === 'id',
  }));
  const rows = views.map((view) => row(view, nowMs));
  const color = wantsColor(io.env, io.isTerminal);
  io.stdout.write(paintLines(tableLines(columns, rows, io.columns ?? 160), color));
}

async function revoke(given: string, { config: file, json }: Options, io: CommandIo): Promise<void> {
  const config = await loadConfig(resolve(io.cwd, file));
  const id = parseToken(given)?.id ?? given;
  const nowMs = Date.now();
  const revoked = await withTokens(config, (tokens) => tokens.revoke(id, operator(), nowMs));
  // Not echoed: it may be a secret in the wrong place.
  if (revoked === undefined) {
    throw new CommandError('there is no token with this id', { hint: '`onrecord tokens list` shows all of them.' });
  }
  if (json) io.stdout.write(`${JSON.stringify(jsonOf(revoked.token, nowMs))}\n`);
  else if (revoked.changed) io.stdout.write(`Token ${id} of ${revoked.token.identity} is revoked.\n`);
  else
    io.stdout.write(
      `Token ${id} of ${revoked.token.identity} was revoked before, ${isoTime(revoked.token.revokedAt)}.\n`,
    );
}

async function withTokens<Result>({ data }: Config, work: (tokens: Tokens) => Result): Promise<Result> {
  let state: State;
  try {
    state = new State(data);
  } catch (error) {
    throw new CommandError(`the tokens in ${data} cannot be opened: ${(error as Error).message}`);
  }
  try {
    return work(new Tokens(state));
  } finally {
    state.close();
  }
}

function unknownIdentity(name: string, { identities, file }: Config): CommandError {
  const names = [...identities.keys()];
  return new CommandError(`there is no identity "${name}" in ${file}${didYouMean(name, names)}`, {
    hint: names.length === 0 ? 'Add one under `identities`.' : `There are: ${names.join(', ')}.`,
  });
}

function connectHint({ listen }: Config, { name, connections }: Identity, token: string): string {
  const [connection] = connections;
  if (connection === undefined)
    return `${name} may not use any connection yet: see \`identities.${name}.connections\`.`;
  const { host, port } = listen.postgres;
  const everywhere = host === '0.0.0.0' || host === '::';
  const reached = everywhere ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  const url = `postgres://${encodeURIComponent(name)}:${token}@${reached}:${port === 0 ? 'PORT' : port}/${encodeURIComponent(connection)}`;
  return `Connect with: psql "${url}"`;
}

type TokenState = 'valid' | 'expired' | 'revoked';

function stateOf({ revokedAt, expiresAt }: TokenView, nowMs: number): TokenState {
  if (revokedAt !== undefined) return 'revoked';
  return expiresAt !== undefined && expiresAt <= nowMs * 1000 ? 'expired' : 'valid';
}

function jsonOf(view: TokenView, nowMs: number): { readonly [name: string]: string | null } {
  return {
    id: view.id,
    identity: view.identity,
    state: stateOf(view, nowMs),
    createdAt: isoTime(view.createdAt),
    createdBy: view.createdBy,
    expiresAt: isoTime(view.expiresAt),
    revokedAt: isoTime(view.revokedAt),
    revokedBy: view.revokedBy ?? null,
  };
}

function row(view: TokenView, nowMs: number): readonly Line[] {
  const state = stateOf(view, nowMs);
  const style = { valid: 'good', expired: 'warning', revoked: 'dim' } as const;
  const ended = state === 'revoked' ? `${isoTime(view.revokedAt)} by ${view.revokedBy}` : undefined;
  return [
    [span(view.id)],
    recorded(view.identity),
    [span(state, style[state])],
    [span(isoTime(view.createdAt) ?? '')],
    recorded(view.createdBy),
    recorded(ended === undefined ? (isoTime(view.expiresAt) ?? 'never') : `revoked ${ended}`),
  ];
}

/** ISO 8601 in UTC to the second; null for no time. */
function isoTime(micros: number | undefined): string | null {
  return micros === undefined ? null : new Date(micros / 1000).toISOString().replace(/\.\d+Z$/, 'Z');
}
