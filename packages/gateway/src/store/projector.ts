import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type {
  Entry,
  Outcome,
  ServerMessage,
  SessionClosed,
  SessionOpened,
  Statement,
  TypesLearned,
} from '@onrecord/record';
import type { Place, Placed } from '../journal/reader.ts';
import type { TablesOf } from '../sql/tables.ts';
import { BlindRows } from './blind-rows.ts';
import { completed, type EventType, eventCode, failed, kindCode, outcomeCode, pending, role } from './codes.ts';
import { type ApprovalStep, ControlRows } from './control-rows.ts';
import { Names } from './names.ts';
import { parameterStatusOf } from './parameter-status.ts';
import { entriesPerMark } from './schema.ts';
import { type ProjectedSession, SessionRows } from './session-rows.ts';
import { type StatementRow, StatementRows } from './statement-rows.ts';
import { textDecoder } from './text-decoder.ts';
import { Texts } from './texts.ts';

/**
 * Turns entries into rows of the index. Reads the journal's entries in order and nothing else: no clock, no file.
 * `apply` is called inside a transaction, `flush` before it commits. After a rollback, or when somebody else has moved
 * the cursor, a Projector must be thrown away, since it remembers rows.
 */
export class Projector {
  readonly #identities: Names;
  readonly #connections: Names;
  readonly #sessions: SessionRows;
  readonly #statements: StatementRows;
  readonly #texts: Texts;
  readonly #blind: BlindRows;
  readonly #controls: ControlRows;
  readonly #insertPiece: StatementSync;
  readonly #insertEvent: StatementSync;
  readonly #insertEncoding: StatementSync;
  readonly #insertTypes: StatementSync;
  readonly #upsertMark: StatementSync;
  readonly #upsertCursor: StatementSync;
  #mark = -1;
  #markMin = 0;
  #markMax = 0;
  #last: Placed | undefined;

