import { resolve } from 'node:path';
import { type DoctorFacts, hiddenSecret } from '@onrecord/connector';
import { didYouMean } from '@onrecord/connector/config';
import type { Command } from 'commander';
import type { Config } from '../../config/config.ts';
import { loadConfig } from '../../config/load-config.ts';
import { askGateway } from '../../control/ask-gateway.ts';
import { examine } from '../../doctor/examine.ts';
import {
  closingLines,
  type Examination,
  type Finding,
  isOpen,
  type Severity,
  severities,
} from '../../doctor/finding.ts';
import { neighbourNotes } from '../../doctor/neighbours.ts';
import { CommandError, type CommandIo, exitCodes } from '../command-io.ts';
import type { Style } from '../present/color.ts';
import { wantsColor } from '../present/color.ts';
import { foldLine, type Line, paintLines, recorded, span } from '../present/line.ts';

interface Options {
  readonly config: string;
  readonly json?: true;
}

const help = `
The running gateway asks the role that watches the connection: \`watch\` must be set where the database's credentials are.
Nothing is changed. The lines that it prints go to the top of pg_hba.conf; \`SELECT pg_reload_conf()\` puts them in force.

With --json, one object: {"connection":…,"open":…,"findings":[{"severity":…,"message":…,"rule":{"file":…,"line":…,"text":…},
"roles":[…],"lines":[…],"sql":[…]}],"keep":[…],"limits":[…]}

Exit codes: 0 nobody gets past the gateway, 1 somebody does or it could not be found out, 2 the command was called wrongly.`;

/** `onrecord doctor`: which routes past the gateway stand open, and what closes them. */
export function registerDoctor(program: Command, io: CommandIo): void {
  program
    .command('doctor <connection>')
    .description('say who can reach the database past the gateway, and what closes it')
    .option('--config <file>', 'configuration file', './onrecord.yaml')
    .option('--json', 'print one JSON object')
    .addHelpText('after', help)
    .action((connection: string, options: Options) => doctor(connection, options, io));
}

async function doctor(name: string, options: Options, io: CommandIo): Promise<void> {
  const config = await loadConfig(resolve(io.cwd, options.config));
  const connection = config.connections.get(name);
  if (connection === undefined) throw unknownConnection(name, config);
  const facts = await askGateway<DoctorFacts>(config.data, { type: 'doctor', connection: name });
  if (facts === undefined) {
    throw new CommandError('no gateway runs on this configuration, and only a running one can ask the database', {
      hint: 'Start it with `onrecord gateway`.',
    });
  }
  const examined = examine(facts, { expected: connection.expected, at: Date.now() * 1000 });
  const notes = closingLines(examined).length === 0 ? [] : neighbourNotes(config, connection, facts);
  const examination = { ...examined, findings: [...examined.findings, ...notes] };
  const open = isOpen(examination);
  if (open) io.setExitCode(exitCodes.error);
  if (options.json) {
    const { findings, keep, limits } = examination;
    io.stdout.write(`${JSON.stringify({ connection: name, open, findings, keep, limits })}\n`);
    return;
  }
  const width = io.columns ?? 120;
  const lines = report(name, examination).flatMap((line) => foldLine(line, width, 4));
  const block = closing(examination, width);
  io.stdout.write(paintLines([...lines, ...block], wantsColor(io.env, io.isTerminal)));
}

function report(name: string, examination: Examination): readonly Line[] {
  const { findings, limits } = examination;
  const worst = findings.filter(({ severity }) => severity !== 'note');
  const verdict =
    worst.length > 0
      ? `${worst.length} open ${worst.length === 1 ? 'route' : 'routes'} past the gateway to "${name}"`
      : limits.length > 0
        ? `It could not be found out whether anybody gets past the gateway to "${name}"`
        : `Nobody gets past the gateway to "${name}"`;
  return [
    [span(verdict, 'heading')],
    ...limits.map((limit): Line => [span('  not looked at: ', 'warning'), ...recorded(limit)]),
    ...severities.flatMap((severity) => group(severity, findings)),
  ];
}

const styles: { readonly [Name in Severity]: Style } = {
  critical: 'bad',
  high: 'bad',
  medium: 'warning',
  low: 'accent',
  note: 'dim',
};

function group(severity: Severity, findings: readonly Finding[]): readonly Line[] {
  const of = findings.filter((finding) => finding.severity === severity);
  if (of.length === 0) return [];
  return [[], [span(severity, styles[severity])], ...of.flatMap(findingLines)];
}

function findingLines({ message, rule, sql }: Finding): readonly Line[] {
  const place = rule === undefined ? '' : `${rule.file ?? 'pg_hba.conf'}:${rule.line}`;
  return [
    [span('  '), ...recorded(message)],
    ...(rule === undefined ? [] : [[span('      '), ...recorded(`${place}: ${rule.text}`, 'dim')]]),
    ...sql.map((statement): Line => [span('      '), ...recorded(statement)]),
  ];
}

/** The lines themselves are never folded: they are to be copied. */
function closing(examination: Examination, width: number): readonly Line[] {
  const lines = closingLines(examination);
  if (lines.length === 0) return [];
  const secret = lines.some((line) => line.includes(hiddenSecret));
  const about: readonly Line[] = [
    [span('To close them, put these lines at the top of pg_hba.conf, in this order, and reload:', 'heading')],
    [span(lockedOut, 'warning')],
    ...(secret ? [[span(`Put the secret of the line below in place of ${hiddenSecret}.`, 'warning')]] : []),
  ];
  return [[], ...about.flatMap((line) => foldLine(line, width)), [], ...lines.map((line): Line => recorded(line))];
}

const lockedOut =
  'Nobody else gets in then: an administrator whom they do not name needs a line of their own above them. Keep a session of ' +
  'a superuser open until the gateway has logged in again.';

function unknownConnection(name: string, { connections, file }: Config): CommandError {
  const names = [...connections.keys()];
  return new CommandError(`there is no connection "${name}" in ${file}${didYouMean(name, names)}`, {
    hint: names.length === 0 ? 'Add one under `connections`.' : `There are: ${names.join(', ')}.`,
  });
}
