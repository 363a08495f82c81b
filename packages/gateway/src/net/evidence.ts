import type { ApprovalEvidence } from '@onrecord/record';
import { cut } from '../approvals/approval.ts';
import type { Question } from '../approvals/question.ts';
import { type CatalogSession, prepareCatalogSession } from './catalog/read-catalog.ts';
import { estimatedRows } from './estimated-rows.ts';
import { locksOf } from './locks-of.ts';
import { type OwnSession, type OwnSessionOptions, withOwnSession } from './own-session.ts';
import { QueryFailed } from './recorded-query.ts';
import type { UpstreamTarget } from './upstream.ts';

/** What the gateway found out for the approvers. */
export type Evidence = Omit<ApprovalEvidence, 'type' | 'approval' | 'of'>;

/** What a statement means in the session that asks; undefined where it is not known. */
export interface AskingSession {
  /** Value of `search_path`. */
  readonly searchPath: string | undefined;
  readonly role: string | undefined;
  /** Functions of somebody's that the statements may call: planning can run them, so then nothing is planned. */
  readonly calls: readonly string[];
}

export interface EvidenceOptions extends OwnSessionOptions {
  /** The asking session's own: its role is used. */
  readonly target: UpstreamTarget;
  readonly session: AskingSession;
  readonly signal: AbortSignal;
}

/** For everything together, and for planning one statement. */
const limitMs = 15_000;
const planMs = 3_000;
const lockMs = 500;
/** A text that is longer may have been cut for showing it. */
const maxCharacters = 9_999;
const maxExplainCharacters = 50_000;

/**
 * Looks for what approvers want to know about statements that wait: EXPLAIN, never ANALYZE, in a read-only transaction of
 * a session of the gateway's own in the role of the one that asks; how many rows would change, as the planner estimates;
 * and the locks that the asking session holds. What its transaction has not committed is not seen. Never rejects:
 * `problem` says what could not be found out and why.
 */
export async function gatherEvidence(
  question: Pick<Question, 'sql' | 'parameters' | 'backendPid'>,
  { target, session, signal, ...options }: EvidenceOptions,
): Promise<Evidence> {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(limitMs)]);
  const rows = { max: 0, bytes: 0 };
  try {
    return await withOwnSession(target, { ...options, signal: limited, rows }, async (own) => {
      const prepared = await prepareCatalogSession(own);
      const locks = await locksOf(prepared, question.backendPid);
      return { ...(await explainAll(question, session, { own, prepared })), locks };
    });
  } catch (error) {
    return { problem: `nothing could be found out: ${(error as Error).message}` };
  }
}

async function explainAll(
  { sql, parameters }: Pick<Question, 'sql' | 'parameters'>,
  session: AskingSession,
  sessions: { readonly own: OwnSession; readonly prepared: CatalogSession },
): Promise<Evidence> {
  const problem = whyNotExplained({ sql, parameters }, session);
  if (problem !== undefined) return { problem };
  const explained: Explained[] = [];
  for (const text of sql) {
    const one = await explain(text, { parameters, session, ...sessions });
    if (typeof one === 'string') return { problem: one };
    explained.push(one);
  }
  const plans = explained.map(({ lines }) => lines.join('\n')).join('\n\n');
  const counts = explained.flatMap(({ rows }) => rows ?? []);
  return {
    explain: cut(plans, maxExplainCharacters),
    ...(counts.length === 0 ? {} : { rows: counts.reduce((sum, rows) => sum + rows, 0), rowsAreEstimated: true }),
  };
}

function whyNotExplained(
  { sql, parameters }: Pick<Question, 'sql' | 'parameters'>,
  { searchPath, role, calls }: AskingSession,
): string | undefined {
  if (calls.length > 0) return `not explained: planning could run ${calls.join(', ')}`;
  if (searchPath === undefined) return 'not explained: the search_path of the session is not known';
  if (role === undefined) return 'not explained: the role of the session is not known';
  if (sql.length > 1 && parameters.length > 0) return 'not explained: several statements with parameters';
  if (parameters.includes('(binary)')) return 'not explained: a parameter is in a binary form';
  if (sql.some((text) => text.length > maxCharacters || text.includes('\0')))
    return 'not explained: its text is too long';
  return undefined;
}

interface Explained {
  readonly lines: readonly string[];
  readonly rows: number | undefined;
}

/**
 * Explains one statement; a sentence when it cannot be. The text goes by Parse, which takes one command and no more, and
 * stands behind options that are complete: it cannot add ANALYZE to them.
 */
async function explain(
  sql: string,
  about: {
    readonly parameters: readonly (string | null)[];
    readonly session: AskingSession;
    readonly own: OwnSession;
    readonly prepared: CatalogSession;
  },
): Promise<Explained | string> {
  const { parameters, session, own } = about;
  try {
    await own.query('BEGIN READ ONLY');
    await own.query(localSettings, [String(planMs), String(lockMs), session.role ?? '', session.searchPath ?? '']);
    const lines = await own.query(`EXPLAIN (ANALYZE false) ${sql}`, parameters);
    const plan = await own.query(`EXPLAIN (ANALYZE false, FORMAT JSON) ${sql}`, parameters);
    return { lines: lines.map(([line]) => line ?? ''), rows: estimatedRows(plan[0]?.[0] ?? '[]') };
  } catch (error) {
    if (error instanceof QueryFailed) return `Postgres did not explain it (${error.sqlstate})`;
    throw error;
  } finally {
    await own.query('ROLLBACK').catch(() => {});
  }
}

/** The search_path last: until it is set, nothing of somebody's can be meant. */
const localSettings = `SELECT pg_catalog.set_config('statement_timeout', $1, true),
  pg_catalog.set_config('lock_timeout', $2, true), pg_catalog.set_config('role', $3, true),
  pg_catalog.set_config('search_path', $4, true)`;
