import type { Body, ServerMessage, TransactionStatus } from '@onrecord/record';
import { backendTag, Framer, ProtocolError, Reader, Writer } from '@onrecord/wire';
import { Refusal } from '../errors.ts';
import { nothing } from '../sql/nothing.ts';
import { CutReply } from './cut-reply.ts';
import { errorBody, errorResponse } from './error-response.ts';
import type { ExpectedReply } from './expected-replies.ts';
import type { Guard, Judged } from './guard.ts';
import { GuardedRows } from './guarded-rows.ts';
import { latin1 } from './latin1.ts';
import type { Named } from './name-table.ts';
import type { Ending, OpenStatement, Portal, Prepared } from './open-statement.ts';
import { maskedBody, outcomeBody, rowsBody } from './recorded.ts';
import { ResultCapture } from './result-capture.ts';
import { readServerError, type ServerError } from './server-error.ts';
import type { SessionState } from './session-state.ts';
import { StreamFlow } from './stream-flow.ts';
import { Span, type Turn } from './turn.ts';
import { untilNul } from './until-nul.ts';
import { withheld } from './withheld.ts';

/** PG messages are at most this long (MaxAllocSize); the server is trusted to keep to it. */
const maxMessageBytes = 0x3fff_ffff;
/** Notices kept of one statement, and of the messages that belong to none, in bytes. */
const maxNoticeBytes = 64 * 1024;

/** Messages that may be as long as a statement makes them; a longer one is passed on in pieces and recorded cut. */
const cutTags: ReadonlySet<number> = new Set([
  backendTag.noticeResponse,
  backendTag.errorResponse,
  backendTag.parameterStatus,
  backendTag.functionCallResponse,
]);
const largestHeldBytes = 1 << 20;
/** Statements of a transaction that are asked about one by one when it fails at its end. */
const maxRemembered = 100;

/** Messages that come at any time and answer nothing. */
const untimely: ReadonlySet<number> = new Set([
  backendTag.noticeResponse,
  backendTag.notificationResponse,
  backendTag.parameterStatus,
]);
/** Of a column in RowDescription, behind its name: table and attribute; size, modifier and format behind the type. */
const beforeTypeBytes = 6;
const behindTypeBytes = 8;
const known: ReadonlySet<number> = new Set(Object.values(backendTag));

/**
 * What the server answers: matches it with the queue of expected replies, and says what to record before the client
 * sees it. Pure. An error in the extended protocol discards what is expected up to the Sync; in a simple Query it ends
 * that Query only.
 */
export class Replies {
  readonly #state: SessionState;
  readonly #framer: Framer;
  readonly #capture: ResultCapture;
  #turn: Turn | undefined;
  #span: Span = new Span([]);
  readonly #cut: CutReply = new CutReply();
  /** Set when the session has a guard. */
  readonly #rows: GuardedRows | undefined;
  /** What has been judged of statements that ran in the transaction; undefined stands for anything. */
  readonly #ran: Set<Judged | undefined> = new Set();
  #us = 0;
  #lastTag = '';
  /** Outcome entries of this turn that the next ReadyForQuery is about. */
  #lastOutcome: { transactionAfter?: TransactionStatus } | undefined;

