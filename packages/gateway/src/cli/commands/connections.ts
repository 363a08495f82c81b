import { resolve } from 'node:path';
import type { DatabaseLogin } from '@onrecord/connector';
import { didYouMean, formatAddress } from '@onrecord/connector/config';
import type { Command } from 'commander';
import type { Config, Connection } from '../../config/config.ts';
import { loadConfig } from '../../config/load-config.ts';
import { askGateway } from '../../control/ask-gateway.ts';
import type { ConnectionTest } from '../../net/test-connection.ts';
import { CommandError, type CommandIo, exitCodes } from '../command-io.ts';
import { wantsColor } from '../present/color.ts';
import { escapeForTerminal } from '../present/escape.ts';
import { type Line, paintLines, span } from '../present/line.ts';
import { tableLines } from '../present/table.ts';

interface Options {
  readonly config: string;
  readonly json?: true;
}

interface TestOptions extends Options {
  readonly identity?: string;
}

const listHelp = `
With --json: {"connection":…,"connector":…,"address":…,"database":…,"roles":[…],"watched":…,"identities":[…]}
What a connector knows alone (address, database, roles, whether it watches) is null here; \`test\` finds it out.`;

const testHelp = `
The running gateway opens a session of its own, which is on record like every other, and runs one statement in it.
Without NAME every connection is tried. With --identity, in the role that the connection has for that identity.
With --json: {"connection":…,"reachable":true,"address":…,"connector":…,"database":…,"role":…,"version":…,"readOnly":…,"loginMs":…,"statementMs":…}
or {"connection":…,"reachable":false,"sqlstate":…,"problem":…,"hint":…}

Exit codes: 0 all could be reached, 1 one could not, 2 the command was called wrongly.`;

/** `onrecord connections`: which databases there are, and whether they can be reached. */
export function registerConnections(program: Command, io: CommandIo): void {
  const connections = program
    .command('connections')
    .description('list the registered databases, find out whether they can be reached');
  const command = (usage: string): Command =>
    connections
      .command(usage)
      .option('--config <file>', 'configuration file', './onrecord.yaml')
      .option('--json', 'print JSON, an object a line');
  command('list')
    .description('show the connections of the configuration')
    .addHelpText('after', listHelp)
    .action((options: Options) => list(options, io));
  command('test [name]')
    .description('say whether a connection can be reached, as whom, how fast, or what is wrong')
    .option('--identity <name>', 'in the role that it has for this identity')
    .addHelpText('after', testHelp)
    .action((name: string | undefined, options: TestOptions) => test(name, options, io));
}

async function list({ config: file, json }: Options, io: CommandIo): Promise<void> {
  const config = await loadConfig(resolve(io.cwd, file));
  const rows = [...config.connections.values()].map((connection) => described(connection, config));
  if (json) {
    for (const row of rows) io.stdout.write(`${JSON.stringify(row)}\n`);
    return;
  }
  if (rows.length === 0) return void io.stderr.write('There are no connections yet.\n');
  const titles = ['connection', 'reached', 'as', 'watched', 'for'];
  const columns = titles.map((title) => ({
    title: [span(title)],
    align: 'left' as const,
    whole: title === 'connection',
  }));
  const cells = rows.map((row): readonly Line[] => [
    [span(row.connection, 'heading')],
    [span(row.connector === null ? `${row.address}, database ${row.database}` : `through ${row.connector}`)],
    [span(row.roles?.join(', ') ?? "the connector's choice")],
    [span(row.watched === null ? 'as the connector has it' : row.watched ? 'yes' : 'no')],
    [span(row.identities.join(', ') || 'nobody')],
  ]);
  io.stdout.write(paintLines(tableLines(columns, cells, io.columns ?? 160), wantsColor(io.env, io.isTerminal)));
}

interface Described {
  readonly connection: string;
  readonly connector: string | null;
  readonly address: string | null;
  readonly database: string | null;
  readonly roles: readonly string[] | null;
  readonly watched: boolean | null;
  readonly identities: readonly string[];
}

function described({ name, reach }: Connection, config: Config): Described {
  const may = [...config.identities.values()].filter(({ connections }) => connections.includes(name));
  const identities = may.map((identity) => identity.name);
  if (reach.type === 'connector') {
    const { connector } = reach;
    return { connection: name, connector, address: null, database: null, roles: null, watched: null, identities };
  }
  const { host, port, database, login, roles, watch } = reach.database;
  const logins: readonly DatabaseLogin[] = [...(login === undefined ? [] : [login]), ...roles];
  return {
    connection: name,
    connector: null,
    address: formatAddress({ host, port }),
    database,
    roles: [...new Set(logins.map(({ user }) => user))],
    watched: watch !== undefined,
    identities,
  };
}

async function test(name: string | undefined, options: TestOptions, io: CommandIo): Promise<void> {
  const { identity, json } = options;
  const config = await loadConfig(resolve(io.cwd, options.config));
  const names = [...config.connections.keys()];
  if (name !== undefined && !names.includes(name)) {
    throw new CommandError(`there is no connection "${name}" in ${config.file}${didYouMean(name, names)}`);
  }
  for (const connection of name === undefined ? names : [name]) {
    const request = { type: 'test connection', connection, ...(identity === undefined ? {} : { identity }) } as const;
    const result = await askGateway<ConnectionTest>(config.data, request);
    if (result === undefined) {
      throw new CommandError(`no gateway runs on ${config.data}, and only it may reach a database`, {
        hint: 'Start it with `onrecord gateway`.',
      });
    }
    if (!result.reachable) io.setExitCode(exitCodes.error);
    if (json) io.stdout.write(`${JSON.stringify({ connection, ...result })}\n`);
    else io.stdout.write(`${escapeForTerminal(told(connection, result), { multiline: true })}\n`);
  }
}

function told(connection: string, result: ConnectionTest): string {
  if (!result.reachable) {
    const hint = result.hint === undefined ? '' : `\n  ${result.hint}`;
    return `${connection}: not reachable (${result.sqlstate}): ${result.problem}${hint}`;
  }
  const { address, connector, database, role, version, readOnly, loginMs, statementMs } = result;
  const through = connector === undefined ? '' : ` through the connector ${connector}`;
  const standby = readOnly ? ', a standby that takes no writes' : '';
  return `${connection}: reachable at ${address}${through}, database ${database} as ${role}, Postgres ${version}${standby}; ready after ${milliseconds(loginMs)}, a statement takes ${milliseconds(statementMs)}`;
}

function milliseconds(ms: number): string {
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}
