import { encodeFrontend, Reader, Writer } from '@onrecord/wire';
import { type GatewayError, Refusal } from '../errors.ts';
import type { Analysis } from '../sql/analysis.ts';
import { quoteName } from '../sql/quote-name.ts';
import type { Guard, Judged, SessionNames, ToJudge } from './guard.ts';
import { latin1Bytes } from './latin1.ts';
import type { NameKey } from './name-table.ts';
import type { JudgedAt, OpenStatement, Portal, Prepared } from './open-statement.ts';
import { changedSinceApproval, changedSinceBind } from './portal-verdicts.ts';
import { readable } from './readable.ts';
import type { SessionState } from './session-state.ts';

interface KnownText {
  readonly text: string;
  /** It is the text of a PREPARE. */
  readonly inSql: boolean;
  readonly textConforms: boolean;
  readonly meant: Analysis | undefined;
}

/** Puts what arrives before the guard, with what the session knows about it. */
export class Gatekeeper {
  readonly #guard: Guard;
  readonly #state: SessionState;
  readonly #names: SessionNames;

  constructor(guard: Guard, state: SessionState) {
    this.#guard = guard;
    this.#state = state;
    this.#names = { prepared: (name) => this.#trusted(name), cursor: (name) => state.portals.get(name)?.judged };
  }

  /** The catalog is to be read again before anything is judged. */
  get awaitsCatalog(): boolean {
    return this.#guard.isStale;
  }

  text(sql: Uint8Array): string | undefined {
    const { options, settings } = this.#state;
    // Such a server takes bytes as they come, whatever the client says they are.
    const isRaw = settings.clientEncoding !== 'UTF8' && options.parameters.get('server_encoding') === 'SQL_ASCII';
    if (isRaw && sql.some((byte) => byte > 0x7f)) return undefined;
    return this.#guard.text(sql, settings);
  }

  /** Why a Parse of a text that means this must not go on, if so. */
  parses(meant: Analysis | undefined): GatewayError | undefined {
    return this.#guard.parses(meant);
  }

  /** What the text of a Parse means now; undefined when that cannot be told, or nobody will ask. */
  means(text: string | undefined): Analysis | undefined {
    return text === undefined || this.#state.skipping ? undefined : this.#guard.means(text);
  }

  toJudge(sql: Uint8Array, protocol: ToJudge['protocol']): ToJudge {
    return {
      text: this.text(sql),
      protocol,
      parameters: undefined,
      parameterTypes: undefined,
      inTransaction: this.#inTransaction,
    };
  }

  /** What a Bind of that prepared statement would execute. */
  toJudgeBind(name: NameKey, parameters: Uint8Array | undefined): ToJudge {
    const prepared = this.#state.prepared.get(name);
    const known = this.#known(name, prepared);
    // A text of PREPARE is judged as the EXECUTE that it stands for.
    const text = known?.inSql ? this.#executeOf(name ?? '') : known?.text;
    return {
      text,
      textConforms: known?.textConforms,
      meant: known?.meant,
      protocol: 'extended',
      parameters,
      parameterTypes: prepared?.parameterTypes ?? prepared?.owner.parameterTypes,
      inTransaction: this.#inTransaction,
      ...(known?.inSql === true ? { isNamedInSql: true } : {}),
    };
  }

  /** The verdict on a Bind to a statement that nobody has prepared, as far as the session has seen. */
  missing(key: NameKey, name: Uint8Array): Judged | undefined {
    const { prepared, preparedInSql } = this.#state;
    if (key === undefined || prepared.get(key) !== undefined || preparedInSql.has(key)) return undefined;
    const settings = '';
    return { analysis: undefined, verdict: { decision: 'deny', matches: [], error: noSuchStatement(name) }, settings };
  }

  /** Undefined: the catalog has to be read again first. */
  judge(statements: readonly ToJudge[], us: number): readonly Judged[] | undefined {
    return this.#guard.judge(statements, this.#names, us);
  }

