import { encodeFrontend, type Framer, frontendTag, ImpossibleLength, ProtocolError, Reader } from '@onrecord/wire';
import { type GatewayError, Refusal, Termination } from '../errors.ts';
import { Arrived } from './arrived.ts';
import { CopyInCapture } from './copy-in-capture.ts';
import { equalBytes } from './equal-bytes.ts';
import { errorResponse } from './error-response.ts';
import { ExpectedReply } from './expected-replies.ts';
import { createFrontendFramer, unexpected } from './frontend-framer.ts';
import { Gatekeeper } from './gatekeeper.ts';
import type { Judged, ToJudge } from './guard.ts';
import { LargeBind } from './large-bind.ts';
import { latin1 } from './latin1.ts';
import { mustWait } from './must-wait.ts';
import type { Ending, OpenStatement, Portal, Prepared } from './open-statement.ts';
import { poisonParse, poisonQuery, trial } from './poison.ts';
import { readText } from './read-text.ts';
import { readable } from './readable.ts';
import { decisionBody, outcomeBody, statementBody } from './recorded.ts';
import { redactedParameters } from './redacted-parameters.ts';
import type { SessionState } from './session-state.ts';
import { glance, glanced } from './sql-glance.ts';
import { emptyTurn, Span, type Turn } from './turn.ts';
import { untilNul } from './until-nul.ts';
import { WithheldGroup } from './withheld-group.ts';