  constructor(database: DatabaseSync, tablesOf: TablesOf) {
    this.#identities = new Names(database, 'identities');
    this.#connections = new Names(database, 'connections');
    this.#sessions = new SessionRows(database);
    this.#statements = new StatementRows(database);
    this.#texts = new Texts(database, tablesOf);
    this.#blind = new BlindRows(database, this.#connections);
    this.#controls = new ControlRows(database);
    this.#insertPiece = database.prepare('INSERT INTO pieces VALUES (?, ?, ?, ?, ?, ?)');
    this.#insertEvent = database.prepare('INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)');
    this.#insertEncoding = database.prepare('INSERT INTO session_encodings VALUES (?, ?, ?)');
    this.#insertTypes = database.prepare('INSERT INTO types_learned VALUES (?, ?, ?, ?, ?)');
    this.#upsertMark = database.prepare(
      `INSERT INTO time_marks VALUES (?, ?, ?) ON CONFLICT (mark)
       DO UPDATE SET min_at = min(min_at, excluded.min_at), max_at = max(max_at, excluded.max_at)`,
    );
    this.#upsertCursor = database.prepare(
      `INSERT INTO cursor VALUES (1, ?, ?, ?, ?, ?) ON CONFLICT (one) DO UPDATE SET
       next = excluded.next, segment = excluded.segment, offset = excluded.offset, hash = excluded.hash, at = excluded.at`,
    );
  }

  apply(placed: Placed): void {
    const { entry, place } = placed;
    this.#markTime(entry);
    this.#last = placed;
    const body = entry.body;
    switch (body.type) {
      case 'heads':
        return;
      case 'statement':
        return this.#statement(entry, body, place);
      case 'statement_part':
        return this.#piece(entry, place, body.n, role.part);
      case 'rows':
        return this.#piece(entry, place, body.of, role.rows);
      case 'copy_in':
        return this.#piece(entry, place, body.of, role.copyIn);
      case 'copy_in_ended':
        return this.#piece(entry, place, body.of, role.copyInEnded);
      case 'decision':
        this.#piece(entry, place, body.of, role.decision);
        return this.#controls.decided(body, this.#statementEntry(entry, body.of));
      case 'masked':
        this.#piece(entry, place, body.of, role.masked);
        return this.#controls.masked(this.#statementEntry(entry, body.of));
      case 'outcome':
        return this.#outcome(entry, body, place);
      default:
        this.#event(entry, body.type, place);
    }
    switch (body.type) {
      case 'session_opened':
        return this.#opened(entry, body, place);
      case 'session_closed':
        return this.#closed(entry, body, place);
      case 'cancel_requested':
        if (body.of !== undefined) this.#piece(entry, place, body.of, role.cancel);
        return;
      case 'approval_requested':
      case 'approval_evidence':
      case 'approval_voted':
      case 'approval_ended':
      case 'approval_used':
        return this.#approval(entry, body, place);
      case 'server_message':
        return this.#message(entry, body);
      case 'types_learned':
        return this.#typesLearned(entry, body, place);
      case 'watch_started':
      case 'gap':
        // A connection on which nothing was seen can be asked for all the same.
        if (body.connection !== undefined) this.#connections.id(body.connection);
        return;
      case 'blind_session':
        return this.#blind.seen(entry, body);
      case 'blind_session_ended':
        return this.#blind.ended(body);
      case 'blind_sessions_unseen':
        return this.#blind.unseen(entry, body);
      default:
    }
  }

  #approval(entry: Entry, body: ApprovalStep, place: Place): void {
    // What is settled outside of the session that asked, when that has ended, stands in none.
    const of = entry.session === '' ? undefined : body.of;
    if (of !== undefined) this.#piece(entry, place, of, role.approval);
    this.#controls.approval(entry, body, { place, statement: this.#statementEntry(entry, of) });
  }

  /** Writes what `apply` has kept back, and the cursor. */
  flush(): void {
    const last = this.#last;
    if (last === undefined) return;
    this.#statements.flush();
    this.#sessions.flush();
    this.#writeMark();
    const { entry, place } = last;
    this.#upsertCursor.run(entry.index + 1, place.segment, place.offset, entry.hash, entry.at);
  }

  #opened(entry: Entry, body: SessionOpened, place: Place): void {
    const session = this.#session(entry);
    session.connection = this.#connections.id(body.connection);
    session.openedAt = entry.at;
    session.openedSegment = place.segment;
    session.openedOffset = place.offset;
    const encoding = body.parameters['client_encoding'];
    if (encoding !== undefined) this.#setEncoding(session, entry, encoding);
  }

  #closed(entry: Entry, _body: SessionClosed, place: Place): void {
    const session = this.#session(entry);
    session.closedAt = entry.at;
    session.closedSegment = place.segment;
    session.closedOffset = place.offset;
  }

  #message(entry: Entry, body: ServerMessage): void {
    if (body.message !== 'parameter_status' || entry.session === '') return;
    const status = parameterStatusOf(body.body);
    if (status?.name === 'client_encoding') this.#setEncoding(this.#session(entry), entry, status.value);
  }

  #setEncoding(session: ProjectedSession, entry: Entry, encoding: string): void {
    if (session.encoding === encoding) return;
    session.encoding = encoding;
    this.#insertEncoding.run(session.id, entry.index, encoding);
  }

  #typesLearned(entry: Entry, body: TypesLearned, place: Place): void {
    this.#insertTypes.run(entry.index, body.connection, body.database, place.segment, place.offset);
  }

  #statement(entry: Entry, body: Statement, place: Place): void {
    const session = this.#session(entry);
    const kind = kindCode(body.kind);
    const owesNothing = body.kind === 'prepare' || body.kind === 'bind';
    const row: StatementRow = {
      entry: entry.index,
      session: session.id,
      n: body.n,
      identity: session.identity,
      connection: session.connection,
      at: entry.at,
      kind,
      shown: owesNothing || body.kind === 'fetch' ? 0 : 1,
      text: this.#textOf(session, body),
      portalOf: body.portalOf ?? null,
      // A `prepare` or `bind` is heard of again only when something went wrong with it.
      outcome: owesNothing ? completed : pending,
      transactionBefore: body.transactionBefore,
      segment: place.segment,
      offset: place.offset,
      endedSegment: null,
      endedOffset: null,
      hasPieces: body.parts === undefined ? 0 : 1,
      stored: false,
    };
    this.#statements.add(row);
    session.statements += row.shown;
    if (body.kind !== 'fetch' || body.portalOf === undefined) return;
    this.#piece(entry, place, body.portalOf, role.fetch);
    const execution = this.#statements.find(session.id, body.portalOf);
    // The portal goes on: how its statement ended is known when this fetch has.
    if (execution !== undefined) this.#end(session, execution, pending);
  }

  #textOf(session: ProjectedSession, body: Statement): number | null {
    if (body.sql !== undefined) return this.#texts.id(textDecoder(session.encoding)(body.sql));
    if (body.sqlOf === undefined) return null;
    return this.#statements.find(session.id, body.sqlOf)?.text ?? null;
  }

  #outcome(entry: Entry, body: Outcome, place: Place): void {
    const session = this.#session(entry);
    const row = this.#statements.find(session.id, body.of);
    if (row === undefined || body.more === true) return this.#piece(entry, place, body.of, role.outcome);
    row.endedSegment = place.segment;
    row.endedOffset = place.offset;
    const code = outcomeCode(body.outcome);
    this.#end(session, row, code);
    if (row.portalOf === null) return;
    const execution = this.#statements.find(session.id, row.portalOf);
    if (execution !== undefined) this.#end(session, execution, code);
  }

  /** Sets the outcome of a statement and keeps the session's counts true. */
  #end(session: ProjectedSession, row: StatementRow, outcome: number): void {
    const wasFailed = row.shown === 1 && row.outcome === failed;
    row.outcome = outcome;
    if (row.shown === 0 && row.portalOf === null && outcome !== completed) {
      row.shown = 1;
      session.statements += 1;
    }
    const isFailed = row.shown === 1 && row.outcome === failed;
    session.failed += Number(isFailed) - Number(wasFailed);
    this.#statements.touch(row);
  }

  #piece(entry: Entry, place: Place, n: number, as: number): void {
    const session = this.#session(entry);
    this.#insertPiece.run(session.id, n, entry.index, as, place.segment, place.offset);
    // A part stands before its statement, which will say so itself.
    const row = as === role.part ? undefined : this.#statements.find(session.id, n);
    if (row === undefined || row.hasPieces === 1) return;
    row.hasPieces = 1;
    this.#statements.touch(row);
  }

  /** Index of the entry of statement `n` of the entry's session. */
  #statementEntry(entry: Entry, n: number | undefined): number | undefined {
    return n === undefined ? undefined : this.#statements.find(this.#session(entry).id, n)?.entry;
  }

  #event(entry: Entry, type: EventType, place: Place): void {
    const code = eventCode(type);
    this.#insertEvent.run(entry.index, entry.at, code, entry.session, entry.identity, place.segment, place.offset);
    if (entry.session !== '') this.#session(entry);
  }

  #session(entry: Entry): ProjectedSession {
    const session = this.#sessions.of(entry, this.#identities);
    session.lastAt = entry.at;
    return session;
  }

  #markTime(entry: Entry): void {
    const mark = Math.floor(entry.index / entriesPerMark);
    if (mark !== this.#mark) {
      this.#writeMark();
      this.#mark = mark;
      this.#markMin = this.#markMax = entry.at;
    } else if (entry.at < this.#markMin) this.#markMin = entry.at;
    else if (entry.at > this.#markMax) this.#markMax = entry.at;
  }

  #writeMark(): void {
    if (this.#mark >= 0) this.#upsertMark.run(this.#mark, this.#markMin, this.#markMax);
  }
}