  /** What is kept with a portal that is judged now. */
  judgedAt(toJudge: ToJudge | undefined, us: number): JudgedAt {
    const { definitions, namings, options } = this.#state;
    const time = this.#guard.timeOf(us);
    return { statement: keptOf(toJudge), definitions, namings, catalog: options.catalog?.(), time };
  }

  /**
   * The verdict on an Execute: the one on the portal, unless what it runs by may be another now than it was then. Code that
   * it calls and names that it uses are looked up when it runs. Undefined: the catalog has to be read again first.
   */
  judgeExecute(portal: Portal, name: Uint8Array, us: number): Judged | undefined {
    const { judged, judgedAt } = portal;
    if (judged === undefined || judgedAt === undefined || this.#holds(judged, judgedAt, us)) return judged;
    if (judged.verdict.decision === 'deny') return judged;
    if (judged.verdict.decision === 'approve') return changedSinceApproval(judged);
    const statement = this.#executeAgain(portal, judgedAt, name);
    if (statement === undefined) return changedSinceBind(judged);
    const now = this.judge([statement], us);
    return now === undefined ? undefined : this.#guard.atExecution(judged, now[0]);
  }

  /** `body`: of FunctionCall. Undefined: the catalog has to be read again first. */
  judgeCall(body: Uint8Array, us: number): Judged | undefined {
    const oid = body.length < 4 ? 0 : new Reader(body).uint32();
    return this.#guard.judgeCall(oid, this.#inTransaction, us);
  }

  /**
   * Gives the name of a prepared statement its own text again where code in the server may have given it another: messages
   * that go in front of the Bind that uses it, and what they make of the name. The client hears nothing of it. Undefined
   * when there is no need.
   */
  prepareAgain(
    key: NameKey,
    name: Uint8Array,
  ): { readonly bytes: Uint8Array; readonly prepared: Prepared } | undefined {
    const prepared = this.#preparedAgain(key);
    if (prepared?.source === undefined) return undefined;
    const { sql, parameterTypes } = prepared.source;
    const writer = new Writer();
    encodeFrontend({ type: 'close', target: 'statement', name }, writer);
    encodeFrontend({ type: 'parse', name, sql, parameterTypes }, writer);
    return { bytes: writer.finish(), prepared: { ...prepared, since: this.#state.count + 1 } };
  }

  /** Nothing has changed by which it was judged. */
  #holds(judged: Judged, { definitions, namings, catalog, time }: JudgedAt, us: number): boolean {
    const { definitions: now, namings: names, options } = this.#state;
    const isSame = definitions === now && judged.settings === this.#guard.settings;
    if (!isSame || (namings !== names && usesNames(judged))) return false;
    // What others define while people are asked is seen when the approval is used.
    if (judged.verdict.decision === 'approve') return true;
    return catalog === options.catalog?.() && time === this.#guard.timeOf(us);
  }

  /** What an Execute of the portal runs, to be judged; undefined where that cannot be said again. */
  #executeAgain({ owner }: Portal, { statement }: JudgedAt, name: Uint8Array): ToJudge | undefined {
    const inTransaction = this.#inTransaction;
    if (statement !== undefined) return { ...statement, inTransaction, isAgain: true };
    if (owner.effect?.type !== 'declare') return undefined;
    const unicode = this.text(name);
    const text = unicode === undefined ? undefined : `FETCH ALL FROM ${quoteName(unicode)}`;
    return {
      text,
      protocol: 'extended',
      parameters: noParameters,
      parameterTypes: undefined,
      inTransaction,
      isAgain: true,
    };
  }

  /** The name is in the client's encoding. */
  #executeOf(name: string): string | undefined {
    const unicode = this.text(latin1Bytes(name));
    return unicode === undefined ? undefined : `EXECUTE ${quoteName(unicode)}`;
  }