  constructor(state: SessionState) {
    this.#state = state;
    const largest = Math.max(state.options.rows.bytes, 64 * 1024);
    const { guard, messageBytes } = state.options;
    this.#framer = new Framer({
      // What may have to be rewritten is held whole.
      streams: (tag, length) => {
        if (tag === backendTag.dataRow || tag === backendTag.copyData) return guard?.masks !== true && length > largest;
        return guard === undefined && length > largestHeldBytes && cutTags.has(tag);
      },
      maxHeldBytes: (tag) => {
        if (!known.has(tag)) throw unexpected(tag);
        return guard?.masks === true ? messageBytes : maxMessageBytes;
      },
    });
    this.#capture = new ResultCapture(state.options);
    this.#rows =
      guard === undefined
        ? undefined
        : new GuardedRows(guard, this.#capture, (bytes) => {
            if (!state.muted) this.#span.insert(bytes);
          });
  }

  /** `us`: when the bytes arrived, by the gateway's monotonic clock. */
  push(chunk: Uint8Array, turn: Turn, us: number): void {
    this.#begin(turn, us);
    this.#framer.push(chunk);
    try {
      while (this.#framer.next()) this.#message();
      this.#finish();
    } catch (error) {
      // Statements that ended before this still need their entries.
      turn.broken = error;
      turn.deliver.length = 0;
    }
  }

  /** Gives the gateway's own answers that are due. */
  answer(turn: Turn, us: number): void {
    if (!this.#state.expected.mayBeDue) return;
    this.#begin(turn, us);
    this.#refuseDue();
    this.#finish();
  }

  /** Ends every statement whose outcome is owed, because there will be no more answers. */
  abandon(turn: Turn, ending: Ending, us: number): void {
    this.#begin(turn, us);
    for (;;) {
      const reply = this.#state.expected.shift();
      if (reply === undefined) break;
      for (const statement of statementsOf(reply)) {
        if (!statement.owesOutcome || statement.ended) continue;
        // What was refused never went out, whatever has become of what went in its place.
        const isRefused = statement.refusal !== undefined;
        this.#end(statement, isRefused ? { ...ending, outcome: 'refused' } : ending);
      }
    }
    this.#finish();
  }

  #begin(turn: Turn, us: number): void {
    this.#turn = turn;
    this.#span = new Span(turn.deliver);
    this.#us = us;
    this.#lastOutcome = undefined;
  }

  #finish(): void {
    this.#rows?.flush();
    this.#capture.takeRun();
    const open = this.#state.expected.head?.current;
    if (open !== undefined && open.uncommitted.length > 0) {
      this.#capture.letGo(open);
      const rows = rowsBody(open);
      if (rows !== undefined) this.#entries.push(rows);
    }
    this.#state.stream?.record('to client', this.#entries);
    this.#span.flush();
    this.#turn = undefined;
  }

  get #entries(): Body[] {
    return (this.#turn as Turn).entries;
  }

  #message(): void {
    const framer = this.#framer;
    const { bytes, start, end } = framer;
    const { tag } = framer;
    let head = this.#state.expected.head;
    while (head?.doubtful && tag !== backendTag.readyForQuery && !untimely.has(tag)) {
      this.#state.expected.shift();
      head = this.#state.expected.head;
    }
    const open = head?.current;
    if (this.#rows === undefined) this.#span.add(bytes, start, end);
    else if ((tag === backendTag.dataRow || tag === backendTag.copyData) && open !== undefined) {
      if (this.#guardedRow(open)) return;
    } else this.#guarded(head);
    if (tag === backendTag.dataRow) {
      if (open === undefined) throw outOfPlace(tag);
      if (open.firstByteUs === 0) open.firstByteUs = this.#us;
      this.#capture.row(open, bytes, { start, end, first: framer.first, last: framer.last });
      return;
    }
    this.#capture.takeRun();
    if (!framer.first || !framer.last) {
      if (cutTags.has(tag)) this.#cut.push(bytes.subarray(framer.first ? start + 5 : start, end), framer.first);
      if (cutTags.has(tag) && !framer.last) return;
    }
    switch (tag) {
      case backendTag.noticeResponse:
        return this.#notice(head, this.#body());
      case backendTag.parameterStatus:
        return this.#parameterStatus();
      case backendTag.notificationResponse:
        return this.#serverMessage('notification', this.#body());
      case backendTag.errorResponse:
        return this.#error(head, this.#body());
      case backendTag.readyForQuery:
        return this.#ready(bytes[start + 5] ?? 0);
    }
    if (tag === backendTag.copyData) return this.#copyData(open);
    if (head === undefined) throw outOfPlace(tag);
    if (open !== undefined && open.firstByteUs === 0) open.firstByteUs = this.#us;
    this.#reply(head, tag);
  }

  // Guarded sessions

  /** A row or COPY data: true when it is not for the caller any more. */
  #guardedRow(open: OpenStatement): boolean {
    const { bytes, start, end, tag } = this.#framer;
    const rows = this.#rows as GuardedRows;
    const taken = rows.push(open, { tag, bytes, start, end });
    if (taken === 'as it is') {
      if (!this.#state.muted) this.#span.add(bytes, start, end);
      return false;
    }
    if (open.firstByteUs === 0) open.firstByteUs = this.#us;
    if (taken === 'over') {
      open.givesUp ??= tooManyRows(this.#state.options.guard?.rowLimit ?? 0);
      (this.#turn as Turn).cancel = true;
    }
    return true;
  }

  /** Delivers any other message as it came, unless it is not for the client or something else takes its place. */
  #guarded(head: ExpectedReply | undefined): void {
    const { bytes, start, end, tag } = this.#framer;
    const open = head?.current;
    if (tag === backendTag.copyDone && open !== undefined) this.#rows?.endCopy(open);
    else this.#rows?.flush();
    // These say themselves what the client sees of them.
    if (tag === backendTag.errorResponse || tag === backendTag.noticeResponse) return;
    if (untimely.has(tag)) return this.#span.add(bytes, start, end);
    if (tag === backendTag.readyForQuery) this.#state.muted = false;
    if (this.#state.muted || head?.ours === true) return;
    if (head?.trial === 'parsing' && tag === backendTag.parseComplete) return;
    if (tag === backendTag.commandComplete && open?.overLimit === true) return;
    this.#span.add(bytes, start, end);
  }

  /** Delivers an error or a notice of the server as the client may see it, and returns its body as that. */
  #guardedReport(head: ExpectedReply | undefined, body: Uint8Array): Uint8Array {
    const { guard } = this.#state.options;
    const { bytes, start, end, tag } = this.#framer;
    if (guard === undefined) return body;
    const seen = this.#reported(guard, head, body);
    const open = head?.current;
    if (seen !== body) {
      if (open !== undefined) open.withheld += 1;
      if (!this.#state.muted) this.#span.insert(message(tag, seen));
      return seen;
    }
    if (!this.#state.muted) this.#span.add(bytes, start, end);
    return body;
  }

  /** What the client may see of an error or a notice. */
  #reported(guard: Guard, head: ExpectedReply | undefined, body: Uint8Array): Uint8Array {
    const open = head?.current;
    if (!guard.masks) return body;
    if (isParsed(head) || (head?.to === 'describe' && !head.ours)) return guard.report(nothingRun, body);
    if (open !== undefined && !open.ended) return guard.report(open.judged, body);
    // At the end of the transaction: checks of any statement of it that had been put off.
    for (const judged of this.#ran) {
      const seen = guard.report(judged, body);
      if (seen !== body) return seen;
    }
    return body;
  }

  /** True when the server's error is the one that was provoked, and the gateway's own takes its place. */
  #refused(head: ExpectedReply | undefined, severity: string): boolean {
    const refusing = head?.statements.find(({ judged }) => judged?.verdict.decision !== 'allow') ?? head?.current;
    const refusal = refusing?.refusal ?? head?.current?.givesUp;
    if (refusing === undefined || refusal === undefined || refusing.ended) return false;
    if (severity === 'FATAL' || severity === 'PANIC') return false;
    if (isParsed(head) && !refusing.isParseRefused) return false;
    this.#span.insert(refusal);
    const outcome = refusing.refusal === undefined ? 'cancelled' : 'refused';
    this.#end(refusing, { outcome, error: errorBody(refusal) });
    return true;
  }

  /** A result was longer than it may be, and the server had sent all of it before it could be told to stop. */
  #overLimit(open: OpenStatement): void {
    const error = open.givesUp ?? tooManyRows(this.#state.options.guard?.rowLimit ?? 0);
    this.#span.insert(error);
    this.#state.muted = true;
    this.#end(open, { outcome: 'cancelled', error: errorBody(error) });
  }

  /** The command tag; agents get the same one again and again. */
  #tag(): string {
    const { bytes, start, end } = this.#framer;
    const last = this.#lastTag;
    const from = start + 5;
    let same = end - 1 - from === last.length;
    for (let at = 0; same && at < last.length; at += 1) same = bytes[from + at] === last.charCodeAt(at);
    if (!same) this.#lastTag = latin1(untilNul(this.#body()));
    return this.#lastTag;
  }

  #body(): Uint8Array {
    const { bytes, start, end, first } = this.#framer;
    if (!first) return this.#cut.take();
    return bytes.subarray(start + 5, end);
  }

  #reply(head: ExpectedReply, tag: number): void {
    switch (tag) {
      case backendTag.parseComplete:
      case backendTag.bindComplete:
      case backendTag.closeComplete:
        return this.#confirmed(head, tag);
      case backendTag.parameterDescription:
        return this.#parameterDescription(head);
      case backendTag.rowDescription:
        return this.#rowDescription(head);
      case backendTag.noData:
        if (head.to !== 'describe') throw outOfPlace(tag);
        return this.#next();
      case backendTag.commandComplete:
        return this.#complete(head, this.#tag());
      case backendTag.emptyQueryResponse:
        return this.#complete(head, undefined);
      case backendTag.portalSuspended:
        if (head.to !== 'execute') throw outOfPlace(tag);
        this.#end(this.#statement(head, tag), { outcome: 'suspended' });
        return this.#next();
      case backendTag.copyInResponse:
        return this.#copyIn(head);
      case backendTag.copyOutResponse:
        return this.#copies(this.#statement(head, tag), 'out');
      case backendTag.copyDone:
        return this.#copyDone(head);
      case backendTag.copyBothResponse:
        this.#state.stream = new StreamFlow(this.#statement(head, tag), this.#state.options.createDigest);
        return;
      case backendTag.functionCallResponse:
        return this.#called(this.#statement(head, tag));
      default:
        throw unexpected(tag);
    }
  }

  #statement(head: ExpectedReply, tag: number): OpenStatement {
    const open = head.current;
    if (open === undefined) throw outOfPlace(tag);
    return open;
  }

  // Extended protocol

  #confirmed(head: ExpectedReply, tag: number): void {
    if (head.trial === 'parsing' && tag === backendTag.parseComplete) {
      head.trial = 'parsed';
      return;
    }
    if (head.to !== confirms[tag]) throw outOfPlace(tag);
    const { named } = head;
    if (named !== undefined) {
      const { portals, prepared } = this.#state;
      const ofPortal = head.to === 'bind' || (head.to === 'close' && head.closes === 'portal');
      if (ofPortal) portals.confirm(named as Named<Portal>);
      else prepared.confirm(named as Named<Prepared>);
    }
    this.#next();
  }

  #parameterDescription(head: ExpectedReply): void {
    if (head.to !== 'describe') throw outOfPlace(backendTag.parameterDescription);
    const prepared = head.describes;
    if (prepared === undefined || !('parameterTypes' in prepared)) return;
    const reader = new Reader(this.#body());
    const types: number[] = [];
    for (let left = reader.uint16(); left > 0; left -= 1) types.push(reader.uint32());
    for (const type of types) this.#state.sight(type);
    prepared.parameterTypes = types;
  }

  #rowDescription(head: ExpectedReply): void {
    this.#sightColumns(this.#body());
    if (head.to === 'describe') {
      if (head.describes !== undefined) describe(head.describes, this.#body());
      return this.#next();
    }
    const open = this.#statement(head, backendTag.rowDescription);
    // Rules add queries to a statement, and their rows to its answer, with one tag for all of them.
    if (open.columns !== undefined) this.#part(open, undefined);
    // A view: it is needed until the statement has ended.
    open.columns = this.#body();
  }

  #sightColumns(body: Uint8Array): void {
    const reader = new Reader(body);
    for (let left = reader.uint16(); left > 0; left -= 1) {
      reader.skipCstring();
      reader.skip(beforeTypeBytes);
      this.#state.sight(reader.uint32());
      reader.skip(behindTypeBytes);
    }
  }

  // Results

  #copyData(open: OpenStatement | undefined): void {
    const { bytes, start, end, first, last } = this.#framer;
    const { stream } = this.#state;
    if (stream !== undefined) return stream.count('to client', bytes.subarray(start, end), first);
    if (open === undefined) throw outOfPlace(backendTag.copyData);
    this.#capture.row(open, bytes, { start, end, first, last });
  }

  #called(open: OpenStatement): void {
    if (this.#framer.first) open.functionResult = this.#body();
    const reason = this.#framer.first ? undefined : 'the result was too large to be kept';
    this.#end(open, { outcome: 'completed', ...(reason === undefined ? {} : { reason }) });
  }

  #copies(open: OpenStatement, direction: 'in' | 'out'): void {
    open.copies = direction;
    open.columns = this.#body().slice();
    const { guard } = this.#state.options;
    if (direction === 'out' && guard?.masks === true) {
      const reader = new Reader(open.columns);
      reader.skip(1);
      open.copyMask = guard.maskCopy(open.judged, reader.uint16());
    }
  }

  #copyIn(head: ExpectedReply): void {
    const open = this.#statement(head, backendTag.copyInResponse);
    this.#copies(open, 'in');
    const state = this.#state;
    if (!state.expected.doubtSyncs()) state.copyIn = open;
  }

  /** A replication command may go on with a result after its COPY, without a tag in between (BASE_BACKUP). */
  #copyDone(head: ExpectedReply): void {
    if (this.#state.stream !== undefined) return;
    const open = this.#statement(head, backendTag.copyDone);
    if (open.kind === 'replication') this.#part(open, undefined);
  }

  #complete(head: ExpectedReply, tag: string | undefined): void {
    const open = this.#statement(head, backendTag.commandComplete);
    this.#leaveStream();
    this.#leaveCopyIn(open);
    if (open.copies === 'in') this.#state.expected.dropDoubtful();
    if (open.overLimit && !open.ended) {
      this.#overLimit(open);
      if (head.to === 'execute') return this.#next();
      head.next += 1;
      return;
    }
    if (head.to === 'query' && head.unsplit) return this.#part(open, tag);
    // More answers than statements: they belong to the last one.
    if (open.ended) open.resetResult();
    this.#end(open, completed(tag));
    this.#apply(open, tag);
    if (head.to === 'execute') return this.#next();
    head.next += 1;
  }

  /** Records an answer of a statement that goes on. */
  #part(open: OpenStatement, tag: string | undefined): void {
    this.#outcome(open, { ...completed(tag), more: true });
    open.resetResult();
  }

  #leaveStream(): void {
    const { stream } = this.#state;
    if (stream === undefined) return;
    stream.record('to client', this.#entries);
    this.#state.stream = undefined;
  }

  #leaveCopyIn(open: OpenStatement): void {
    const state = this.#state;
    if (state.copyIn === open) state.copyIn = undefined;
  }

  /** What a completed statement did to the names of the session. */
  #apply(open: OpenStatement, tag: string | undefined): void {
    const { effect } = open;
    if (effect === undefined || tag === undefined) return;
    const { prepared, preparedInSql, portals } = this.#state;
    switch (effect.type) {
      case 'prepare':
        preparedInSql.set(effect.name, open);
        break;
      case 'deallocate':
        if (effect.name === undefined) {
          preparedInSql.clear();
          prepared.forgetConfirmed({ butUnnamed: true });
        } else {
          preparedInSql.delete(effect.name);
          prepared.forget(effect.name);
        }
        break;
      case 'discard all':
        preparedInSql.clear();
        prepared.forgetConfirmed({ butUnnamed: true });
        portals.forgetConfirmed();
        break;
      case 'declare':
        portals.confirm(portals.put(effect.name, portalOf(open, effect.held), this.#state.syncs));
        break;
      case 'close':
        if (effect.name === undefined) portals.forgetConfirmed();
        else portals.forget(effect.name);
        break;
    }
  }

  #ready(status: number): void {
    const state = this.#state;
    state.transaction = String.fromCharCode(status) as TransactionStatus;
    state.options.guard?.ready(state.transaction);
    if (state.transaction === 'I') this.#ran.clear();
    // One that was rolled back is not there any more; then nobody can use its name, and keeping it harms nobody.
    if (state.transaction === 'I') state.portals.forgetConfirmed({ but: isHeld });
    const { head } = state.expected;
    if (head?.to !== 'query' && head?.to !== 'sync' && head?.to !== 'call') throw outOfPlace(backendTag.readyForQuery);
    if (head.to === 'query') this.#queryReady(head);
    if (this.#lastOutcome !== undefined) this.#lastOutcome.transactionAfter = state.transaction;
    this.#lastOutcome = undefined;
    if (head.doubtful) this.#doubtfulReady();
    state.discarding = false;
    this.#next();
  }

  /**
   * This ReadyForQuery answers a doubtful Sync, or all of those were passed over and it answers the first certain one.
   * Which it was matters when something stands between them that was run in the first case and discarded in the second.
   * With no data behind the last doubtful Sync, the COPY cannot have failed behind it.
   */
  #doubtfulReady(): void {
    const { sync, others, data } = this.#state.expected.behindDoubtful();
    if (sync === undefined) return;
    if (!others) sync.doubtful = true;
    else if (this.#state.discarding && data) throw new ProtocolError(untold);
  }

  /** The Query is over: statements that it did not answer were not run, or cannot be told from the others. */
  #queryReady(head: ExpectedReply): void {
    if (head.named !== undefined) this.#state.prepared.confirm(head.named as Named<Prepared>);
    for (const statement of head.statements) {
      if (statement.ended) continue;
      if (head.failed) this.#end(statement, { outcome: 'skipped' });
      else if (head.unsplit) this.#end(statement, { outcome: 'completed' });
      else
        this.#end(statement, { outcome: 'unknown', reason: 'the server answered with fewer results than statements' });
    }
  }

  // Errors

  #error(head: ExpectedReply | undefined, body: Uint8Array): void {
    const error = readServerError(body);
    const failed = head?.current;
    const refused = failed?.refusal !== undefined;
    this.#state.options.guard?.failed(refused ? undefined : failed?.judged);
    const fatal = error.severity === 'FATAL' || error.severity === 'PANIC';
    const open = head?.current;
    if (this.#rows === undefined || !this.#refused(head, error.severity)) {
      const seen = this.#guardedReport(head, body);
      if (open === undefined || open.ended || head?.to === 'sync') this.#serverMessage('error', seen);
      else {
        const outcome = error.sqlstate === '57014' ? 'cancelled' : 'failed';
        this.#end(open, { outcome, error: open.redacted ? withheld(seen) : seen });
      }
    }
    if (fatal) return this.#fatal(error);
    if (head === undefined) return;
    if (head.to === 'query' || head.to === 'call') {
      if (open !== undefined) this.#leaveCopyIn(open);
      head.failed = true;
      this.#leaveStream();
      return;
    }
    if (head.to !== 'sync') this.#discardToSync(open);
  }

  #discardToSync(failed: OpenStatement | undefined): void {
    const state = this.#state;
    if (failed !== undefined) this.#leaveCopyIn(failed);
    for (const reply of state.expected.discardToSync()) {
      if (reply.named !== undefined) reply.named.dead = true;
      for (const statement of statementsOf(reply)) {
        if (!statement.ended) this.#end(statement, { outcome: 'skipped' });
      }
    }
    const { head } = state.expected;
    if (head === undefined) state.skipping = true;
    else state.discarding = head.doubtful;
    this.#refuseDue();
  }

  /** The server ends the session: nothing behind the error was run. */
  #fatal(error: ServerError): void {
    const state = this.#state;
    for (;;) {
      const reply = state.expected.shift();
      if (reply === undefined) break;
      for (const statement of statementsOf(reply)) {
        if (!statement.ended) this.#end(statement, { outcome: 'skipped' });
      }
    }
    state.fatal = error.sqlstate;
  }

  // What belongs to no statement

  #notice(head: ExpectedReply | undefined, said: Uint8Array): void {
    const body = this.#guardedReport(head, said);
    const open = head?.current;
    if (open === undefined || open.ended) return this.#serverMessage('notice', body);
    if (open.noticeBytes + body.length > maxNoticeBytes) {
      open.noticesDropped += 1;
      return;
    }
    open.noticeBytes += body.length;
    open.notices ??= [];
    open.notices.push(open.redacted ? withheld(body) : body.slice());
  }

  #parameterStatus(): void {
    const body = this.#body();
    const reader = new Reader(body);
    const name = reader.cstring();
    const value = reader.cstring();
    this.#state.reported(name, value);
    this.#state.options.guard?.reported(name, value);
    this.#serverMessage('parameter_status', body);
  }

  #serverMessage(message: ServerMessage['message'], body: Uint8Array): void {
    const after = this.#state.last?.n;
    this.#entries.push({ type: 'server_message', message, body, ...(after === undefined ? {} : { after }) });
  }

  // The queue

  #next(): void {
    this.#state.expected.shift();
    this.#refuseDue();
  }

  /** Gives the gateway's own answers that have become due, and drops what causes no answer. */
  #refuseDue(): void {
    const { expected } = this.#state;
    for (let due = expected.takeDue(); due !== undefined; due = expected.takeDue()) {
      if (due.error === undefined) continue;
      if (due.error.length > 0) this.#span.insert(due.error);
      if (due.behind === 'ready') this.#span.insert(readyForQuery(this.#state.transaction));
      if (due.behind === 'end') {
        const turn = this.#turn as Turn;
        turn.end = {
          reason: 'terminated by the gateway',
          ...(due.reason === undefined ? {} : { detail: due.reason }),
        };
      }
    }
  }

  // Outcomes

  #end(statement: OpenStatement, ending: Ending): void {
    statement.ended = true;
    if (statement.effectCounts) {
      statement.effectCounts = false;
      this.#state.effects -= 1;
    }
    this.#outcome(statement, ending);
    this.#tellGuard(statement, ending);
  }

  /** What the statement changed counts from now on. */
  #tellGuard({ judged, n }: OpenStatement, { outcome }: Ending): void {
    const { guard } = this.#state.options;
    if (guard === undefined || judged === undefined) return;
    if (outcome === 'completed') guard.completed(judged);
    if (guard.takeNamesForgotten()) this.#state.distrustedUpTo = n;
    // Beyond so many, anything may have run.
    if (guard.masks && outcome === 'completed') this.#ran.add(this.#ran.size < maxRemembered ? judged : undefined);
  }

  #outcome(statement: OpenStatement, ending: Ending): void {
    this.#rows?.flush();
    this.#capture.takeRun();
    const masked = this.#rows === undefined ? undefined : maskedBody(statement);
    if (masked !== undefined) this.#entries.push(masked);
    const body = outcomeBody(statement, ending, this.#us);
    this.#entries.push(body);
    this.#lastOutcome = body;
  }
}

