import { resolve } from 'node:path';
import { didYouMean } from '@onrecord/connector/config';
import type { Config, SessionApproval } from '../../config/config.ts';
import { loadConfig } from '../../config/load-config.ts';
import { planCopyColumns } from '../../masking/plan-copy.ts';
import type { ResolvedMasks } from '../../masking/resolved-masks.ts';
import type { PolicySubject } from '../../policy/policy.ts';
import type { Verdict } from '../../policy/verdict.ts';
import type { Analysis } from '../../sql/analysis.ts';
import { CommandError, type CommandIo } from '../command-io.ts';
import { connectedCatalog } from './connected-catalog.ts';
import { renderExplanation } from './explanation.ts';
import {
  type AnalysedText,
  answersOf,
  type Circumstances,
  controlsFor,
  loadTools,
  type RuleAnswer,
  subjectOf,
  TextSession,
  verdictOn,
} from './judge-text.ts';

export interface ExplainOptions {
  readonly config: string;
  readonly identity: string;
  readonly connection: string;
  readonly database?: string;
  readonly parameter?: readonly string[];
  readonly at?: string;
  readonly json?: true;
}

/** What would become of one statement, and why. */
export interface Explanation extends AnalysedText {
  readonly verdict: Verdict;
  readonly rules: readonly RuleAnswer[];
  readonly masks: readonly ExplainedMask[];
}

/** What one column of the result shows. */
export interface ExplainedMask {
  readonly name: string;
  /** `public.customers.email (partial)`; undefined when it is shown as it is. */
  readonly mask: string | undefined;
  readonly detects: boolean;
}

/** `onrecord policy explain`: what would become of a statement, and why. */
export async function explainPolicy(sql: string, options: ExplainOptions, io: CommandIo): Promise<void> {
  const config = await loadConfig(resolve(io.cwd, options.config));
  const subject = chosenSubject(config, options);
  const { catalog, problem } = await connectedCatalog(config, options.connection, options.database);
  const controls = controlsFor(config, subject, catalog);
  const parameters = (options.parameter ?? []).map((value) => (value === 'NULL' ? null : value));
  const about: Circumstances = {
    parameters,
    protocol: parameters.length > 0 ? 'extended' : 'simple',
    inTransaction: false,
    us: timeOf(options.at),
  };
  const access = accessFor(config, subject);
  const session = new TextSession(await loadTools(), { catalog, role: subject.connection.role });
  const explanations = session.read(sql).map((text): Explanation => {
    const { analysis } = text;
    const known = 'why' in analysis ? undefined : analysis;
    return {
      ...text,
      verdict: verdictOn(text, controls, about),
      rules:
        known === undefined ? [] : answersOf(config.policy, subject, { ...about, ...text, analysis: known }, about.us),
      masks: known === undefined || controls.masks === undefined ? [] : masksOf(known, controls.masks),
    };
  });
  if (options.json) {
    for (const explanation of explanations)
      io.stdout.write(`${JSON.stringify(explanationJson(explanation, { problem, access }))}\n`);
    return;
  }
  if (problem !== undefined) {
    io.stderr.write(`without the catalog of the database, by the text alone: ${problem}\n`);
  }
  io.stdout.write(renderExplanation(explanations, { io, access }));
}

function chosenSubject(config: Config, { identity, connection, database }: ExplainOptions): PolicySubject {
  const who = config.identities.get(identity);
  const where = config.connections.get(connection);
  if (who === undefined) throw unknown('identity', identity, config.identities.keys());
  if (where === undefined) throw unknown('connection', connection, config.connections.keys());
  return subjectOf(who, where, database);
}

/** Whose approval a session needs before it opens; undefined when it needs none. */
function accessFor(config: Config, { identity, connection }: PolicySubject): SessionApproval | undefined {
  const access = config.connections.get(connection.name)?.access;
  const isFree =
    access?.except.identities.includes(identity.name) === true ||
    access?.except.groups.some((group) => identity.groups.includes(group)) === true;
  return isFree ? undefined : access;
}

function unknown(what: string, name: string, known: Iterable<string>): CommandError {
  const names = [...known];
  const hint = names.length === 0 ? undefined : `There are: ${names.join(', ')}`;
  return new CommandError(`there is no ${what} "${name}"${didYouMean(name, names)}`, { hint });
}

function timeOf(at: string | undefined): number {
  if (at === undefined) return Date.now() * 1000;
  const ms = Date.parse(at);
  if (Number.isNaN(ms))
    throw new CommandError(`--at "${at}" is not a time such as 2026-11-29T20:45:00Z`, { exitCode: 2 });
  return ms * 1000;
}

function masksOf(analysis: Analysis, masks: ResolvedMasks): readonly ExplainedMask[] {
  const { lineage } = analysis;
  if (lineage.outputs === 'unknown') return [{ name: 'every column', mask: 'unknown source', detects: false }];
  const plan = planCopyColumns(masks, { lineage, analysis, columns: lineage.outputs.length });
  return lineage.outputs.map(({ name }, index) => {
    const { mask, detects = false } = plan[index] ?? {};
    return { name, mask: mask === undefined ? undefined : `${mask.rule} (${mask.action})`, detects };
  });
}

function explanationJson(
  { sql, analysis, verdict, rules, masks }: Explanation,
  about: { readonly problem: string | undefined; readonly access: SessionApproval | undefined },
): object {
  const { problem, access } = about;
  return {
    type: 'explanation',
    sql,
    catalog: problem === undefined ? 'of the database' : problem,
    ...(access === undefined ? {} : { access: { group: access.group, count: access.count } }),
    ...('why' in analysis
      ? { unreadable: analysis.why }
      : { commands: analysis.commands, unresolved: analysis.unresolved }),
    decision: verdict.decision,
    matches: verdict.matches,
    ...(verdict.error === undefined
      ? {}
      : { error: { message: verdict.error.message, detail: verdict.error.detail, hint: verdict.error.hint } }),
    asks: verdict.asks,
    rules: rules.map(({ rule, canApply, answers }) => ({ rule: rule.name, then: rule.then, canApply, answers })),
    masks,
  };
}
