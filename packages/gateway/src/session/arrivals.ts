import { type Framer, frontendTag, ImpossibleLength, ProtocolError, Reader } from '@onrecord/wire';
import { type GatewayError, Termination } from '../errors.ts';
import { Arrived } from './arrived.ts';
import { CopyInCapture } from './copy-in-capture.ts';
import { equalBytes } from './equal-bytes.ts';
import { errorResponse } from './error-response.ts';
import { ExpectedReply } from './expected-replies.ts';
import { createFrontendFramer, unexpected } from './frontend-framer.ts';
import { LargeBind } from './large-bind.ts';
import { latin1 } from './latin1.ts';
import { mustWait } from './must-wait.ts';
import type { OpenStatement, Portal, Prepared } from './open-statement.ts';
import { readText } from './read-text.ts';
import { statementBody } from './recorded.ts';
import type { SessionState } from './session-state.ts';
import { glance, glanced } from './sql-glance.ts';
import { emptyTurn, Span, type Turn } from './turn.ts';
import { untilNul } from './until-nul.ts';

const flush = new Uint8Array([frontendTag.flush, 0, 0, 0, 4]);

const replyTo = {
  [frontendTag.parse]: 'parse',
  [frontendTag.bind]: 'bind',
  [frontendTag.execute]: 'execute',
  [frontendTag.describe]: 'describe',
  [frontendTag.close]: 'close',
} as const;
type ExtendedTag = keyof typeof replyTo;

/**
 * What the client sends: names each statement, remembers which replies it will cause, and says what to record before
 * the bytes go on. Pure. Messages that arrive together are one group: a Parse with its Bind and Execute is one entry.
 *
 * Names take their new meaning when the message arrives, because the server works through messages in order; Replies
 * confirms them or takes them back.
 */
export class Arrivals {
  readonly #state: SessionState;
  readonly #framer: Framer;
  #largeBind: LargeBind = new LargeBind();
  readonly #copies: CopyInCapture;
  readonly #arrived: Arrived;
  #turn: Turn = emptyTurn();
  #span: Span = new Span([]);
  #refusal: GatewayError | undefined;
  #ended = false;

  constructor(state: SessionState) {
    this.#state = state;
    this.#framer = createFrontendFramer(state.options.messageBytes);
    this.#copies = new CopyInCapture(state.options);
    this.#arrived = new Arrived(state);
  }

  /** `refusal` is set when new work must not start; what arrives is then refused, not recorded. */
  push(chunk: Uint8Array, refusal: GatewayError | undefined): Turn {
    const turn = emptyTurn();
    this.#turn = turn;
    this.#span = new Span(turn.forward);
    this.#refusal = refusal;
    if (this.#ended) return turn;
    if (chunk.length > 0) this.#framer.push(chunk);
    try {
      while (!this.#ended && this.#next()) this.#message();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#terminate(error);
    }
    this.#commit();
    this.#copies.flush(turn.entries);
    this.#state.stream?.record('to server', turn.entries);
    this.#span.flush();
    return turn;
  }

  /** Moves to the next message, or stays at the one that was held; false when there is none, or it has to wait. */
  #next(): boolean {
    const state = this.#state;
    if (!state.held && !this.#framer.next()) return false;
    const waits = mustWait(this.#framer, state);
    if (waits && !state.held) this.#askForAnswers();
    state.held = waits;
    return !waits;
  }

  /** The server keeps its answers until it is asked for them. */
  #askForAnswers(): void {
    this.#commit();
    const { newest } = this.#state.expected;
    if (newest !== undefined && newest.to !== 'sync' && newest.to !== 'query') this.#span.insert(flush);
  }

  /** Ends the session behind everything that was asked before, as a FATAL error of the server would. */
  #terminate(error: ProtocolError): void {
    this.#ended = true;
    this.#commit();
    // The server keeps its replies until it is asked for them; the client is owed those in front of the error.
    if (this.#state.expected.length > 0) this.#span.insert(flush);
    const answer =
      error instanceof ImpossibleLength ? nothing : errorResponse(new Termination(error.sqlstate, error.message));
    const reason = `the client broke the protocol: ${error.message}`;
    this.#state.expected.push(new ExpectedReply('refusal', { error: answer, behind: 'end', reason }));
  }

  #message(): void {
    const framer = this.#framer;
    if (this.#state.stream !== undefined && this.#streamed()) return;
    // As the server does after an error in a pipeline: everything is dropped up to the Sync.
    if (this.#state.refusing && framer.tag !== frontendTag.sync && framer.tag !== frontendTag.terminate) return;
    switch (framer.tag) {
      case frontendTag.query:
        return this.#query();
      case frontendTag.bind:
        if (!framer.first || !framer.last) return this.#bindPiece();
        return this.#extended(framer.tag);
      case frontendTag.parse:
      case frontendTag.execute:
      case frontendTag.describe:
      case frontendTag.close:
        return this.#extended(framer.tag);
      case frontendTag.sync:
        return this.#sync();
      case frontendTag.flush:
        return this.#forward();
      case frontendTag.functionCall:
        return this.#call();
      case frontendTag.copyData:
        return this.#copyData();
      case frontendTag.copyDone:
      case frontendTag.copyFail:
        return this.#copyEnd();
      case frontendTag.terminate:
        this.#forward();
        this.#ended = true;
        this.#turn.end = { reason: 'client terminated' };
        return;
      default:
        throw unexpected(framer.tag);
    }
  }

  #forward(): void {
    const { bytes, start, end } = this.#framer;
    this.#span.add(bytes, start, end);
  }

  #reader(): Reader {
    const { bytes, start, end } = this.#framer;
    return new Reader(bytes, start + 5, end);
  }

  /** The server answers a message that it cannot read with an error, and so it gets to see it. */
  #extended(tag: ExtendedTag): void {
    try {
      switch (tag) {
        case frontendTag.parse:
          return this.#parse();
        case frontendTag.bind:
          return this.#bind();
        case frontendTag.execute:
          return this.#execute();
        case frontendTag.describe:
          return this.#describe();
        case frontendTag.close:
          return this.#close();
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#malformed(tag);
    }
  }

  #malformed(tag: ExtendedTag): void {
    const to = replyTo[tag];
    this.#forward();
    if (to === 'describe' || to === 'close') return this.#expect(new ExpectedReply(to));
    const statement = this.#arrived.begin(to === 'parse' ? 'prepare' : to);
    statement.parameters = this.#reader().rest();
    this.#expect(new ExpectedReply(to, { statement }));
  }

