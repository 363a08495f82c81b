import { backendTag, type Framer, Writer } from '@onrecord/wire';
import { nothing } from '../../sql/nothing.ts';
import type { ExpectedReply } from '../expected-replies.ts';
import type { Guard, Judged } from '../guard.ts';
import { GuardedRows } from '../guarded-rows.ts';
import type { Ending, OpenStatement } from '../open-statement.ts';
import type { SessionState } from '../session-state.ts';
import type { FromServer } from './from-server.ts';
import { tooManyRows } from './row-limit.ts';
import type { ToClient } from './to-client.ts';
import { isUntimely } from './untimely.ts';

/** Statements of a transaction that are asked about one by one when it fails at its end. */
const maxRemembered = 100;

/** What a guard makes of the server's answers on their way to the client. */
export class GuardedReplies {
  readonly #guard: Guard;
  readonly #state: SessionState;
  readonly #framer: Framer;
  readonly #client: ToClient;
  readonly #rows: GuardedRows;
  /** What has been judged of statements that ran in the transaction; undefined stands for anything. */
  readonly #ran: Set<Judged | undefined> = new Set();

  constructor(guard: Guard, from: Pick<FromServer, 'state' | 'framer' | 'client' | 'capture'>) {
    const { state, framer, client, capture } = from;
    this.#guard = guard;
    this.#state = state;
    this.#framer = framer;
    this.#client = client;
    this.#rows = new GuardedRows(guard, capture, (bytes) => {
      if (!state.muted) client.insert(bytes);
    });
  }

  /** A row or COPY data: true when it is not for the caller any more. */
  row(open: OpenStatement, us: number): boolean {
    const taken = this.#rows.push(open, this.#framer);
    if (taken === 'as it is') {
      if (!this.#state.muted) this.#client.deliver();
      return false;
    }
    if (open.firstByteUs === 0) open.firstByteUs = us;
    if (taken === 'over') {
      open.givesUp ??= tooManyRows(this.#guard.rowLimit);
      this.#client.turn.cancel = true;
    }
    return true;
  }

  /** Ends the run of rows that is being masked: must be called before anything else is made of their statement. */
  flushRows(): void {
    this.#rows.flush();
  }

  /** Delivers any other message as it came, unless it is not for the client or something else takes its place. */
  message(head: ExpectedReply | undefined): void {
    const { tag } = this.#framer;
    const open = head?.current;
    if (tag === backendTag.copyDone && open !== undefined) this.#rows.endCopy(open);
    else this.#rows.flush();
    // `report` says what the client sees of these.
    if (tag === backendTag.errorResponse || tag === backendTag.noticeResponse) return;
    if (isUntimely(tag)) return this.#client.deliver();
    if (tag === backendTag.readyForQuery) this.#state.muted = false;
    if (this.#state.muted || head?.ours === true) return;
    if (head?.trial === 'parsing' && tag === backendTag.parseComplete) return;
    if (tag === backendTag.commandComplete && open?.overLimit === true) return;
    this.#client.deliver();
  }

  /** Delivers an error or a notice of the server as the client may see it, and returns its body as that. */
  report(head: ExpectedReply | undefined, body: Uint8Array): Uint8Array {
    const seen = this.#seen(head, body);
    const open = head?.current;
    if (seen === body) {
      if (!this.#state.muted) this.#client.deliver();
      return body;
    }
    if (open !== undefined) open.withheld += 1;
    if (!this.#state.muted) this.#client.insert(message(this.#framer.tag, seen));
    return seen;
  }

  /** What the client may see of an error or a notice. */
  #seen(head: ExpectedReply | undefined, body: Uint8Array): Uint8Array {
    const guard = this.#guard;
    const open = head?.current;
    if (!guard.masks) return body;
    if (isOnlyParsed(head) || (head?.to === 'describe' && !head.ours)) return guard.report(nothingRun, body);
    if (open !== undefined && !open.ended) return guard.report(open.judged, body);
    // At the end of the transaction: checks of any statement of it that had been put off.
    for (const judged of this.#ran) {
      const seen = guard.report(judged, body);
      if (seen !== body) return seen;
    }
    return body;
  }

  /** What a statement changed counts from now on. */
  ended({ judged, n }: OpenStatement, { outcome }: Ending): void {
    const guard = this.#guard;
    if (judged === undefined) return;
    // A portal with rows left has done some of what it does, or all.
    const hasRun = outcome === 'completed' || outcome === 'suspended';
    if (hasRun) guard.completed(judged);
    if (guard.takeNamesForgotten()) this.#state.distrustedUpTo = n;
    // Beyond so many, anything may have run.
    if (guard.masks && hasRun) this.#ran.add(this.#ran.size < maxRemembered ? judged : undefined);
  }

  /** ReadyForQuery has come. */
  ready(): void {
    const { transaction } = this.#state;
    this.#guard.ready(transaction);
    if (transaction === 'I' && this.#ran.size > 0) this.#ran.clear();
  }
}

/** Postgres reads the client's text and has not come to run any of it: what it says is about the text. */
export function isOnlyParsed(head: ExpectedReply | undefined): boolean {
  return head?.to === 'parse' || head?.trial === 'parsing';
}

/**
 * Stands for a statement of which nothing has run: what Postgres says is about its text, unless code says it. Literals are
 * read while a text is parsed, and a domain's CHECK is code.
 */
const nothingRun: Judged = { analysis: nothing, verdict: { decision: 'allow', matches: [] }, settings: '' };

function message(tag: number, body: Uint8Array): Uint8Array {
  return new Writer(body.length + 5).begin(tag).bytes(body).end().finish();
}