const untold =
  'it cannot be told which statements were run: a COPY failed, and a Sync that was sent with its data was not the last';

const confirms: { readonly [tag: number]: ExpectedReply['to'] } = {
  [backendTag.parseComplete]: 'parse',
  [backendTag.bindComplete]: 'bind',
  [backendTag.closeComplete]: 'close',
};

function completed(tag: string | undefined): Ending {
  return tag === undefined ? { outcome: 'completed' } : { outcome: 'completed', tag };
}

function statementsOf(reply: ExpectedReply): readonly OpenStatement[] {
  return reply.statement === undefined ? reply.statements : [reply.statement];
}

/** The portal that DECLARE made: an Execute that names it fetches from it. */
function portalOf(declared: OpenStatement, held: boolean): Portal {
  const analysis = declared.judged?.analysis?.names?.analysis;
  const judged = declared.judged === undefined ? undefined : { ...declared.judged, analysis };
  const none = { name: undefined, prepared: undefined, columns: undefined, described: false };
  return { ...none, owner: declared, execution: declared, held, judged };
}

function isHeld(portal: Portal): boolean {
  return portal.held;
}

/** What may live long gets a copy: a view would keep the whole chunk with it. Most portals end with their transaction. */
function describe(described: Prepared | Portal, columns: Uint8Array): void {
  described.columns = 'parameterTypes' in described || described.held ? columns.slice() : columns;
}

