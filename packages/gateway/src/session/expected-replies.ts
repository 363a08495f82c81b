import type { Named } from './name-table.ts';
import type { OpenStatement, Portal, Prepared } from './open-statement.ts';

/**
 * What Postgres will answer to a forwarded message. `ReadyForQuery` after a Sync and after a Query are different
 * expectations: an error in the extended protocol discards up to the Sync, in a simple Query it ends that Query.
 */
export type ReplyTo =
  | 'query'
  | 'parse'
  | 'bind'
  | 'describe'
  | 'execute'
  | 'close'
  | 'sync'
  | 'call'
  /** CopyDone or CopyFail that was sent before CopyInResponse was seen; causes no reply of its own. */
  | 'copy end'
  /** An answer that the gateway gives itself, in its place. */
  | 'refusal';

/** One forwarded message and what hangs on its answer. */
export class ExpectedReply {
  readonly to: ReplyTo;
  readonly statement: OpenStatement | undefined;
  /** The name it gave or took, to be confirmed or taken back. */
  readonly named: Named<Prepared> | Named<Portal> | undefined;
  /** `close`: what kind of thing `named` is. */
  readonly closes: 'statement' | 'portal';
  /** What Describe asked about. */
  readonly describes: Prepared | Portal | undefined;
  /** `query`: its statements; `next` is the one that is answered now. */
  readonly statements: readonly OpenStatement[];
  next = 0;
  /** `query`: how many COPY FROM STDIN of it have been sent to their end. */
  copyEnds = 0;
  /** `query`: its statements could not be told apart; the one entry stands for all of them. */
  readonly unsplit: boolean;
  /** `query` and `call`: an error was answered, only ReadyForQuery is still to come. */
  failed = false;
  /** `refusal`: the ErrorResponse, and what the session does behind it. */
  readonly error: Uint8Array | undefined;
  readonly behind: 'ready' | 'go on' | 'end';
  /** Why the session ends, for `behind: 'end'`. */
  readonly reason: string | undefined;
  /** `describe`: asked by the gateway, for masking; the client gets no answer. */
  readonly ours: boolean;
  /**
   * `query`: stands for a text that the gateway could not read. Postgres is asked to parse it and no more, then made to
   * fail: an error in the first step is its own, one in the second is the refusal.
   */
  trial: 'parsing' | 'parsed' | undefined;
  /** `sync`: a COPY FROM STDIN that had begun may have passed over it, and then it has no answer. */
  doubtful: boolean;
  /** `sync`: data of a COPY, or its end, was sent right behind it. */
  dataBehind = false;

  constructor(
    to: ReplyTo,
    about: {
      readonly statement?: OpenStatement | undefined;
      readonly named?: Named<Prepared> | Named<Portal> | undefined;
      readonly closes?: 'statement' | 'portal';
      readonly describes?: Prepared | Portal | undefined;
      readonly statements?: readonly OpenStatement[] | undefined;
      readonly unsplit?: boolean;
      readonly error?: Uint8Array | undefined;
      readonly behind?: 'ready' | 'go on' | 'end';
      readonly reason?: string;
      readonly doubtful?: boolean;
      readonly ours?: boolean;
      readonly trial?: 'parsing' | undefined;
    } = nothing,
  ) {
    this.to = to;
    this.statement = about.statement;
    this.named = about.named;
    this.closes = about.closes ?? 'statement';
    this.describes = about.describes;
    this.statements = about.statements ?? none;
    this.unsplit = about.unsplit ?? false;
    this.error = about.error;
    this.behind = about.behind ?? 'go on';
    this.reason = about.reason;
    this.doubtful = about.doubtful ?? false;
    this.ours = about.ours ?? false;
    this.trial = about.trial;
  }

  /** The statement that an answer arriving now is about. */
  get current(): OpenStatement | undefined {
    if (this.to !== 'query') return this.statement;
    return this.statements[Math.min(this.next, this.statements.length - 1)];
  }

  /** The statement that data of a COPY is for when the server has not asked for it yet. */
  get copies(): OpenStatement | undefined {
    if (this.to !== 'query') return this.statement;
    return this.statements.filter((statement) => statement.readsStdin)[this.copyEnds] ?? this.current;
  }
}

/** All statements that a reply is about. */
export function statementsOf(reply: ExpectedReply): readonly OpenStatement[] {
  return reply.statement === undefined ? reply.statements : [reply.statement];
}

const nothing = {};
const none: readonly OpenStatement[] = [];
const compactAt = 1024;

