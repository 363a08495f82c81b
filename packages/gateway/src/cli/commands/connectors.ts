import { resolve } from 'node:path';
import { didYouMean, formatAddress, parseDurationMs } from '@onrecord/connector/config';
import type { Command } from 'commander';
import type { Config } from '../../config/config.ts';
import { loadConfig } from '../../config/load-config.ts';
import { loadAuthority } from '../../connectors/authority.ts';
import type { LiveLink } from '../../connectors/connector-gate.ts';
import { Enrollments, usualLifetimeMs } from '../../connectors/enrollments.ts';
import { askGateway } from '../../control/ask-gateway.ts';
import { State } from '../../store/state.ts';
import { CommandError, type CommandIo, exitCodes } from '../command-io.ts';
import { operator } from '../operator.ts';
import { type Style, wantsColor } from '../present/color.ts';
import { type Line, paintLines, recorded, span } from '../present/line.ts';
import { tableLines } from '../present/table.ts';
import { type ConnectorState, type DescribedConnector, describeConnector, isoTime } from './describe-connector.ts';

interface Options {
  readonly config: string;
  readonly json?: true;
}

/** Whoever finds a token that was forgotten can pose as a connector. */
const maximumLifetimeMs = 7 * 86_400_000;

const enrollHelp = `
NAME is the connector's name in the configuration: \`connections.….connector\`.
The token lets one connector in, once; it is printed once and kept nowhere. It names this gateway's authority as well, so that the
connector knows whom it talks to before it says anything. Standard output gets the token and nothing else.
With --json it gets one object: {"enrollment":…,"connector":…,"token":…,"expiresAt":…}
Several processes can serve as one connector: each is enrolled with a token of its own.
A scanner for leaked secrets finds tokens by onrc_[0-9a-hjkmnp-tv-z]{10}_[0-9a-hjkmnp-tv-z]{32}_[0-9a-hjkmnp-tv-z]{59}`;

const listHelp = `
With --json: {"connector":…,"state":"never enrolled|waiting|enrolled|connected|expired|revoked","connections":[…],
"enrollmentUntil":…,"certificateUntil":…,"revokedAt":…,"links":[{"host":…,"client":…,"since":…,"version":…,"instance":…,
"connections":[…],"sessions":…,"spares":…}]}; links is null when no gateway runs.`;

const revokeHelp = `
Ends every certificate of the connector, and its tokens that were not used yet. When this returns, nothing that it has lets it in any
more; a running gateway ends its links, and the sessions that go through them, within a second. It can be enrolled again.`;

/** `onrecord connectors`: who may connect as a connector, and who is connected. */
export function registerConnectors(program: Command, io: CommandIo): void {
  const connectors = program
    .command('connectors')
    .description('enrol, list and revoke the connectors that dial in from next to a database');
  const command = (usage: string): Command =>
    connectors
      .command(usage)
      .option('--config <file>', 'configuration file', './onrecord.yaml')
      .option('--json', 'print JSON, an object a line');
  command('enroll <name>')
    .description('make a token that lets a connector in once')
    .option('--expires <duration>', 'how long it can be used (default: 15m, at most 7d)')
    .addHelpText('after', enrollHelp)
    .action((name: string, options: Options & { readonly expires?: string }) => enroll(name, options, io));
  command('list')
    .description('show the connectors, and which of them are connected')
    .addHelpText('after', listHelp)
    .action((options: Options) => list(options, io));
  command('revoke <name>')
    .description('end all certificates of a connector')
    .addHelpText('after', revokeHelp)
    .action((name: string, options: Options) => revoke(name, options, io));
}

async function enroll(
  name: string,
  { config: file, expires, json }: Options & { readonly expires?: string },
  io: CommandIo,
): Promise<void> {
  const lifetimeMs = expires === undefined ? usualLifetimeMs : parseDurationMs(expires);
  if (lifetimeMs === undefined || lifetimeMs === 0 || lifetimeMs > maximumLifetimeMs) {
    throw new CommandError('--expires takes a duration such as 15m, 1h or 2d, up to 7d', { exitCode: exitCodes.usage });
  }
  const config = await loadConfig(resolve(io.cwd, file));
  const names = connectorNames(config);
  if (!names.has(name)) throw unknownConnector(name, [...names], config);
  const { pin } = await loadAuthority(config.data);
  const created = withEnrollments(config, (enrollments) =>
    enrollments.create(name, operator(), { authority: pin, nowUs: nowUs(), lifetimeMs }),
  );
  const expiresAt = isoTime(created.expiresAt);
  if (json) {
    const { id: enrollment, text: token } = created;
    io.stdout.write(`${JSON.stringify({ enrollment, connector: name, token, expiresAt })}\n`);
    return;
  }
  io.stdout.write(`${created.text}\n`);
  io.stderr.write(
    `This is shown once and kept nowhere. It lets one connector in as "${name}", once, until ${expiresAt}.\n`,
  );
  // What is not a terminal may be kept; the token must not be kept with it.
  if (io.isTerminal) io.stderr.write(`${startHint(config, created.text)}\n`);
}

