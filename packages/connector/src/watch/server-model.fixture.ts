import { type Opening, Ours } from './ours.ts';
import type { Backend, Poll } from './poll.ts';
import { reconcile, type WatchState } from './reconcile.ts';
import type { WatchEvent } from './watch-event.ts';

/** A backend of the model. Times are of the server's clock. */
export interface Process {
  readonly pid: number;
  readonly startedAt: number;
  readonly whose: 'ours' | 'stranger';
  readonly user: string;
  readonly idleSince: number;
  isCounted: boolean;
  wasLookedAt: boolean;
}

const second = 1_000_000;
/** Round and round: soon everybody has a process id that somebody else had. */
const pids = 40;
/** Longer than clocks are trusted to when a process id has a new owner. */
const pidRestUs = 1_200_000;

/**
 * A server of one database that counts its sessions as Postgres does, a process that dials it, strangers, and a watch.
 * `random` (0 to 1) decides when a count is added.
 */
export class ServerModel {
  readonly ours: Ours;
  readonly events: WatchEvent[] = [];
  readonly strangers: Process[] = [];
  /** Dials that were given up when the server had a process for them. */
  givenUp = 0;
  readonly #random: () => number;
  readonly #offset: number;
  readonly #processes: Process[] = [];
  readonly #open: { opening: Opening; process: Process }[] = [];
  readonly #dialling: { opening: Opening; process: Process | undefined }[] = [];
  readonly #dying: Process[] = [];
  readonly #abandoned: Process[] = [];
  readonly #releasedAt = new Map<number, number>();
  #nowUs = 1_000 * second;
  #sessions = 7;
  #lastPid = 0;
  #state: WatchState | undefined;

  constructor(random: () => number, offsetUs: number) {
    this.#random = random;
    this.#offset = offsetUs;
    this.ours = new Ours({ monotonicUs: () => this.#nowUs });
    this.ours.learn('db:5432', 'life');
  }

  pass(us: number): void {
    this.#nowUs += us;
    // The process of a dial that was given up notices soon; that of a session may be busy for as long as it likes.
    if (us >= second) for (const process of this.#abandoned.splice(0)) this.#exit(process);
    for (const process of this.#processes) {
      if (this.#serverUs() - process.idleSince > 10 * second) this.#countIt(process);
    }
  }

  dial(): void {
    const opening = this.ours.opening({ address: 'db:5432', database: 'app', user: 'app' });
    this.#dialling.push({ opening, process: undefined });
  }

  /** The server gets to a dial: there is a process, before our side knows its id. */
  accept(): void {
    const dial = this.#dialling.find(({ process }) => process === undefined);
    if (dial !== undefined) dial.process = this.#fork('ours');
  }

  ready(): void {
    const index = this.#dialling.findIndex(({ process }) => process !== undefined);
    const [dial] = index === -1 ? [] : this.#dialling.splice(index, 1);
    if (dial?.process === undefined) return;
    dial.opening.opened(dial.process.pid);
    this.#open.push({ opening: dial.opening, process: dial.process });
  }

  /** A dial is turned away, or given up with a process at the other end that will notice. */
  fail(): void {
    const dial = this.#dialling.shift();
    if (dial === undefined) return;
    if (dial.process === undefined) {
      dial.opening.refused();
      return;
    }
    dial.opening.lost();
    this.givenUp += 1;
    // It may notice before it comes to count itself.
    if (this.#random() < 0.5) dial.process.isCounted = true;
    this.#abandoned.push(dial.process);
  }

  close(): void {
    const session = this.#open.shift();
    session?.opening.closed();
    if (session !== undefined) this.#dying.push(session.process);
  }

  /** Processes whose client has gone notice it. */
  reap(): void {
    for (const process of [...this.#dying.splice(0), ...this.#abandoned.splice(0)]) this.#exit(process);
  }

  come(): void {
    this.strangers.push(this.#fork('stranger'));
  }

  go(): void {
    const stranger = this.#processes.find(({ whose }) => whose === 'stranger');
    if (stranger !== undefined) this.#exit(stranger);
  }

  /** A look; `between` happens after the counters were read and before the backends are. */
  look(between: () => void = () => {}): void {
    const sentAt = this.#nowUs;
    this.pass(1 + this.#random() * 5_000);
    const sessions = this.#sessions;
    between();
    const backends = this.#processes.map((process): Backend => {
      process.wasLookedAt = true;
      const { pid, startedAt, user, idleSince } = process;
      const about = { databaseOid: 5, database: 'app', address: '10.0.0.9', application: '' };
      return { ...about, pid, startedAt, user, idleSince, kind: 'client backend', transactionAt: undefined };
    });
    const serverAt = this.#serverUs();
    this.pass(1 + this.#random() * 5_000);
    const poll: Poll = {
      sentAt,
      receivedAt: this.#nowUs,
      at: this.#nowUs,
      serverAt,
      databases: [{ oid: 5, name: 'app', sessions, resetAt: undefined }],
      backends,
    };
    const around = { connection: 'db', ours: this.ours, life: 'life', bookkeeping: { collector: false } };
    const { state, events } = reconcile(this.#state, poll, around);
    this.#state = state;
    this.events.push(...events);
  }

  /** Everything ends and is counted, and the watch has looked until nothing is open. */
  settle(): void {
    while (this.#dialling.length > 0) {
      this.accept();
      this.ready();
    }
    while (this.#open.length > 0) this.close();
    this.reap();
    this.look();
    for (const process of [...this.#processes]) this.#exit(process);
    for (let looks = 0; looks < 3; looks += 1) {
      this.look();
      this.pass(65 * second);
    }
    this.look();
  }

  #serverUs(): number {
    return this.#nowUs + this.#offset;
  }

  #fork(whose: Process['whose']): Process {
    this.pass(this.#random() * 50_000);
    const startedAt = this.#serverUs();
    const user = whose === 'ours' || this.#random() < 0.5 ? 'app' : 'eve';
    const process = {
      ...{ pid: this.#freePid(), startedAt, whose, user },
      ...{ idleSince: startedAt, isCounted: false, wasLookedAt: false },
    };
    this.#processes.push(process);
    this.pass(this.#random() * 20_000);
    if (this.#random() < 0.7) this.#countIt(process);
    return process;
  }

  #freePid(): number {
    const isFree = (pid: number): boolean =>
      this.#processes.every((process) => process.pid !== pid) &&
      (this.#releasedAt.get(pid) ?? -pidRestUs) + pidRestUs < this.#nowUs;
    for (let step = 1; ; step += 1) {
      if (step % pids === 0) this.pass(100_000);
      const pid = ((this.#lastPid + step) % pids) + 1;
      if (!isFree(pid)) continue;
      this.#lastPid = pid - 1;
      return pid;
    }
  }

  #exit(process: Process): void {
    const index = this.#processes.indexOf(process);
    if (index === -1) return;
    this.#processes.splice(index, 1);
    this.#releasedAt.set(process.pid, this.#nowUs);
    this.#countIt(process);
  }

  #countIt(process: Process): void {
    if (process.isCounted) return;
    process.isCounted = true;
    this.#sessions += 1;
  }
}