  // Statements

  #query(): void {
    const state = this.#state;
    if (this.#refuses('ready')) return;
    const sql = untilNul(this.#reader().rest());
    const found = glance(sql);
    if (state.options.replication) {
      // One command answers with several results and tags, and what is no command is SQL, which may be several statements.
      return this.#expectQuery([this.#statement('replication', sql, found)], true);
    }
    const parts = (found & glanced.severalStatements) === 0 ? undefined : this.#split(sql);
    if (parts === undefined || parts.length < 2) {
      const unsplit = parts === undefined && (found & glanced.severalStatements) !== 0;
      return this.#expectQuery([this.#statement('simple', sql, found)], unsplit);
    }
    const statements = parts.map(({ start, end }, index) => {
      const text = sql.subarray(start, end);
      const statement = this.#statement('simple', text, glance(text));
      statement.position = { index, count: parts.length };
      return statement;
    });
    this.#expectQuery(statements, false);
  }

  #split(sql: Uint8Array): readonly { readonly start: number; readonly end: number }[] | undefined {
    const { options, settings } = this.#state;
    return options.sql.split(latin1(sql), settings);
  }

  #expectQuery(statements: readonly OpenStatement[], unsplit: boolean): void {
    const state = this.#state;
    this.#forward();
    // A simple Query drops the unnamed statement (exec_simple_query).
    this.#expect(
      new ExpectedReply('query', { statements, unsplit, named: state.prepared.put('', undefined, state.syncs) }),
    );
  }

  #parse(): void {
    if (this.#refuses('go on')) return;
    const reader = this.#reader();
    const name = reader.cstringBytes();
    const sql = reader.cstringBytes();
    const count = reader.uint16();
    const types: number[] = [];
    for (let at = 0; at < count; at += 1) types.push(reader.uint32());
    for (const type of types) this.#state.sight(type);
    const statement = this.#statement('prepare', sql, glance(sql));
    if (name.length > 0) statement.statementName = name.slice();
    if (count > 0) statement.parameterTypes = types;
    this.#forward();
    const prepared: Prepared = {
      name: statement.statementName,
      owner: statement,
      columns: undefined,
      recordedColumns: undefined,
      columnsRecordedIn: 0,
      parameterTypes: undefined,
      effect: statement.effect,
    };
    statement.prepared = prepared;
    const named = this.#state.prepared.put(this.#state.nameKey(name), prepared, this.#state.syncs);
    this.#expect(new ExpectedReply('parse', { statement, named }));
  }

  #bind(): void {
    const reader = this.#reader();
    const portal = reader.cstringBytes();
    const name = reader.cstringBytes();
    const statement = this.#bound(portal, name);
    statement.parameters = reader.rest();
    this.#forward();
    this.#expectBind(portal, statement);
  }

  /** The statement that a Bind continues or begins. */
  #bound(portal: Uint8Array, name: Uint8Array): OpenStatement {
    const { prepared, inSql } = this.#named(name);
    const owner = prepared?.owner;
    if (owner?.kind === 'prepare' && this.#arrived.isNewest(owner) && isSame(owner.statementName, name)) {
      owner.kind = 'bind';
      if (portal.length > 0) owner.portal = portal.slice();
      return owner;
    }
    const statement = this.#arrived.begin('bind');
    statement.prepared = prepared;
    statement.effect = prepared?.effect;
    // An error may quote the text again each time it runs.
    statement.redacted = (owner ?? inSql)?.redacted ?? false;
    statement.textOf = owner ?? inSql;
    if (name.length > 0) statement.statementName = name.slice();
    if (portal.length > 0) statement.portal = portal.slice();
    return statement;
  }

  #named(name: Uint8Array): { readonly prepared: Prepared | undefined; readonly inSql: OpenStatement | undefined } {
    const key = this.#state.nameKey(name);
    const prepared = this.#state.prepared.get(key);
    const inSql = prepared === undefined && key !== undefined ? this.#state.preparedInSql.get(key) : undefined;
    return { prepared, inSql };
  }

  #expectBind(portalName: Uint8Array, statement: OpenStatement): void {
    const portal: Portal = {
      name: statement.portal,
      prepared: statement.prepared,
      owner: statement,
      execution: undefined,
      held: false,
      columns: undefined,
    };
    statement.boundPortal = portal;
    const named = this.#state.portals.put(this.#state.nameKey(portalName), portal, this.#state.syncs);
    this.#expect(new ExpectedReply('bind', { statement, named }));
  }

  #bindPiece(): void {
    const { bytes, start, end, first, last } = this.#framer;
    this.#forward();
    if (first) {
      this.#commit();
      this.#largeBind = new LargeBind();
    }
    const large = this.#largeBind;
    const names = large.push(bytes.subarray(first ? start + 5 : start, end));
    if (names !== undefined) {
      const statement = this.#bound(names.portal, names.name);
      this.#arrived.numberApart(statement, this.#turn);
      large.statement = statement;
    }
    large.record(this.#turn.entries);
    const { statement } = large;
    if (!last || statement === undefined) return;
    this.#turn.entries.push(statementBody(statement));
    this.#expectBind(statement.portal ?? nothing, statement);
  }

  #execute(): void {
    if (this.#refuses('go on')) return;
    const reader = this.#reader();
    const name = reader.cstringBytes();
    const maxRows = reader.int32();
    const statement = this.#executed(this.#state.portals.get(this.#state.nameKey(name)), name);
    // Zero and less ask for all rows.
    statement.maxRows = Math.max(0, maxRows);
    this.#forward();
    this.#expect(new ExpectedReply('execute', { statement }));
  }

  #executed(portal: Portal | undefined, name: Uint8Array): OpenStatement {
    const owner = portal?.owner;
    if (portal !== undefined && owner !== undefined && portal.execution === undefined) {
      if (owner.kind === 'bind' && this.#arrived.isNewest(owner) && isSame(owner.portal, name)) {
        owner.kind = 'execute';
        portal.execution = owner;
        return owner;
      }
      const statement = this.#arrived.begin('execute');
      statement.prepared = portal.prepared;
      statement.effect = portal.prepared?.effect;
      statement.redacted = owner.redacted;
      statement.textOf = portal.prepared?.owner ?? owner.textOf;
      statement.textOfNumber = owner.textOfNumber;
      statement.parametersOf = owner;
      statement.boundPortal = portal;
      if (portal.name !== undefined) statement.portal = portal.name;
      portal.execution = statement;
      return statement;
    }
    const statement = this.#arrived.begin(portal === undefined ? 'execute' : 'fetch');
    if (portal !== undefined) {
      statement.prepared = portal.prepared;
      statement.boundPortal = portal;
      statement.portalOf = portal.execution;
      statement.redacted = portal.owner.redacted;
    }
    if (name.length > 0) statement.portal = name.slice();
    return statement;
  }

  #describe(): void {
    const state = this.#state;
    const reader = this.#reader();
    const ofPortal = reader.uint8() === 0x50;
    const key = state.nameKey(reader.cstringBytes());
    this.#forward();
    const describes = ofPortal ? state.portals.get(key) : state.prepared.get(key);
    this.#expect(new ExpectedReply('describe', { describes }));
  }

  #close(): void {
    const state = this.#state;
    const reader = this.#reader();
    const ofPortal = reader.uint8() === 0x50;
    const key = state.nameKey(reader.cstringBytes());
    this.#forward();
    const table = ofPortal ? state.portals : state.prepared;
    const named = table.put(key, undefined, state.syncs);
    this.#expect(new ExpectedReply('close', { named, closes: ofPortal ? 'portal' : 'statement' }));
  }

  #sync(): void {
    const state = this.#state;
    this.#forward();
    state.refusing = false;
    state.skipping = false;
    state.syncs += 1;
    state.expected.push(new ExpectedReply('sync', { doubtful: state.copyIn !== undefined }));
  }

  #call(): void {
    if (this.#refuses('ready')) return;
    const statement = this.#arrived.begin('call');
    statement.parameters = this.#reader().rest();
    this.#forward();
    this.#expect(new ExpectedReply('call', { statement }));
  }

  // COPY

  #copyData(): void {
    this.#forward();
    this.#state.expected.sentData();
    const { bytes, start, end, first, last } = this.#framer;
    const target = this.#copyTarget();
    if (target === undefined) return;
    this.#commit();
    this.#copies.data(target, bytes.subarray(start, end), { first, last, entries: this.#turn.entries });
  }

  #copyEnd(): void {
    const state = this.#state;
    this.#forward();
    state.expected.sentData();
    const target = this.#copyTarget();
    const reply = state.expected.newestToCopy;
    if (reply !== undefined) reply.copyEnds += 1;
    if (target !== undefined) {
      this.#commit();
      const failure = this.#framer.tag === frontendTag.copyFail ? untilNul(this.#reader().rest()) : undefined;
      this.#copies.end(target, failure, this.#turn.entries);
    }
    if (state.copyIn === undefined && state.expected.length > 0) state.expected.push(new ExpectedReply('copy end'));
    state.copyIn = undefined;
  }

  #copyTarget(): OpenStatement | undefined {
    return this.#state.copyIn ?? this.#state.expected.newestToCopy?.copies;
  }

  // Replication

  /** True when the message belongs to the running stream. */
  #streamed(): boolean {
    const { tag, bytes, start, end, first } = this.#framer;
    const stream = this.#state.stream;
    if (stream === undefined || (tag !== frontendTag.copyData && tag !== frontendTag.copyDone)) return false;
    this.#forward();
    stream.count('to server', bytes.subarray(start, end), first);
    return true;
  }

  // Refusals

  /** True when the message is not to go on: the session refuses new work, or has refused it earlier in the pipeline. */
  #refuses(behind: 'ready' | 'go on'): boolean {
    const state = this.#state;
    if (state.refusing) return true;
    if (this.#refusal === undefined || state.skipping) return false;
    this.#commit();
    state.expected.push(new ExpectedReply('refusal', { error: errorResponse(this.#refusal), behind }));
    if (behind === 'go on') state.refusing = true;
    return true;
  }

  /** Remembers which reply a forwarded message causes: none, while the server discards what arrives. */
  #expect(reply: ExpectedReply): void {
    const state = this.#state;
    // If COPY is still reading, it gives up here: a Sync that comes now is certain.
    state.copyIn = undefined;
    if (!state.skipping) {
      state.expected.push(reply);
      if (reply.statement !== undefined && reply.to === 'execute') this.#countEffect(reply.statement);
      for (const statement of reply.statements) this.#countEffect(statement);
      return;
    }
    if (reply.statement !== undefined) reply.statement.skipped = true;
    for (const statement of reply.statements) statement.skipped = true;
    // The name counts for what else comes in this group, which is skipped as well.
    if (reply.named !== undefined) this.#arrived.skipName(reply.named);
  }

  #countEffect(statement: OpenStatement): void {
    if (statement.effect === undefined) return;
    statement.effectCounts = true;
    this.#state.effects += 1;
  }

  // Entries

  #statement(kind: OpenStatement['kind'], sql: Uint8Array, found: number): OpenStatement {
    const statement = this.#arrived.begin(kind);
    readText(statement, sql, { found, state: this.#state });
    return statement;
  }

  #commit(): void {
    this.#arrived.commit(this.#turn);
  }
}

const nothing = new Uint8Array(0);

/** True when the entry can say both names with one: the server may take different ones for the same. */
function isSame(recorded: Uint8Array | undefined, name: Uint8Array): boolean {
  if (recorded === undefined) return name.length === 0;
  return equalBytes(recorded, name);
}
