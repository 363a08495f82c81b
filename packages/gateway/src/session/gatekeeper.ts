import { Reader } from '@onrecord/wire';
import type { Guard, Judged, SessionNames, ToJudge } from './guard.ts';
import { latin1Bytes } from './latin1.ts';
import type { NameKey } from './name-table.ts';
import type { SessionState } from './session-state.ts';

/** Puts what arrives before the guard, with what the session knows about it. */
export class Gatekeeper {
  readonly #guard: Guard;
  readonly #state: SessionState;
  readonly #names: SessionNames;

  constructor(guard: Guard, state: SessionState) {
    this.#guard = guard;
    this.#state = state;
    this.#names = { prepared: (name) => this.#prepared(name), cursor: (name) => state.portals.get(name)?.judged };
  }

  text(sql: Uint8Array): string | undefined {
    return this.#guard.text(sql, this.#state.settings);
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
    const known = name === undefined ? undefined : this.#prepared(name);
    // A text of PREPARE is judged as the EXECUTE that it stands for.
    const text = known?.inSql ? this.#executeOf(name ?? '') : known?.text;
    return {
      text,
      protocol: 'extended',
      parameters,
      parameterTypes: prepared?.parameterTypes ?? prepared?.owner.parameterTypes,
      inTransaction: this.#inTransaction,
    };
  }

  /** Undefined: the catalog has to be read again first. */
  judge(statements: readonly ToJudge[], us: number): readonly Judged[] | undefined {
    return this.#guard.judge(statements, this.#names, us);
  }

  /** `body`: of FunctionCall. */
  judgeCall(body: Uint8Array, us: number): Judged {
    const oid = body.length < 4 ? 0 : new Reader(body).uint32();
    return this.#guard.judgeCall(oid, this.#inTransaction, us);
  }

  /** The name is in the client's encoding. */
  #executeOf(name: string): string | undefined {
    const unicode = this.text(latin1Bytes(name));
    return unicode === undefined ? undefined : `EXECUTE ${quoted(unicode)}`;
  }

  get #inTransaction(): boolean {
    return this.#state.transaction !== 'I';
  }

  #prepared(name: string): { readonly text: string; readonly inSql: boolean } | undefined {
    const state = this.#state;
    const owner = state.prepared.get(name)?.owner;
    const found = owner ?? state.preparedInSql.get(name);
    if (found?.text === undefined || (found.n > 0 && found.n <= state.distrustedUpTo)) return undefined;
    return { text: found.text, inSql: owner === undefined };
  }
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