async function list({ config: file, json }: Options, io: CommandIo): Promise<void> {
  const config = await loadConfig(resolve(io.cwd, file));
  const views = new Map(
    withEnrollments(config, (enrollments) => enrollments.list(nowUs())).map((view) => [view.connector, view]),
  );
  const links = await askGateway<readonly LiveLink[]>(config.data, { type: 'connectors' });
  const names = new Set([...connectorNames(config), ...views.keys(), ...(links ?? []).map((link) => link.connector)]);
  const described = [...names]
    .sort()
    .map((name) => describeConnector(name, { config, view: views.get(name), links, nowUs: nowUs() }));
  if (json) {
    for (const connector of described) io.stdout.write(`${JSON.stringify(connector)}\n`);
    return;
  }
  if (links === undefined) io.stderr.write(`No gateway runs on ${config.data}: nobody knows who is connected.\n`);
  if (described.length === 0) return void io.stderr.write('No connection has a connector yet.\n');
  const titles = ['connector', 'state', 'from', 'certificate until', 'sessions', 'connections'];
  const columns = titles.map((title) => ({
    title: [span(title)],
    align: title === 'sessions' ? ('right' as const) : ('left' as const),
    whole: title === 'connector',
  }));
  const lines = tableLines(columns, described.flatMap(rows), io.columns ?? 160);
  io.stdout.write(paintLines(lines, wantsColor(io.env, io.isTerminal)));
}

async function revoke(name: string, { config: file, json }: Options, io: CommandIo): Promise<void> {
  const config = await loadConfig(resolve(io.cwd, file));
  const known = new Set(connectorNames(config));
  const revoked = withEnrollments(config, (enrollments) => {
    const changed = enrollments.revoke(name, operator(), nowUs());
    for (const { connector } of enrollments.list(nowUs())) known.add(connector);
    return changed;
  });
  if (!known.has(name)) throw unknownConnector(name, [...known], config);
  if (json) io.stdout.write(`${JSON.stringify({ connector: name, revoked })}\n`);
  else if (revoked) io.stdout.write(`Connector ${name} is revoked.\n`);
  else io.stdout.write(`Connector ${name} has nothing that could be revoked.\n`);
}

const styles: { readonly [State in ConnectorState]: Style } = {
  connected: 'good',
  enrolled: 'warning',
  waiting: 'warning',
  'never enrolled': 'dim',
  expired: 'bad',
  revoked: 'dim',
};

/** A row for each process that is connected, or one for a connector that is not. */
function rows({
  connector,
  state,
  connections,
  certificateUntil,
  enrollmentUntil,
  links,
}: DescribedConnector): readonly Line[][] {
  const certificate = recorded(certificateUntil ?? '');
  if (links === null || links.length === 0) {
    const until = state === 'waiting' ? ` (token until ${enrollmentUntil})` : '';
    const configured = recorded(connections.join(', ') || 'none');
    return [
      [recorded(connector, 'heading'), [span(`${state}${until}`, styles[state])], [], certificate, [], configured],
    ];
  }
  return links.map((link) => [
    recorded(connector, 'heading'),
    [span(`connected since ${link.since}`, styles.connected)],
    recorded(`${link.host} (${link.client})`),
    certificate,
    [span(String(link.sessions))],
    recorded(link.connections.join(', ') || 'none'),
  ]);
}

/** The names that connections give to connectors. */
function connectorNames({ connections }: Config): ReadonlySet<string> {
  return new Set(
    [...connections.values()].flatMap(({ reach }) => (reach.type === 'connector' ? [reach.connector] : [])),
  );
}

function unknownConnector(name: string, names: readonly string[], { file }: Config): CommandError {
  return new CommandError(`there is no connector "${name}" in ${file}${didYouMean(name, names)}`, {
    hint:
      names.length === 0
        ? 'Name one in a connection: `connections: { billing: { connector: NAME } }`.'
        : `There are: ${names.join(', ')}.`,
  });
}

function withEnrollments<Result>({ data }: Config, work: (enrollments: Enrollments) => Result): Result {
  let state: State;
  try {
    state = new State(data);
  } catch (error) {
    throw new CommandError(`the state in ${data} cannot be opened: ${(error as Error).message}`);
  }
  try {
    return work(new Enrollments(state));
  } finally {
    state.close();
  }
}

function startHint({ listen }: Config, token: string): string {
  const { host, port } = listen.connectors ?? { host: '0.0.0.0', port: 0 };
  const everywhere = host === '0.0.0.0' || host === '::';
  const address = formatAddress({ host: everywhere ? 'GATEWAY' : host, port });
  return `Start the connector with: onrecord-connector --gateway ${port === 0 ? address.replace(/0$/, 'PORT') : address} --enroll ${token}`;
}

function nowUs(): number {
  return Date.now() * 1000;
}
