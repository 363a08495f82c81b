import { Refusal } from '../../errors.ts';
import { ExpectedReply } from '../expected-replies.ts';
import type { Judged } from '../guard.ts';
import { latin1 } from '../latin1.ts';
import type { OpenStatement } from '../open-statement.ts';
import { poisonQuery, trial } from '../poison.ts';
import { glance, glanced } from '../sql-glance.ts';
import { untilNul } from '../until-nul.ts';
import type { FromClient } from './from-client.ts';
import { refuse } from './refuse.ts';

/** A statement of a Query, by its bytes. */
interface Part {
  readonly start: number;
  readonly end: number;
}

/** What is known of a Query when its statements have been named. */
interface Split {
  /** Its statements could not be told apart, or are not to be: one entry stands for all of them. */
  readonly unsplit: boolean;
  readonly judged: readonly Judged[];
  /** Where the statements stand in the text, when there are several. */
  readonly parts: readonly Part[] | undefined;
}

/** Query: each statement of its text is one of the record, as far as they can be told apart. */
export function takeQuery(from: FromClient): void {
  if (from.refuses('ready')) return;
  const body = from.reader().rest();
  const sql = untilNul(body);
  const found = glance(sql);
  if (from.state.options.replication) {
    // One command answers with several results and tags, and what is no command is SQL, which may be several statements.
    return forwardQuery(from, [from.begin('replication', sql, found)], {
      unsplit: true,
      judged: none,
      parts: undefined,
    });
  }
  const isSeveral = (found & glanced.severalStatements) !== 0;
  const parts = isSeveral ? split(from, sql) : undefined;
  const unsplit = isSeveral && parts === undefined;
  const isWhole = body.length === sql.length + 1;
  if (parts === undefined || parts.length < 2) {
    const judged = isWhole ? judgeQuery(from, [sql]) : judgeMalformed(from);
    if (judged === 'wait') return;
    return forwardQuery(from, [from.begin('simple', sql, found)], { unsplit, judged, parts: undefined });
  }
  const texts = parts.map(({ start, end }) => sql.subarray(start, end));
  const judged = isWhole ? judgeQuery(from, texts) : judgeMalformed(from);
  if (judged === 'wait') return;
  const statements = texts.map((text, index) => {
    const statement = from.begin('simple', text, glance(text));
    statement.position = { index, count: parts.length };
    return statement;
  });
  forwardQuery(from, statements, { unsplit, judged, parts });
}

function split({ state }: FromClient, sql: Uint8Array): readonly Part[] | undefined {
  return state.options.sql.split(latin1(sql), state.settings);
}

/** What the guard says of the statements of a Query; none without one. `wait`: the message is taken up again later. */
function judgeQuery(from: FromClient, texts: readonly Uint8Array[]): readonly Judged[] | 'wait' {
  const { keeper } = from;
  if (keeper === undefined) return none;
  const statements = texts.map((text) => keeper.toJudge(text, 'simple'));
  return keeper.judge(statements, from.us) ?? from.awaitCatalog();
}

/** The server runs nothing of a Query whose text does not end where the message does; nor does it need to see it. */
function judgeMalformed({ keeper }: FromClient): readonly Judged[] {
  return keeper === undefined ? none : [malformed];
}

/** Forwards a Query, or what takes its place. */
function forwardQuery(from: FromClient, statements: readonly OpenStatement[], { unsplit, judged, parts }: Split): void {
  const { state, server } = from;
  for (const [index, statement] of statements.entries()) {
    statement.judged = judged[index];
    if (statement.effect?.type === 'prepare' && statement.sql !== undefined) {
      statement.text = from.gatekeeper?.text(statement.sql);
      statement.textConforms = state.settings.standardConformingStrings;
    }
  }
  const at = judged.findIndex(({ verdict }) => verdict.decision === 'deny');
  const denied = judged[at];
  const asks = denied === undefined && judged.some(({ verdict }) => verdict.decision === 'approve');
  // A trial has a Sync of its own: it must not end what the client has not ended, nor meet a COPY.
  const isAlone = !from.inGroup && state.expected.length === 0;
  const unread = isAlone && denied !== undefined && denied.analysis === undefined && denied !== malformed;
  from.inGroup = false;
  if (denied !== undefined) refuse(statements, denied);
  if (asks) server.withhold(statements);
  if (unread) {
    const sql = untilNul(from.reader().rest());
    server.insert(trial(sql, parts?.[at] ?? { start: 0, end: sql.length }));
  } else if (denied !== undefined) server.insert(poisonQuery);
  else server.forward();
  // A simple Query drops the unnamed statement (exec_simple_query).
  const named = state.prepared.put('', undefined, state.syncs);
  const reply = new ExpectedReply('query', { statements, unsplit, named, trial: unread ? 'parsing' : undefined });
  // The server is asked about that one only.
  if (unread) reply.next = at;
  server.expect(reply);
  if (asks) server.ask({ cutShort: false });
}

const none: readonly Judged[] = [];
const malformed: Judged = {
  analysis: undefined,
  verdict: { decision: 'deny', matches: [], error: new Refusal('08P01', 'invalid string in message') },
  settings: '',
};
