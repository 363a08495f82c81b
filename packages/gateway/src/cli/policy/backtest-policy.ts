import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Config } from '../../config/config.ts';
import { loadConfig } from '../../config/load-config.ts';
import type { StatementView } from '../../store/views.ts';
import { CommandError, type CommandIo, exitCodes } from '../command-io.ts';
import { paintLines, span } from '../present/line.ts';
import { formatCount } from '../present/quantity.ts';
import { renderStatementLine } from '../present/statement-line.ts';
import { openRecording, type Recording, type RecordingOptions } from '../recording/open-recording.ts';
import { Output } from '../recording/output.ts';
import { jsonLine } from '../recording/statement-json.ts';
import { chooseRange, chooseWhose, type RangeOptions, type WhoseOptions } from '../recording/statement-options.ts';
import { targetOf } from '../recording/target.ts';
import { loadTools } from './judge-text.ts';
import { RecordedJudge, type Said } from './recorded-judge.ts';
import { statementsProgress } from './statements-progress.ts';

export interface BacktestOptions extends RecordingOptions, RangeOptions, WhoseOptions {
  readonly config: string;
  readonly policy: string;
  readonly against: string;
  readonly json?: true;
}

/** A statement of which the new rules say something else. */
interface Difference {
  readonly view: StatementView;
  readonly before: Said;
  readonly after: Said;
}

interface Counts {
  statements: number;
  denied: number;
  approve: number;
  allowed: number;
}

/** `onrecord policy backtest`: which recorded statements other rules would decide differently. */
export async function backtestPolicy(options: BacktestOptions, io: CommandIo): Promise<void> {
  if (options.against !== 'recorded' && options.against !== 'current') {
    throw new CommandError('--against must be recorded or current', { exitCode: exitCodes.usage });
  }
  const current = await loadConfig(resolve(io.cwd, options.config));
  const next = await nextConfig(resolve(io.cwd, options.policy), current);
  const range = chooseRange(options, Date.now() * 1000);
  const recording = await openRecording(options, io);
  try {
    const whose = await chooseWhose(options, recording.store);
    await recording.viewed('policy backtest', targetOf(options));
    const { echo, ...between } = range;
    const judge = new RecordedJudge({ tools: await loadTools(), store: recording.store, gateway: current });
    const report = options.json ? jsonReport(io) : textReport(recording, io, echo);
    const counts: Counts = { statements: 0, denied: 0, approve: 0, allowed: 0 };
    const progress = statementsProgress(io);
    try {
      for await (const view of recording.store.statements({ ...whose, ...between })) {
        progress.report(counts.statements);
        const judged = await judge.judge(view, options.against === 'current' ? [next, current] : [next]);
        if (judged === undefined) continue;
        counts.statements += 1;
        const [after, before = recordedOf(view)] = judged;
        if (after === undefined || after.decision === before.decision) continue;
        counts[outcomes[after.decision]] += 1;
        progress.end();
        await report.difference({ view, before, after });
      }
    } finally {
      progress.end();
    }
    await report.end(counts, judge.problems);
  } finally {
    recording.close();
  }
}

const outcomes = { deny: 'denied', approve: 'approve', allow: 'allowed' } as const;

async function nextConfig(file: string, current: Config): Promise<Config> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new CommandError(`${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`);
  }
  const { parsePolicy } = await import('../../config/parse-policy.ts');
  return parsePolicy(text, file, current);
}

/** Limits are not replayed: what one of them refused counts as what the rules said of it. */
const limits: ReadonlySet<string> = new Set(['rate', 'rows', 'time']);

function recordedOf({ decision }: StatementView): Said {
  const matches = decision?.rules.filter(({ rule }) => !limits.has(rule)) ?? [];
  const then = (['deny', 'approve'] as const).find((worst) => matches.some((match) => match.then === worst));
  return { decision: then ?? 'allow', rules: matches.map(({ rule }) => rule) };
}

interface Report {
  difference(difference: Difference): Promise<void>;
  end(counts: Counts, problems: ReadonlyMap<string, string>): Promise<void>;
}

function textReport(recording: Recording, io: CommandIo, range: string): Report {
  const { look } = recording;
  const output = new Output(io.stdout);
  let previous: StatementView | undefined;
  return {
    difference: async ({ view, before, after }) => {
      if (previous === undefined) await output.write(`${range}\n\n`);
      await output.write(renderStatementLine(view, look, previous));
      previous = view;
      const styles = { allow: 'good', approve: 'warning', deny: 'bad' } as const;
      const line = [span(`    ${said(before)} → `, 'dim'), span(said(after), styles[after.decision])];
      await output.write(paintLines([line], look.color));
      // What comes takes a while: it is shown as it comes.
      await output.flush();
    },
    end: async (counts, problems) => {
      if (previous === undefined) await output.write(`${range}\n`);
      await output.write(`\n${summary(counts)}\n`);
      await output.flush();
      for (const [connection, problem] of problems) {
        io.stderr.write(`${connection}: without its catalog, by the texts alone: ${problem}\n`);
      }
    },
  };
}

function said({ decision, rules }: Said): string {
  const by = [...new Set(rules)].join(', ');
  return by === '' ? decision : `${decision} by ${by}`;
}

function summary({ statements, denied, approve, allowed }: Counts): string {
  const differences = denied + approve + allowed;
  const looked = formatCount(statements, 'statement');
  if (differences === 0) return `${looked}, none would be decided differently`;
  const parts = [
    ...(denied === 0 ? [] : [`${denied} denied`]),
    ...(approve === 0 ? [] : [`${approve} would wait for approval`]),
    ...(allowed === 0 ? [] : [`${allowed} allowed`]),
  ];
  return `${looked}, ${differences} would be decided differently: ${parts.join(', ')}`;
}

function jsonReport(io: CommandIo): Report {
  const output = new Output(io.stdout);
  return {
    difference: async ({ view, before, after }) => {
      const { index, at, identity, connection, session, n, sql } = view;
      const when = new Date(at / 1000).toISOString();
      await output.write(
        jsonLine({ type: 'difference', index, at: when, identity, connection, session, n, sql, before, after }),
      );
    },
    end: async (counts, problems) => {
      await output.write(jsonLine({ type: 'summary', ...counts, withoutCatalog: Object.fromEntries(problems) }));
      await output.flush();
    },
  };
}