/** A statement of a Query, by its bytes. */
interface Part {
  readonly start: number;
  readonly end: number;
}

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
  readonly #gatekeeper: Gatekeeper | undefined;
  /** What waits for approval, or will once the end of its group has come. */
  #withheld: WithheldGroup | undefined;
  /** A large Bind was refused: its other pieces are dropped. */
  #dropsPieces = false;
  #largeBindJudged: Judged | undefined;
  /** Messages of the extended protocol have come and no Sync behind them: for the server they are a transaction, and may be skipped. */
  #inGroup = false;
  #us = 0;

  constructor(state: SessionState) {
    this.#state = state;
    this.#framer = createFrontendFramer(state.options.messageBytes);
    this.#copies = new CopyInCapture(state.options);
    this.#arrived = new Arrived(state);
    const { guard } = state.options;
    this.#gatekeeper = guard === undefined ? undefined : new Gatekeeper(guard, state);
  }

  /** `refusal` is set when new work must not start; what arrives is then refused, not recorded. */
  push(chunk: Uint8Array, refusal: GatewayError | undefined, us: number): Turn {
    const turn = emptyTurn();
    this.#turn = turn;
    this.#span = new Span(this.#withheld?.bytes ?? turn.forward);
    this.#refusal = refusal;
    this.#us = us;
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

  /**
   * What waits for approval goes on, or `refusal` takes its place: the client gets it as the answer to the first statement
   * that waits.
   */
  release(refusal: GatewayError | undefined): Turn {
    const turn = emptyTurn();
    const group = this.#withheld;
    if (group === undefined) return turn;
    const state = this.#state;
    this.#withheld = undefined;
    state.waitsFor = undefined;
    state.held = group.cutShort;
    if (refusal !== undefined) {
      for (const statement of group.statements) statement.refusal ??= errorResponse(refusal);
      turn.forward.push(...group.refused());
    } else {
      turn.forward.push(group.approved());
      turn.statements.push(...group.statements);
    }
    this.#turn = turn;
    for (const reply of group.replies) {
      if (!state.skipping || reply.to === 'sync') this.#expect(reply);
      else this.#giveUp(reply, { outcome: 'skipped' });
    }
    return turn;
  }

  /** Moves to the next message, or stays at the one that was held; false when there is none, or it has to wait. */
  #next(): boolean {
    const state = this.#state;
    if (state.waitsFor !== undefined) return false;
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
    this.#giveUpWithheld();
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
    if (this.#withheld !== undefined && !grouped.has(framer.tag)) return this.#ask({ cutShort: true });
    if (inGroups.has(framer.tag)) this.#inGroup = true;
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
        this.#forward();
        return this.#endOfGroup();
      case frontendTag.functionCall:
        return this.#call();
      case frontendTag.copyData:
        return this.#copyData();
      case frontendTag.copyDone:
      case frontendTag.copyFail:
        return this.#copyEnd();
      case frontendTag.terminate:
        this.#commit();
        this.#giveUpWithheld();
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
    const body = this.#reader().rest();
    const sql = untilNul(body);
    const found = glance(sql);
    if (state.options.replication) {
      // One command answers with several results and tags, and what is no command is SQL, which may be several statements.
      return this.#expectQuery([this.#statement('replication', sql, found)], { unsplit: true });
    }
    const parts = (found & glanced.severalStatements) === 0 ? undefined : this.#split(sql);
    if (parts === undefined || parts.length < 2) {
      const unsplit = parts === undefined && (found & glanced.severalStatements) !== 0;
      const judged = body.length === sql.length + 1 ? this.#judgeQuery([sql]) : this.#malformedQuery();
      if (judged === 'wait') return;
      return this.#expectQuery([this.#statement('simple', sql, found)], { unsplit, judged });
    }
    const texts = parts.map(({ start, end }) => sql.subarray(start, end));
    const judged = body.length === sql.length + 1 ? this.#judgeQuery(texts) : this.#malformedQuery();
    if (judged === 'wait') return;
    const statements = texts.map((text, index) => {
      const statement = this.#statement('simple', text, glance(text));
      statement.position = { index, count: parts.length };
      return statement;
    });
    this.#expectQuery(statements, { judged, parts });
  }

  /** The server runs nothing of a Query whose text does not end where the message does; nor does it need to see it. */
  #malformedQuery(): readonly Judged[] {
    return this.#gatekeeper === undefined || this.#state.skipping ? none : [malformed];
  }

  /** What the guard says of the statements of a Query; none without one. `wait`: the message is taken up again later. */
  #judgeQuery(texts: readonly Uint8Array[]): readonly Judged[] | 'wait' {
    const keeper = this.#gatekeeper;
    if (keeper === undefined || this.#state.skipping) return none;
    const statements = texts.map((text) => keeper.toJudge(text, 'simple'));
    return this.#judge(statements);
  }

  #judge(statements: readonly ToJudge[]): readonly Judged[] | 'wait' {
    return this.#gatekeeper?.judge(statements, this.#us) ?? this.#awaitCatalog();
  }

  /** The message is taken up again when the catalog has been read. */
  #awaitCatalog(): 'wait' {
    this.#state.held = true;
    this.#state.waitsFor = 'catalog';
    return 'wait';
  }

  #split(sql: Uint8Array): readonly Part[] | undefined {
    const { options, settings } = this.#state;
    return options.sql.split(latin1(sql), settings);
  }

  /** `parts`: where the statements stand in the text, when there are several. */
  #expectQuery(
    statements: readonly OpenStatement[],
    {
      unsplit = false,
      judged = none,
      parts,
    }: { readonly unsplit?: boolean; readonly judged?: readonly Judged[]; readonly parts?: readonly Part[] },
  ): void {
    const state = this.#state;
    for (const [index, statement] of statements.entries()) {
      statement.judged = judged[index];
      if (statement.effect?.type === 'prepare' && statement.sql !== undefined) {
        statement.text = this.#gatekeeper?.text(statement.sql);
        statement.textConforms = state.settings.standardConformingStrings;
      }
    }
    const at = judged.findIndex(({ verdict }) => verdict.decision === 'deny');
    const denied = judged[at];
    const asks = denied === undefined && judged.some(({ verdict }) => verdict.decision === 'approve');
    // A trial has a Sync of its own: it must not end what the client has not ended, nor meet a COPY.
    const isAlone = !this.#inGroup && state.expected.length === 0;
    const unread = isAlone && denied !== undefined && denied.analysis === undefined && denied !== malformed;
    this.#inGroup = false;
    if (denied !== undefined) refuse(statements, denied);
    if (asks) this.#withhold(statements);
    if (unread) {
      const sql = untilNul(this.#reader().rest());
      this.#span.insert(trial(sql, parts?.[at] ?? { start: 0, end: sql.length }));
    } else if (denied !== undefined) this.#span.insert(poisonQuery);
    else this.#forward();
    // A simple Query drops the unnamed statement (exec_simple_query).
    const named = state.prepared.put('', undefined, state.syncs);
    const reply = new ExpectedReply('query', { statements, unsplit, named, trial: unread ? 'parsing' : undefined });
    // The server is asked about that one only.
    if (unread) reply.next = at;
    this.#expect(reply);
    if (asks) this.#ask({ cutShort: false });
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
    const { settings } = this.#state;
    statement.text = this.#gatekeeper?.text(sql);
    statement.textConforms = settings.standardConformingStrings;
    const error = this.#withheld === undefined ? this.#gatekeeper?.parses(statement.text) : undefined;
    if (error === undefined) this.#forward();
    else {
      statement.refusal = errorResponse(error);
      statement.isParseRefused = true;
      this.#span.insert(poisonParse);
    }
    const prepared: Prepared = {
      name: statement.statementName,
      owner: statement,
      columns: undefined,
      recordedColumns: undefined,
      columnsRecordedIn: 0,
      parameterTypes: undefined,
      effect: statement.effect,
      source:
        this.#gatekeeper === undefined || name.length === 0
          ? undefined
          : {
              sql: sql.slice(),
              parameterTypes: types,
              encoding: settings.clientEncoding,
              standardConformingStrings: settings.standardConformingStrings,
            },
    };
    statement.prepared = prepared;
    const named = this.#state.prepared.put(this.#state.nameKey(name), prepared, this.#state.syncs);
    this.#expect(new ExpectedReply('parse', { statement, named }));
  }

  #bind(): void {
    const reader = this.#reader();
    const portal = reader.cstringBytes();
    const name = reader.cstringBytes();
    const parameters = reader.rest();
    const judged = this.#judgeBind(name, parameters);
    if (judged === 'wait') return;
    const statement = this.#bound(portal, name);
    this.#keepParameters(statement, parameters);
    this.#bindAsJudged(statement, judged, name);
    this.#expectBind(portal, statement);
  }

  /** Parameters as they are recorded. */
  #keepParameters(statement: OpenStatement, parameters: Uint8Array): void {
    statement.parameters = parameters;
    const { redact } = this.#state.options;
    if (redact === undefined) return;
    const { prepared } = statement;
    const types = prepared?.parameterTypes ?? prepared?.owner.parameterTypes ?? statement.parameterTypes;
    statement.parameters = redactedParameters(parameters, types, redact);
    if (statement.parameters !== parameters) statement.redacted = true;
  }

  /** What the guard says of what a Bind will execute; undefined without one. */
  #judgeBind(name: Uint8Array, parameters: Uint8Array | undefined): Judged | undefined | 'wait' {
    const keeper = this.#gatekeeper;
    if (keeper === undefined || this.#state.skipping) return undefined;
    const key = this.#state.nameKey(name);
    const missing = keeper.missing(key, name);
    if (missing !== undefined) return missing;
    const toJudge = keeper.toJudgeBind(key, parameters);
    const judged = this.#judge([toJudge]);
    if (judged === 'wait') return judged;
    const [one] = judged;
    // What waits together is shown to people together, and approved together.
    const isShown = this.#withheld === undefined || one === undefined || one.statement !== undefined;
    return isShown ? one : { ...one, statement: { ...toJudge, parameters: parameters?.slice() } };
  }

  /** Forwards a Bind, or what takes its place. */
  #bindAsJudged(statement: OpenStatement, judged: Judged | undefined, name: Uint8Array): void {
    statement.judged = judged;
    const decision = judged?.verdict.decision;
    if (judged !== undefined && decision === 'deny') {
      refuse([statement], judged);
      return this.#span.insert(poisonParse);
    }
    if (decision === 'approve') this.#withhold([statement]);
    this.#prepareAgain(name, statement);
    this.#forward();
  }

  /** What the statement that is bound is called must mean what was judged. */
  #prepareAgain(name: Uint8Array, statement: OpenStatement): void {
    const state = this.#state;
    if (state.skipping) return;
    const key = state.nameKey(name);
    const again = this.#gatekeeper?.prepareAgain(key, name);
    if (again === undefined) return;
    this.#span.insert(again.bytes);
    this.#expect(new ExpectedReply('close', { ours: true }));
    const named = state.prepared.put(key, again.prepared, state.syncs);
    this.#expect(new ExpectedReply('parse', { ours: true, named, statement }));
    statement.prepared = again.prepared;
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
      judged: statement.judged,
      described: false,
    };
    statement.boundPortal = portal;
    const named = this.#state.portals.put(this.#state.nameKey(portalName), portal, this.#state.syncs);
    this.#expect(new ExpectedReply('bind', { statement, named }));
  }

  #bindPiece(): void {
    const { bytes, start, end, first, last } = this.#framer;
    if (first) {
      this.#commit();
      this.#largeBind = new LargeBind();
      this.#dropsPieces = false;
    }
    const large = this.#largeBind;
    const names = large.push(bytes.subarray(first ? start + 5 : start, end));
    if (names !== undefined) {
      const error = this.#refusesLargeBind(names.name);
      if (error === 'wait') return void this.#awaitCatalog();
      const statement = this.#bound(names.portal, names.name);
      statement.judged = this.#largeBindJudged;
      this.#arrived.numberApart(statement, this.#turn);
      large.statement = statement;
      if (error !== undefined) {
        statement.refusal = errorResponse(error);
        this.#dropsPieces = true;
      } else {
        this.#prepareAgain(names.name, statement);
        for (const piece of large.takeUnsent()) this.#span.insert(piece);
      }
    }
    if (large.statement === undefined) large.keepUnsent(bytes.subarray(start, end));
    else if (!this.#dropsPieces) this.#forward();
    // Nobody has looked through the pieces.
    if (this.#state.options.redact === undefined) large.record(this.#turn.entries);
    else if (large.statement !== undefined) large.statement.redacted = true;
    const { statement } = large;
    if (!last || statement === undefined) return;
    // Not before its end: the answer would be there first.
    if (this.#dropsPieces) this.#span.insert(poisonParse);
    this.#turn.entries.push(statementBody(statement));
    const decision = decisionBody(statement);
    if (decision !== undefined) this.#turn.entries.push(decision);
    this.#expectBind(statement.portal ?? nothing, statement);
  }

  /** Why a Bind that is passed on in pieces may not be, if so. It is not held for people, and for the catalog only at its first piece. */
  #refusesLargeBind(name: Uint8Array): GatewayError | 'wait' | undefined {
    this.#largeBindJudged = undefined;
    const keeper = this.#gatekeeper;
    if (keeper === undefined || this.#state.skipping) return undefined;
    if (this.#withheld !== undefined) return tooLargeToWait();
    const key = this.#state.nameKey(name);
    const judged = keeper.missing(key, name) ?? keeper.judge([keeper.toJudgeBind(key, undefined)], this.#us)?.[0];
    this.#largeBindJudged = judged;
    if (judged === undefined && this.#framer.first) return 'wait';
    if (judged === undefined || judged.verdict.decision === 'approve') return tooLargeToWait();
    return judged.verdict.decision === 'deny' ? denial(judged) : undefined;
  }

  #execute(): void {
    if (this.#refuses('go on')) return;
    const reader = this.#reader();
    const name = reader.cstringBytes();
    const maxRows = reader.int32();
    const portal = this.#state.portals.get(this.#state.nameKey(name));
    const statement = this.#executed(portal, name);
    // Zero and less ask for all rows.
    statement.maxRows = Math.max(0, maxRows);
    if (this.#gatekeeper !== undefined) this.#executeAsJudged(statement, portal, name);
    else this.#forward();
    this.#expect(new ExpectedReply('execute', { statement }));
  }

  /** Forwards an Execute, or what takes its place. What it may show must be known before its rows come. */
  #executeAsJudged(statement: OpenStatement, portal: Portal | undefined, name: Uint8Array): void {
    const state = this.#state;
    const guard = state.options.guard;
    statement.judged = portal?.judged;
    if (guard === undefined || state.skipping) return this.#forward();
    const error = portal === undefined ? noSuchPortal(name) : whyNotAnyMore(portal, guard.settings);
    if (error !== undefined && this.#withheld === undefined) {
      statement.refusal = errorResponse(error);
      return this.#span.insert(poisonParse);
    }
    if (guard.masks && portal !== undefined && !portal.described) {
      portal.described = true;
      this.#span.insert(describePortal(name));
      this.#expect(new ExpectedReply('describe', { describes: portal, ours: true, statement }));
    }
    this.#forward();
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
      statement.text = portal.prepared?.owner.text;
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
    const portal = ofPortal ? state.portals.get(key) : undefined;
    const describes = ofPortal ? portal : state.prepared.get(key);
    if (portal !== undefined) portal.described = true;
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
    this.#inGroup = false;
    state.refusing = false;
    state.skipping = false;
    state.syncs += 1;
    const reply = new ExpectedReply('sync', { doubtful: state.copyIn !== undefined });
    if (this.#withheld === undefined) state.expected.push(reply);
    else this.#withheld.replies.push(reply);
    this.#endOfGroup();
  }

  #call(): void {
    if (this.#refuses('ready')) return;
    const parameters = this.#reader().rest();
    const keeper = this.#state.skipping ? undefined : this.#gatekeeper;
    const judged = keeper?.judgeCall(parameters, this.#us);
    if (keeper !== undefined && judged === undefined) return void this.#awaitCatalog();
    const statement = this.#arrived.begin('call');
    statement.parameters = parameters;
    statement.judged = judged;
    const decision = judged?.verdict.decision;
    if (judged !== undefined && decision === 'deny') {
      refuse([statement], judged);
      this.#span.insert(poisonQuery);
    } else {
      if (decision === 'approve') this.#withhold([statement]);
      this.#forward();
    }
    this.#expect(new ExpectedReply('call', { statement }));
    if (decision === 'approve') this.#ask({ cutShort: false });
  }

  // Approvals

  /** From here on nothing goes to Postgres until people have been asked about it. */
  #withhold(statements: readonly OpenStatement[]): void {
    if (this.#withheld === undefined) {
      this.#withheld = new WithheldGroup(this.#framer.tag);
      this.#span.flush();
      this.#span = new Span(this.#withheld.bytes);
    }
    for (const statement of statements) {
      if (!this.#withheld.statements.includes(statement)) this.#withheld.statements.push(statement);
    }
  }

  #endOfGroup(): void {
    if (this.#withheld !== undefined) this.#ask({ cutShort: false });
  }

  #ask({ cutShort }: { readonly cutShort: boolean }): void {
    const group = this.#withheld;
    if (group === undefined) return;
    const state = this.#state;
    this.#commit();
    // They are not forwarded with this turn.
    const { statements } = this.#turn;
    statements.splice(0, statements.length, ...statements.filter((statement) => !group.statements.includes(statement)));
    this.#span.flush();
    group.cutShort = cutShort;
    group.own();
    state.held = true;
    state.waitsFor = 'approval';
    const judged = new Set(group.statements.map((statement) => statement.judged));
    const asks = Array.from(judged).flatMap((one) => one?.verdict.asks ?? []);
    const settings = state.options.guard?.settings ?? '';
    this.#turn.ask = { asks, statements: [...group.statements], settings };
    // What was asked before it is owed its answers now.
    const { newest } = state.expected;
    if (newest !== undefined && newest.to !== 'sync' && newest.to !== 'query') this.#turn.forward.push(flush);
  }

  /** The client ends the session in the middle of what it would have had to wait for. */
  #giveUpWithheld(): void {
    const group = this.#withheld;
    if (group === undefined) return;
    this.#withheld = undefined;
    this.#span.flush();
    this.#span = new Span(this.#turn.forward);
    for (const reply of group.replies) this.#giveUp(reply, { outcome: 'client gone', reason: notAsked });
  }

  /** Ends what was recorded and will not be forwarded. */
  #giveUp(reply: ExpectedReply, ending: Ending): void {
    if (reply.named !== undefined) reply.named.dead = true;
    for (const statement of reply.statement === undefined ? reply.statements : [reply.statement]) {
      if (statement.ended) continue;
      statement.ended = true;
      this.#turn.entries.push(outcomeBody(statement, ending, 0));
    }
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
    if (this.#withheld !== undefined) {
      this.#withheld.replies.push(reply);
      if (reply.statement !== undefined) this.#withhold([reply.statement]);
      return;
    }
    if (reply.to === 'sync') return this.#expectSync(reply);
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

  /** Of a group that has waited: meanwhile the server may have come to skip what is in front of it. */
  #expectSync(reply: ExpectedReply): void {
    this.#state.skipping = false;
    this.#state.expected.push(reply);
  }

  #countEffect(statement: OpenStatement): void {
    const { judged } = statement;
    const follows = judged !== undefined && this.#state.options.guard?.changesWhatFollows(judged) === true;
    if (statement.effect === undefined && !follows) return;
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
const none: readonly Judged[] = [];
const malformed: Judged = {
  analysis: undefined,
  verdict: { decision: 'deny', matches: [], error: new Refusal('08P01', 'invalid string in message') },
  settings: '',
};
const notAsked = 'the session ended before the statement could be approved';

const inGroups: ReadonlySet<number> = new Set(Object.keys(replyTo).map(Number));

/** Messages that belong to a group which waits for approval, or end it. */
const grouped: ReadonlySet<number> = new Set([
  frontendTag.parse,
  frontendTag.bind,
  frontendTag.describe,
  frontendTag.execute,
  frontendTag.close,
  frontendTag.flush,
  frontendTag.sync,
  frontendTag.terminate,
]);

function refuse(statements: readonly OpenStatement[], { verdict }: Judged): void {
  const error = errorResponse(denial({ verdict }));
  for (const statement of statements) statement.refusal = error;
}

function denial({ verdict }: Pick<Judged, 'verdict'>): GatewayError {
  return verdict.error ?? new Refusal('42501', 'the statement was refused');
}

function tooLargeToWait(): Refusal {
  return new Refusal(
    '54000',
    'the parameters are too large for a statement that has to wait for approval or for the catalog',
    {
      hint: 'Send them in smaller pieces.',
    },
  );
}

/** In the words of the server, which most probably does not know it either. */
function noSuchPortal(name: Uint8Array): Refusal {
  return new Refusal('34000', `portal "${readable(name)}" does not exist`, {
    detail: 'The gateway has seen nothing bound to it, and rules apply to what it would run.',
  });
}

/** A portal that was judged under other settings than are in force now, where its approval covers those only. */
function whyNotAnyMore({ judged }: Portal, settings: string): Refusal | undefined {
  if (judged?.verdict.decision !== 'approve' || judged.settings === settings) return undefined;
  return new Refusal('42501', 'settings of the session have changed since the statement was approved', {
    hint: 'Bind it again, to ask anew.',
  });
}

function describePortal(name: Uint8Array): Uint8Array {
  return encodeFrontend({ type: 'describe', target: 'portal', name }).finish();
}

/** True when the entry can say both names with one: the server may take different ones for the same. */
function isSame(recorded: Uint8Array | undefined, name: Uint8Array): boolean {
  if (recorded === undefined) return name.length === 0;
  return equalBytes(recorded, name);
}