  get #inTransaction(): boolean {
    return this.#state.transaction !== 'I';
  }

  /**
   * What the name of a prepared statement is to be given again before it is used, because code in the server may have
   * given it another text; undefined when it means what it did, and when that cannot be said again.
   */
  #preparedAgain(name: NameKey): Prepared | undefined {
    const prepared = this.#state.prepared.get(name);
    if (prepared?.source === undefined || !this.#isDistrusted(prepared)) return undefined;
    const { sql, encoding, standardConformingStrings } = prepared.source;
    const { settings } = this.#state;
    const reads = encoding === settings.clientEncoding || sql.every((byte) => byte < 0x80);
    const conforms = standardConformingStrings === settings.standardConformingStrings || !sql.includes(0x5c);
    return reads && conforms ? prepared : undefined;
  }

  #isDistrusted({ owner, since }: Pick<Prepared, 'owner' | 'since'>): boolean {
    const from = since ?? owner.n;
    return from > 0 && from <= this.#state.distrustedUpTo;
  }

  /** What a Bind to the name uses, once `prepareAgain` has done what it has to. */
  #known(name: NameKey, prepared: Prepared | undefined): KnownText | undefined {
    if (prepared !== undefined && !this.#isDistrusted(prepared)) return textOf(prepared.owner);
    return this.#preparedAgain(name) === undefined ? this.#trusted(name) : this.#prepared(name);
  }

  /** What the name means, as far as nobody can have changed it. No code in the server can name the unnamed statement. */
  #trusted(name: NameKey): KnownText | undefined {
    if (name === undefined) return undefined;
    const { prepared, preparedInSql } = this.#state;
    const owner = preparedInSql.get(name);
    const found = prepared.get(name) ?? (owner === undefined ? undefined : { owner });
    return found === undefined || (name !== '' && this.#isDistrusted(found)) ? undefined : this.#prepared(name);
  }

  #prepared(name: NameKey): KnownText | undefined {
    if (name === undefined) return undefined;
    const { prepared, preparedInSql } = this.#state;
    const owner = prepared.get(name)?.owner;
    if (owner !== undefined) return textOf(owner);
    const inSql = preparedInSql.get(name);
    if (inSql?.text === undefined) return undefined;
    const { text, textConforms, judged } = inSql;
    return { text, textConforms, inSql: true, meant: judged?.analysis?.names?.analysis };
  }
}

/** Parameters are a view of the chunk that they came in; larger ones are not kept. */
const maxKeptBytes = 8 * 1024;
const noParameters = new Uint8Array([0, 0, 0, 0]);

const planned: ReadonlySet<string> = new Set(['select', 'insert', 'update', 'delete', 'merge']);

/** It may run what a name of the session stands for when it is executed. */
function usesNames({ analysis }: Judged): boolean {
  return analysis === undefined || !planned.has(analysis.commands[0].kind);
}

/**
 * What of a Bind can be judged again: not where SQL has named what it binds, since that name can be given to another. Large
 * parameters are not kept; a rule that asks for them cannot be evaluated then.
 */
function keptOf(toJudge: ToJudge | undefined): ToJudge | undefined {
  if (toJudge === undefined || toJudge.isNamedInSql === true) return undefined;
  const { parameters } = toJudge;
  const isKept = parameters !== undefined && parameters.length <= maxKeptBytes;
  return { ...toJudge, parameters: isKept ? parameters.slice() : undefined };
}

/** What a Parse has given a name. */
function textOf({ text, textConforms, meant }: OpenStatement): KnownText | undefined {
  return text === undefined ? undefined : { text, textConforms, inSql: false, meant };
}

/** In the words of the server, which most probably does not know it either. */
function noSuchStatement(name: Uint8Array): Refusal {
  const what = name.length === 0 ? 'unnamed prepared statement' : `prepared statement "${readable(name)}"`;
  return new Refusal('26000', `${what} does not exist`, {
    detail: 'The gateway has seen nobody prepare it, and rules apply to what it would run.',
  });
}
