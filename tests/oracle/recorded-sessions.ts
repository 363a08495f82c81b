import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Entry, Outcome, SessionClosed, SessionOpened, Statement } from '@onrecord/record';
import { Reader } from '@onrecord/wire';
import { gatewayIdentity } from '../../packages/gateway/src/identity/gateway-identity.ts';
import { JournalReader } from '../../packages/gateway/src/journal/reader.ts';

/** One statement of the record with how it ended. */
export interface RecordedStatement {
  readonly body: Statement;
  /** Its own text, or that of the statement that carries it. */
  readonly text: string;
  /** The statement that carries the text. */
  readonly carrier: Statement;
  /** The last one, which says how it ended; undefined when none is owed or none is there. */
  readonly outcome: Outcome | undefined;
  /** SQLSTATE, when it ended with an error. */
  readonly sqlstate: string | undefined;
}

export interface RecordedSession {
  readonly id: string;
  /** It is the gateway's own. */
  readonly isOwn: boolean;
  readonly opened: SessionOpened;
  readonly closed: SessionClosed | undefined;
  /** Statements, and errors of the server that belong to none, in the order in which they were recorded. */
  readonly events: readonly (RecordedStatement | { readonly sqlstate: string })[];
  /** What is wrong with its entries by themselves. */
  readonly damage: string | undefined;
  /** Command tags in the order in which they were recorded. */
  readonly tags: readonly string[];
}

/** Reads a journal from its first entry to its last, checks that both chains of every entry are whole, and sorts it. */
export function readSessions(dataDirectory: string): readonly RecordedSession[] {
  const reader = new JournalReader(join(dataDirectory, 'journal'));
  const bySession = new Map<string, Entry[]>();
  const byIdentity = new Map<string, Entry[]>();
  let next = 0;
  for (const { entry } of reader.entries(0)) {
    assert.equal(entry.index, next, 'an entry is missing from the journal');
    next += 1;
    append(bySession, entry.session, entry);
    append(byIdentity, entry.identity, entry);
  }
  reader.close();
  for (const entries of bySession.values()) assertChain(entries, 'sessionSeq', 'previousInSession');
  for (const entries of byIdentity.values()) assertChain(entries, 'identitySeq', 'previousOfIdentity');
  bySession.delete('');
  return [...bySession.entries()].map(([id, entries]) => session(id, entries));
}

/**
 * Sessions by the backend that served them. The gateway asks a session with a guard how it begins, in a session of its own
 * on the same backend: what ran in both is told together.
 */
export function sessionsByBackend(sessions: readonly RecordedSession[]): ReadonlyMap<number, RecordedSession> {
  const begun = new Map(sessions.filter(asksHowItBegins).map((session) => [session.opened.backendPid, session.events]));
  const byPid = new Map<number, RecordedSession>();
  for (const session of sessions.filter((each) => !asksHowItBegins(each))) {
    const { backendPid } = session.opened;
    assert.ok(!byPid.has(backendPid), 'two sessions with the same backend; the server reused a process id');
    byPid.set(backendPid, { ...session, events: [...(begun.get(backendPid) ?? []), ...session.events] });
  }
  return byPid;
}

/** True for the gateway's own session on the backend of one with a guard. */
function asksHowItBegins({ events, isOwn }: RecordedSession): boolean {
  const [only] = events;
  return isOwn && events.length === 1 && only !== undefined && 'text' in only && only.text.endsWith(beginning);
}

const beginning = '/* onrecord: how the session begins */';

function assertChain(
  entries: readonly Entry[],
  sequence: 'sessionSeq' | 'identitySeq',
  previous: 'previousInSession' | 'previousOfIdentity',
): void {
  let hash: Uint8Array = new Uint8Array(32);
  for (const [at, entry] of entries.entries()) {
    assert.equal(entry[sequence], at, `${sequence} of entry ${entry.index}`);
    assert.deepEqual(Buffer.from(entry[previous]), Buffer.from(hash), `${previous} of entry ${entry.index}`);
    hash = entry.hash;
  }
}

function session(id: string, entries: readonly Entry[]): RecordedSession {
  const bodies = entries.map((entry) => entry.body);
  const opened = bodies[0];
  assert.equal(opened?.type, 'session_opened', `the first entry of session ${id}`);
  const statements = new Map<number, Statement>();
  const outcomes = new Map<number, Outcome>();
  const tags: string[] = [];
  let closed: SessionClosed | undefined;
  let damage: string | undefined;
  for (const body of bodies) {
    if (body.type === 'statement') statements.set(body.n, body);
    if (body.type === 'session_closed') closed = body;
    if (body.type !== 'outcome') continue;
    if (!statements.has(body.of)) damage ??= `an outcome of statement ${body.of}, which is not there`;
    const earlier = outcomes.get(body.of);
    if (earlier !== undefined && earlier.more === undefined) damage ??= `statement ${body.of} ended twice`;
    outcomes.set(body.of, body);
    if (body.tag !== undefined) tags.push(body.tag);
  }
  const events: (RecordedStatement | { readonly sqlstate: string })[] = [];
  for (const body of bodies) {
    if (body.type === 'statement') events.push(statement(body, statements, outcomes));
    else if (body.type === 'server_message' && body.message === 'error')
      events.push({ sqlstate: sqlstateOf(body.body) });
  }
  const isOwn = entries[0]?.identity === gatewayIdentity;
  return { id, isOwn, opened, closed, events, damage, tags };
}

function statement(
  body: Statement,
  statements: ReadonlyMap<number, Statement>,
  outcomes: ReadonlyMap<number, Outcome>,
): RecordedStatement {
  const outcome = outcomes.get(body.n);
  const sqlstate = outcome?.error === undefined ? undefined : sqlstateOf(outcome.error);
  const carrier = carrierOf(body, statements);
  return { body, text: Buffer.from(carrier.sql ?? []).toString(), carrier, outcome, sqlstate };
}

function carrierOf(body: Statement, statements: ReadonlyMap<number, Statement>): Statement {
  if (body.sql !== undefined) return body;
  const elsewhere = statements.get(body.sqlOf ?? body.portalOf ?? 0);
  return elsewhere === undefined ? body : carrierOf(elsewhere, statements);
}

/** Of an ErrorResponse's body. */
function sqlstateOf(body: Uint8Array): string {
  const reader = new Reader(body);
  for (let field = reader.uint8(); field !== 0; field = reader.uint8()) {
    const value = reader.cstring();
    if (field === 0x43) return value;
  }
  throw new Error('an ErrorResponse without a SQLSTATE');
}

function append(map: Map<string, Entry[]>, key: string, entry: Entry): void {
  const entries = map.get(key);
  if (entries === undefined) map.set(key, [entry]);
  else entries.push(entry);
}