/** The queue of answers that Postgres still owes, in order. */
export class ExpectedReplies {
  #items: ExpectedReply[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  get head(): ExpectedReply | undefined {
    return this.#items[this.#head];
  }

  /** False when `takeDue` would take nothing. */
  get mayBeDue(): boolean {
    const { head } = this;
    return head !== undefined && (head.doubtful || head.to === 'refusal' || head.to === 'copy end');
  }

  push(reply: ExpectedReply): void {
    this.#items.push(reply);
  }

  shift(): ExpectedReply | undefined {
    const item = this.#items[this.#head];
    if (item === undefined) return undefined;
    this.#head += 1;
    if (this.#head === this.#items.length) {
      this.#items = [];
      this.#head = 0;
    } else if (this.#head >= compactAt && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** Takes out everything in front of the next Sync; the Sync, if there is one, becomes the head. */
  discardToSync(): readonly ExpectedReply[] {
    const discarded: ExpectedReply[] = [];
    while (this.head !== undefined && this.head.to !== 'sync') discarded.push(this.shift() as ExpectedReply);
    return discarded;
  }

  /**
   * COPY IN has begun for the head. Syncs behind it become doubtful: the server passes over them while it reads data
   * (CopyGetData), but not once the COPY has failed. Returns true when there is no more data to come: its end was sent,
   * or something else that makes the server give up.
   */
  doubtSyncs(): boolean {
    const items = this.#items;
    for (let at = this.#head + 1; at < items.length; at += 1) {
      const item = items[at] as ExpectedReply;
      if (item.to === 'copy end') items.splice(at, 1);
      if (item.to !== 'sync') return true;
      item.doubtful = true;
    }
    return false;
  }

  /** The COPY of the head has read all of its data, and with it every Sync that was doubtful. */
  dropDoubtful(): void {
    const items = this.#items;
    const from = this.#head + 1;
    let to = from;
    while (items[to]?.doubtful) to += 1;
    if (to > from) items.splice(from, to - from);
  }

  /** Takes out what stands behind nothing but doubtful Syncs and waits for no answer of the server. */
  takeDue(): ExpectedReply | undefined {
    const items = this.#items;
    let at = this.#head;
    while (items[at]?.doubtful) at += 1;
    const item = items[at];
    if (item === undefined || isAnswered(item)) return undefined;
    if (at === this.#head) return this.shift();
    items.splice(at, 1);
    return item;
  }

  /** Data of a COPY, or its end, is being sent. */
  sentData(): void {
    const { newest } = this;
    if (newest?.to === 'sync') newest.dataBehind = true;
  }

  /** True when a Sync is in the queue that certainly has an answer. */
  get hasCertainSync(): boolean {
    return this.#items.some((item, at) => at >= this.#head && item.to === 'sync' && !item.doubtful);
  }

  /** True when the server has nothing more to answer than Syncs that it may have passed over. */
  get isSettled(): boolean {
    for (let at = this.#head; at < this.#items.length; at += 1) {
      const item = this.#items[at] as ExpectedReply;
      if (!item.doubtful && isAnswered(item)) return false;
    }
    return true;
  }

  get newest(): ExpectedReply | undefined {
    return this.#items.at(-1);
  }

  /** What stands behind the doubtful Syncs at the front: the first certain one, and what is asked in front of that. */
  behindDoubtful(): { readonly sync: ExpectedReply | undefined; readonly others: boolean; readonly data: boolean } {
    let others = false;
    let data = false;
    for (let at = this.#head; at < this.#items.length; at += 1) {
      const item = this.#items[at] as ExpectedReply;
      if (item.to !== 'sync') others ||= isAnswered(item);
      else if (!item.doubtful) return { sync: item, others, data };
      else data = item.dataBehind;
    }
    return { sync: undefined, others, data };
  }

  /** What data of a COPY belongs to when it arrives before the server has asked for it. */
  get newestToCopy(): ExpectedReply | undefined {
    for (let at = this.#items.length - 1; at >= this.#head; at -= 1) {
      const item = this.#items[at] as ExpectedReply;
      if (item.to === 'query' || item.to === 'execute') return item;
    }
    return undefined;
  }

  [Symbol.iterator](): IterableIterator<ExpectedReply> {
    return this.#items.slice(this.#head).values();
  }
}

/** Whether the answer comes from the server. */
function isAnswered({ to }: ExpectedReply): boolean {
  return to !== 'copy end' && to !== 'refusal';
}
