import type { Socket } from 'node:net';
import type { Body, Chains, SessionClosed } from '@onrecord/record';
import { ProtocolError } from '@onrecord/wire';
import { type GatewayError, Halt, Refusal, Termination } from '../errors.ts';
import type { Durable, Receipt, Recorder } from '../journal/receipt.ts';
import { errorResponse } from '../session/error-response.ts';
import type { OpenStatement } from '../session/open-statement.ts';
import type { Session } from '../session/session.ts';
import { emptyTurn, type Turn, type TurnAsk, type TurnEnd } from '../session/turn.ts';
import type { Clock } from './clock.ts';
import { PeopleWait } from './people-wait.ts';
import { RowLimit } from './row-limit.ts';
import type { SessionControl } from './session-control.ts';
import { StatementTimer } from './statement-timer.ts';
import { UpstreamWriter } from './upstream-writer.ts';
import { writeAll } from './write-all.ts';

/** Bytes that may wait for the journal, or for the other side's socket, before the side they came from is paused. */
const maxWaitingBytes = 1 << 20;
/** Bytes of the client that are read ahead while people are asked. */
const maxAheadBytes = 64 * 1024;
/** How long a session that the gateway ends may take to say good-bye to both sides. */
const farewellMs = 5_000;
/** How long a client may read nothing of what was delivered to it before the connection is cut. */
const lastReadMs = 60_000;

export interface DriveOptions {
  readonly session: Session;
  readonly client: Socket;
  readonly upstream: Socket;
  readonly recorder: Recorder;
  readonly chains: Chains;
  readonly durable: { readonly forward: Durable; readonly reveal: Durable };
  /** Of the entry that opened the session. */
  readonly receipt: Receipt;
  readonly clock: Clock;
  /** Why the connection to Postgres closed, where that was not Postgres's doing. */
  readonly lostBecause: () => string | undefined;
  /** Replies owed by the server before the client is paused. */
  readonly pipeline: number;
  /** For what only an operator should read. */
  readonly log: (message: string) => void;
  /** Called with types that the session has named for the first time and that are not built in. */
  readonly sighted: (types: readonly number[]) => void;
  /** Set when rules, limits or masks apply to the session. */
  readonly control?: SessionControl | undefined;
  /** Called once, when both sockets are closed and the last entry has been appended. */
  readonly closed: () => void;
}

/** Something that goes out once its entries are recorded, in the order in which it came up. */
interface Step {
  readonly out: readonly Uint8Array[];
  readonly bytes: number;
  readonly statements: readonly OpenStatement[];
  readonly end: TurnEnd | undefined;
  /** Undefined while the entries are not recorded yet. */
  receipt: Receipt | undefined;
}

/** A step before its entries are appended. */
interface Wanted {
  readonly entries: readonly Body[];
  readonly out: readonly Uint8Array[];
  readonly durable: Durable;
  readonly statements: readonly OpenStatement[];
  readonly end: TurnEnd | undefined;
}

/**
 * Performs what a session asks for: appends its entries, and only with their receipt forwards to Postgres or delivers to
 * the client. The only place that waits for a session. Each direction is a queue of steps, so that bytes keep their
 * order however long their entries take; when a queue or a socket is full, the side that fills it is paused.
 */
export class Drive {
  readonly #options: DriveOptions;
  readonly #upstream: UpstreamWriter;
  readonly #forward: Step[] = [];
  readonly #deliver: Step[] = [];
  #waitingForward = 0;
  #waitingDeliver = 0;
  /** The newest receipt: what has no entry of its own goes out under it. */
  #receipt: Receipt;
  #clientGone = false;
  #clientEnds = false;
  #upstreamGone = false;
  /** Set when the session is to be closed; the first reason counts. */
  #end: TurnEnd | undefined;
  #closed = false;
  #farewell: NodeJS.Timeout | undefined;
  /** What waits for people. */
  #people: PeopleWait | undefined;
  /** Bytes of the client that came while it does. */
  #ahead = 0;
  /** Set while the catalog is read. */
  #reading: Promise<void> | undefined;
  readonly #time: StatementTimer | undefined;
  readonly #rows: RowLimit;
  /** Cancel requests of the gateway's own that Postgres has not been told yet. */
  #cancels = 0;