function message(tag: number, body: Uint8Array): Uint8Array {
  return new Writer(body.length + 5).begin(tag).bytes(body).end().finish();
}

/** Postgres reads the client's text and has not come to run any of it: what it says is about the text. */
function isParsed(head: ExpectedReply | undefined): boolean {
  return head?.to === 'parse' || head?.trial === 'parsing';
}

/**
 * Stands for a statement of which nothing has run: what Postgres says is about its text, unless code says it. Literals are
 * read while a text is parsed, and a domain's CHECK is code.
 */
const nothingRun: Judged = { analysis: nothing, verdict: { decision: 'allow', matches: [] }, settings: '' };

function tooManyRows(limit: number): Uint8Array {
  return errorResponse(
    new Refusal('54000', `the statement returns more than ${limit} rows, which is the limit for this session`, {
      hint: 'Ask for fewer rows, with LIMIT or a narrower condition.',
    }),
  );
}

function readyForQuery(status: TransactionStatus): Uint8Array {
  return new Writer(6).begin(backendTag.readyForQuery).uint8(status.charCodeAt(0)).end().finish();
}

function unexpected(tag: number): ProtocolError {
  return new ProtocolError(`the server sent a message of unknown type ${tag}`);
}

function outOfPlace(tag: number): ProtocolError {
  return new ProtocolError(`the server sent a message of type ${String.fromCharCode(tag)} that nothing asked for`);
}
