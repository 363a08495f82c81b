import { didYouMean } from '@onrecord/connector/config';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { searchExpression } from '../../store/search-words.ts';
import type { StatementFilter } from '../../store/statement-filter.ts';
import type { Store } from '../../store/store.ts';
import type { StatementView } from '../../store/views.ts';
import { CommandError, exitCodes } from '../command-io.ts';
import { escapeForTerminal } from '../present/escape.ts';
import { parseRange } from '../time/parse-range.ts';
import { findSession } from './find-session.ts';
import type { RecordingOptions } from './open-recording.ts';
import { withoutOwn } from './own.ts';

/** Options that say whose statements to look at. */
export interface WhoseOptions extends RecordingOptions {
  readonly identity?: string;
  readonly connection?: string;
}

/** Options that say of which time. */
export interface RangeOptions {
  readonly on?: string;
  readonly since?: string;
  readonly until?: string;
  readonly tz?: string;
}

/** Options that say which statements. */
export interface StatementOptions extends WhoseOptions, RangeOptions {
  readonly session?: string;
  readonly table?: string;
  readonly search?: string;
  readonly outcome?: StatementView['outcome'];
  readonly decision?: 'allow' | 'approve' | 'deny';
  readonly rule?: string;
  readonly masked?: true;
  readonly approval?: string;
  readonly all?: true;
}

const outcomes: readonly StatementView['outcome'][] = [
  'completed',
  'failed',
  'skipped',
  'cancelled',
  'refused',
  'suspended',
  'client gone',
  'unknown',
  'running',
];

export function addWhoseOptions(command: Command): Command {
  return command
    .option('--identity <name>', 'only of this identity')
    .option('--connection <name>', 'only on this connection');
}

export function addRangeOptions(command: Command): Command {
  return command
    .option('--on <period>', 'of a day, week or month: "last tuesday", yesterday, 2026-11-17')
    .option('--since <time>', 'from this time on: "2 hours ago", 09:30, 2026-11-17T09:30Z')
    .option('--until <time>', 'up to, not including, this time');
}

export function addStatementOptions(command: Command): Command {
  return command
    .option('--session <id>', 'only of this session; the beginning or end of its id will do, or latest')
    .option('--table <name>', 'only statements that name this table, as t or schema.t')
    .option('--search <words>', 'only statements with all of these words; "a phrase" and begin* work too')
    .addOption(new Option('--outcome <outcome>', 'only statements that ended so').choices(outcomes))
    .addOption(
      new Option('--decision <decision>', 'only statements of which the policy said so').choices([
        'allow',
        'approve',
        'deny',
      ]),
    )
    .option('--rule <name>', 'only statements that this rule of the policy matched')
    .option('--masked', 'only statements of whose answer something was hidden')
    .option('--approval <id>', 'only statements that this approval was asked or used for')
    .option('--all', 'also each Parse and Bind that was not executed at once, and what the gateway itself asks');
}

export interface ChosenRange {
  readonly fromUs?: number;
  readonly untilUs?: number;
  /** How it was understood. */
  readonly echo: string;
}

export function chooseRange(options: RangeOptions, nowUs: number): ChosenRange {
  const { fromUs, untilUs, echo } = parseRange({
    on: options.on,
    since: options.since,
    until: options.until,
    tz: options.tz,
    now: new Date(nowUs / 1000),
  });
  return { ...(fromUs === undefined ? {} : { fromUs }), ...(untilUs === undefined ? {} : { untilUs }), echo };
}

/** Checks that there is such an identity and connection, so that a slip of the pen is not read as "did nothing". */
export async function chooseWhose(
  options: Pick<WhoseOptions, 'identity' | 'connection'>,
  store: Store,
): Promise<Pick<StatementFilter, 'identity' | 'connection'>> {
  const { identity, connection } = options;
  if (identity !== undefined) await assertKnown(store, 'identities', identity);
  if (connection !== undefined) await assertKnown(store, 'connections', connection);
  return { ...(identity === undefined ? {} : { identity }), ...(connection === undefined ? {} : { connection }) };
}

export async function chooseStatements(
  options: StatementOptions,
  store: Store,
  range: ChosenRange,
): Promise<StatementFilter> {
  const { table, search, outcome, all, decision, rule, masked, approval } = options;
  if (search !== undefined && searchExpression(search) === undefined) {
    throw new CommandError(`--search "${plain(search)}": there is no word in it`, { exitCode: exitCodes.usage });
  }
  if (rule !== undefined) await assertKnown(store, 'rules', rule);
  return {
    ...(await chooseWhose(options, store)),
    ...withoutOwn(options),
    ...(options.session === undefined ? {} : { session: await findSession(store, options.session) }),
    ...(range.fromUs === undefined ? {} : { fromUs: range.fromUs }),
    ...(range.untilUs === undefined ? {} : { untilUs: range.untilUs }),
    ...(table === undefined ? {} : { table }),
    ...(search === undefined ? {} : { search }),
    ...(outcome === undefined ? {} : { outcome }),
    ...(decision === undefined ? {} : { decision }),
    ...(rule === undefined ? {} : { rule }),
    ...(masked === undefined ? {} : { masked }),
    ...(approval === undefined ? {} : { approval }),
    ...(all === undefined ? {} : { all }),
  };
}

async function assertKnown(store: Store, of: 'identities' | 'connections' | 'rules', name: string): Promise<void> {
  const names = await store.names(of);
  if (names.includes(name)) return;
  const one = { identities: 'identity', connections: 'connection', rules: 'rule' }[of];
  const hint =
    names.length === 0
      ? 'Nothing is on the record yet.'
      : `On the record are: ${names.slice(0, 10).map(plain).join(', ')}${names.length > 10 ? ', …' : ''}`;
  throw new CommandError(`there is no ${one} "${plain(name)}" on the record${didYouMean(name, names.map(plain))}`, {
    hint,
  });
}

function plain(text: string): string {
  return escapeForTerminal(text, { multiline: false });
}

/** For options that take a count. */
export function positive(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError('must be a whole number from 1.');
  return Number(text);
}