  constructor(options: DriveOptions) {
    this.#options = options;
    this.#receipt = options.receipt;
    this.#upstream = new UpstreamWriter(options.upstream);
    const { control, session } = options;
    const cancel = (): void => this.#cancel();
    this.#rows = new RowLimit({ session, cancel });
    if (control?.timeMs === undefined) return;
    const end = (error: Termination): void =>
      this.terminate(error, { reason: 'terminated by the gateway', detail: error.message });
    this.#time = new StatementTimer({ session, cancel, timeMs: control.timeMs, end });
  }

  /** Takes over both sockets, which must have no listeners and be paused; `ahead` is what they have already said. */
  start(ahead: { readonly client: Uint8Array; readonly upstream: Uint8Array }): void {
    const { client, upstream } = this.#options;
    client.on('data', (chunk) => this.#fromClient(chunk));
    client.on('drain', () => this.#flow());
    client.on('end', () => this.#clientEnded());
    client.on('error', () => {});
    client.on('close', () => this.#clientEnded());
    upstream.on('data', (chunk) => this.#fromUpstream(chunk));
    upstream.on('drain', () => this.#flow());
    upstream.on('end', () => this.#upstreamEnded());
    upstream.on('error', () => {});
    upstream.on('close', () => this.#upstreamEnded());
    client.resume();
    upstream.resume();
    if (ahead.upstream.length > 0) this.#fromUpstream(ahead.upstream);
    if (ahead.client.length > 0) this.#fromClient(ahead.client);
    if (upstream.destroyed) this.#upstreamEnded();
    if (client.destroyed) this.#clientEnded();
  }

  /** The client cancels what waits for approval; false when nothing does. */
  withdraw(): boolean {
    if (this.#options.session.waitsFor !== 'approval') return false;
    this.#people?.withdraw('cancelled');
    return true;
  }

  /** Resolves when nothing that has come waits for the catalog: before it is on its way, Postgres pays no heed to a cancel request for it. */
  async arrived(): Promise<void> {
    while (this.#options.session.waitsFor === 'catalog' && this.#reading !== undefined) await this.#reading;
  }

  /** Ends the session from outside: shutdown, revocation. The client is told why. */
  terminate(error: Termination, end: TurnEnd): void {
    this.#people?.withdraw('session ended');
    // It may be ending already, behind a statement that takes its time.
    if (this.#end !== undefined) return this.#limitFarewell();
    this.#end = end;
    this.#performBackend({ ...emptyTurn(), deliver: [errorResponse(error)], end });
  }

  #fromClient(chunk: Uint8Array): void {
    if (this.#end !== undefined) return;
    if (this.#people !== undefined) this.#ahead += chunk.length;
    try {
      this.#performFrontend(this.#options.session.frontend(chunk, this.#us(), this.#refusal()));
    } catch (error) {
      this.#bug(error);
    }
  }

  #fromUpstream(chunk: Uint8Array): void {
    if (this.#closed) return;
    try {
      const turn = this.#options.session.backend(chunk, this.#us());
      this.#performBackend(turn);
      const { broken } = turn;
      if (broken instanceof ProtocolError) this.#cut(new Termination(broken.sqlstate, broken.message));
      else if (broken !== undefined) this.#bug(broken);
      else if (this.#options.session.held) this.#goOn();
      if (this.#options.session.waitsInVain) this.#people?.withdraw('cancelled');
    } catch (error) {
      this.#bug(error);
    }
  }

  /** A message of the client was held; it may go on now, and what came behind it. */
  #goOn(): void {
    if (this.#options.session.waitsFor !== undefined) return;
    this.#fromClient(nothing);
    if (this.#clientEnds && !this.#options.session.held) this.#leave();
  }

  #us(): number {
    return this.#options.clock.monotonicUs();
  }

  /** Why new work must not start, if so. */
  #refusal(): GatewayError | undefined {
    try {
      this.#options.recorder.admit();
      return undefined;
    } catch (error) {
      if (error instanceof Refusal) return error;
      throw error;
    }
  }

  /** Records and forwards; what the gateway answers itself goes out in its place among the server's answers. */
  #performFrontend(turn: Turn): void {
    this.#report();
    const { entries, forward, deliver, statements, end, ask } = turn;
    const { forward: durable } = this.#options.durable;
    const leaves = end?.reason === 'client terminated';
    if (leaves) this.#end ??= end;
    if (entries.length > 0 || forward.length > 0 || leaves) {
      this.#enqueue(this.#forward, { entries, out: forward, durable, statements, end: leaves ? end : undefined });
    }
    // In the same turn: what waits, and that people are asked about it, are on disk together.
    if (ask !== undefined) this.#ask(ask);
    if (deliver.length > 0 || (end !== undefined && !leaves)) {
      this.#enqueue(this.#deliver, {
        entries: [],
        out: deliver,
        durable,
        statements: none,
        end: leaves ? undefined : end,
      });
    }
    if (this.#options.session.needsCatalog) this.#readCatalog();
    this.#flow();
  }

  /**
   * Has Postgres give up what it does. Nothing more goes to it until it has been told: the statement may have ended by then,
   * and the next one would be given up instead.
   */
  #cancel(): void {
    const { control } = this.#options;
    if (control === undefined) return;
    this.#cancels += 1;
    void control.cancel().then(() => {
      this.#cancels -= 1;
      this.#drain(this.#forward);
      this.#flow();
    });
  }

  // What the session waits for besides Postgres

  #readCatalog(): void {
    const { control, session } = this.#options;
    if (control === undefined || this.#reading !== undefined) return;
    this.#reading = control.readCatalog().then(() => {
      this.#reading = undefined;
      session.catalogRead();
      if (!this.#closed && session.held) this.#goOn();
    });
  }

  /** What has arrived waits until people have answered. */
  #ask(ask: TurnAsk): void {
    const { control } = this.#options;
    if (control === undefined) return;
    const people = new PeopleWait(control, ask, (notice) => {
      this.#enqueue(this.#deliver, {
        entries: [],
        out: [notice],
        durable: 'written',
        statements: none,
        end: undefined,
      });
    });
    this.#people = people;
    if (this.#clientEnds) people.withdraw('client gone');
    if (this.#end !== undefined) people.withdraw('session ended');
    void people.settled.then((refusal) => this.#release(refusal));
  }

  #release(refusal: Refusal | undefined): void {
    this.#people = undefined;
    this.#ahead = 0;
    if (this.#closed) return;
    try {
      this.#performFrontend(this.#options.session.release(refusal));
      this.#goOn();
    } catch (error) {
      this.#bug(error);
    }
  }

  /** Records and delivers. */
  #performBackend({ entries, deliver, end, cancel }: Turn): void {
    this.#report();
    if (cancel) this.#rows.exceeded();
    if (this.#options.session.needsCatalog) this.#readCatalog();
    const { reveal: durable } = this.#options.durable;
    if (entries.length > 0 || deliver.length > 0 || end !== undefined) {
      this.#enqueue(this.#deliver, { entries, out: deliver, durable, statements: none, end });
    }
    this.#flow();
  }

  #report(): void {
    const types = this.#options.session.takeSightings();
    if (types.length > 0) this.#options.sighted(types);
  }

  #enqueue(queue: Step[], { entries, out, durable, statements, end }: Wanted): void {
    let bytes = 0;
    for (const piece of out) bytes += piece.length;
    const step: Step = { out, bytes, statements, end, receipt: entries.length === 0 ? this.#receipt : undefined };
    if (queue === this.#forward) this.#waitingForward += bytes;
    else this.#waitingDeliver += bytes;
    queue.push(step);
    if (entries.length === 0) return this.#drain(queue);
    const { recorder, chains } = this.#options;
    recorder.append(chains, entries, durable, (result) => {
      if (result instanceof Error) return this.#cannotRecord(result);
      step.receipt = this.#receipt = result;
      this.#drain(queue);
      this.#flow();
    });
  }

  /** Lets out the steps at the front whose entries are recorded. */
  #drain(queue: Step[]): void {
    if (queue === this.#forward && this.#cancels > 0) return;
    let taken = 0;
    for (const step of queue) {
      if (step.receipt === undefined) break;
      taken += 1;
      if (queue === this.#forward) this.#goForward(step, step.receipt);
      else this.#goDeliver(step);
    }
    if (taken === queue.length) queue.length = 0;
    else if (taken > 0) queue.splice(0, taken);
    if (this.#upstreamGone) this.#closeWhenDone();
  }

  #goForward(step: Step, receipt: Receipt): void {
    this.#waitingForward -= step.bytes;
    const us = this.#us();
    for (const statement of step.statements) if (statement.refusal === undefined) statement.forwardedUs = us;
    if (!this.#upstreamGone) this.#upstream.forward(step.out, receipt);
    if (step.end !== undefined) this.#ending(step.end);
  }

  #goDeliver(step: Step): void {
    this.#waitingDeliver -= step.bytes;
    if (!this.#clientGone) writeAll(this.#options.client, step.out);
    if (step.end !== undefined) this.#ending(step.end);
  }

  /** Pauses the side whose bytes cannot go anywhere, and lets it go on when they can. */
  #flow(): void {
    if (this.#closed) return;
    const { client, upstream, session, pipeline } = this.#options;
    this.#time?.follow();
    this.#rows.follow();
    // While people are asked, the client is read on a little: only so is it seen to go away.
    const reads = session.waitsFor === 'approval' && this.#ahead < maxAheadBytes;
    const clientWaits =
      (session.held && !reads) ||
      upstream.writableNeedDrain ||
      this.#waitingForward > maxWaitingBytes ||
      session.pending > pipeline;
    if (clientWaits !== client.isPaused()) clientWaits ? client.pause() : client.resume();
    const upstreamWaits = (client.writableNeedDrain && !this.#clientGone) || this.#waitingDeliver > maxWaitingBytes;
    if (upstreamWaits !== upstream.isPaused()) upstreamWaits ? upstream.pause() : upstream.resume();
  }

  // Ends

  /** The last bytes of the session are out. */
  #ending(end: TurnEnd): void {
    this.#end ??= end;
    const { client, upstream } = this.#options;
    // What the server still answers is recorded; it closes when it has worked through what it has.
    upstream.end();
    if (end.reason === 'client terminated' || end.reason === 'client lost') return;
    client.end();
    this.#limitFarewell();
  }

  #clientEnded(): void {
    if (this.#clientGone || this.#closed) return;
    if (this.#options.client.destroyed) this.#clientGone = true;
    this.#clientEnds = true;
    this.#people?.withdraw('client gone');
    // What it said before it left still counts.
    if (!this.#options.session.held) this.#leave();
    this.#flow();
    this.#closeWhenDone();
  }

  /** The client has said its last word, and all of it is on its way. */
  #leave(): void {
    if (this.#end !== undefined) return;
    const end: TurnEnd = { reason: 'client lost' };
    this.#end = end;
    // Behind what is still to be forwarded; the server closes when it has worked through that.
    this.#enqueue(this.#forward, { entries: [], out: [], durable: 'written', statements: none, end });
  }

  #upstreamEnded(): void {
    if (this.#upstreamGone || this.#closed) return;
    this.#upstreamGone = true;
    const { session } = this.#options;
    this.#people?.withdraw('session ended');
    if (this.#end === undefined) {
      const { fatal } = session;
      const detail = fatal === undefined ? this.#options.lostBecause() : `SQLSTATE ${fatal}`;
      const end: TurnEnd = { reason: 'upstream lost', ...(detail === undefined ? {} : { detail }) };
      this.#end = end;
      const turn = session.abandon({ outcome: 'unknown', reason: 'the connection to Postgres was lost' }, this.#us());
      const error = fatal === undefined ? [errorResponse(upstreamLost(detail))] : [];
      this.#performBackend({ ...turn, deliver: error, end });
    }
    this.#closeWhenDone();
  }

  /** Something that the gateway did not foresee: this session ends, the others live; only our own log hears what it was. */
  #bug(error: unknown): void {
    this.#options.log(
      `session ${this.#options.chains.session}: ${error instanceof Error ? error.stack : String(error)}`,
    );
    this.#cut(new Termination('XX000', 'internal error of the gateway', { hint: "The gateway's log says more." }));
  }

  /** Ends the session at once: what Postgres does with what it has got cannot be known any more. */
  #cut(error: Termination): void {
    const { session, upstream } = this.#options;
    const end: TurnEnd = { reason: 'terminated by the gateway', detail: error.message };
    this.#end ??= end;
    const turn = session.abandon({ outcome: 'unknown', reason: error.message }, this.#us());
    this.#performBackend({ ...turn, deliver: [errorResponse(error)], end });
    upstream.destroy();
  }

  #cannotRecord(error: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#people?.withdraw('session ended');
    this.#time?.stop();
    this.#rows.stop();
    const { client, upstream, closed } = this.#options;
    const sqlstate = error instanceof Halt || error instanceof Refusal ? error.sqlstate : '58030';
    upstream.destroy();
    client.end(errorResponse(new Termination(sqlstate, 'the session ended because it cannot be recorded any more')));
    this.#limitFarewell();
    closed();
  }

  #limitFarewell(): void {
    this.#farewell ??= setTimeout(() => {
      this.#options.client.destroy();
      this.#options.upstream.destroy();
    }, farewellMs).unref();
  }

  /** Writes the last entry when the server is gone and everything it said is recorded. */
  #closeWhenDone(): void {
    if (this.#closed || !this.#upstreamGone || this.#forward.length > 0 || this.#deliver.length > 0) return;
    this.#closed = true;
    this.#time?.stop();
    this.#rows.stop();
    const { session, recorder, chains, durable, client, closed } = this.#options;
    const end = this.#end ?? { reason: 'upstream lost' };
    const gone = end.reason === 'client terminated' || end.reason === 'client lost';
    // What still waits for people will not run; that they are not asked any more is on record by itself.
    const waited = this.#people === undefined ? emptyTurn() : session.release(sessionEnded());
    const turn = session.abandon({ outcome: gone ? 'client gone' : 'unknown' }, this.#us());
    const last: SessionClosed = { type: 'session_closed', ...end, statements: session.statements };
    recorder.append(chains, [...waited.entries, ...turn.entries, last], durable.reveal, () => {
      clearTimeout(this.#farewell);
      // A client may still have to read what was delivered; one that makes no progress is not waited for.
      client.end();
      client.setTimeout(lastReadMs, () => client.destroy());
      client.resume();
      closed();
    });
  }
}

const none: readonly OpenStatement[] = [];
const nothing = new Uint8Array(0);

function sessionEnded(): Refusal {
  return new Refusal('57014', 'the session ended while the statement waited for approval');
}

function upstreamLost(detail: string | undefined): Termination {
  return new Termination('08006', 'the connection to Postgres was lost', {
    ...(detail === undefined ? {} : { detail }),
    hint: 'Statements without an answer may have run; connect again and check.',
  });
}
