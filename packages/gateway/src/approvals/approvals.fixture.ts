import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Body, Chains } from '@onrecord/record';
import type { Identity } from '../config/config.ts';
import type { Receipt, Recorder } from '../journal/receipt.ts';
import { State } from '../store/state.ts';
import type { Approval } from './approval.ts';
import type { AlarmClock } from './approval-book.ts';
import { ApprovalDesk } from './approval-desk.ts';
import type { ApprovalEvent } from './approval-events.ts';
import type { Question, Waiting, Withdrawal } from './question.ts';

export const minuteUs = 60_000_000;
const startUs = 1_800_000_000_000_000;

/** A clock that goes when the test says so. */
export class TestClock implements AlarmClock {
  nowUs: number = startUs;
  readonly #alarms = new Set<{ readonly atUs: number; readonly ring: () => void }>();

  wallUs(): number {
    return this.nowUs;
  }

  at(atUs: number, ring: () => void): () => void {
    const alarm = { atUs, ring };
    this.#alarms.add(alarm);
    return () => void this.#alarms.delete(alarm);
  }

  get alarms(): number {
    return this.#alarms.size;
  }

  /** Lets time pass, ringing what is due on the way. */
  pass(us: number): void {
    const end = this.nowUs + us;
    for (;;) {
      const [due] = [...this.#alarms].filter(({ atUs }) => atUs <= end).sort((a, b) => a.atUs - b.atUs);
      if (due === undefined) break;
      this.#alarms.delete(due);
      this.nowUs = Math.max(this.nowUs, due.atUs);
      due.ring();
    }
    this.nowUs = end;
  }

  /** The time is that, and no alarm has rung yet: it is late. */
  jump(us: number): void {
    this.nowUs += us;
  }
}

interface Held {
  readonly chains: Chains;
  readonly bodies: readonly Body[];
  readonly settled: (receipt: Receipt | Error) => void;
}

/** Records at once, or, while it is held, when the test says so. Sessions can be closed, as the journal's are. */
export class TestRecorder implements Recorder {
  readonly entries: { readonly chains: Chains; readonly body: Body }[] = [];
  readonly closedSessions = new Set<string>();
  refusal: Error | undefined;
  isHeld = false;
  #held: Held[] = [];

  append(chains: Chains, bodies: readonly Body[], durable: unknown, settled: Held['settled']): void {
    if (durable !== 'synced') throw new Error('what is approved has to be on disk');
    const closed = this.closedSessions.has(chains.session);
    const held = { chains, bodies, settled: closed ? () => settled(new Error('session is not open')) : settled };
    if (closed) queueMicrotask(() => held.settled({ index: 0 } as Receipt));
    else if (this.isHeld) this.#held.push(held);
    else queueMicrotask(() => this.#record(held));
  }

  admit(): void {
    if (this.refusal !== undefined) throw this.refusal;
  }

  /** Types of the entries that are not on record yet. */
  get waiting(): string[] {
    return this.#held.flatMap(({ bodies }) => bodies.map(({ type }) => type));
  }

  /** Records what waits, or fails to, and goes on by itself. */
  release(error?: Error): void {
    this.isHeld = false;
    const held = this.#held;
    this.#held = [];
    for (const each of held) this.#record(each, error);
  }

  /** The first of what waits cannot be recorded, the rest can. */
  failFirst(error: Error): void {
    const [first, ...rest] = this.#held;
    this.#held = rest;
    if (first !== undefined) this.#record(first, error);
    this.release();
  }

  /** Entries of a type, the oldest first. */
  of<Type extends Body['type']>(type: Type): Extract<Body, { readonly type: Type }>[] {
    return this.entries.flatMap(({ body }) =>
      body.type === type ? [body as Extract<Body, { readonly type: Type }>] : [],
    );
  }

  /** Types of all entries, in order. */
  get types(): string[] {
    return this.entries.map(({ body }) => body.type);
  }

  #record({ chains, bodies, settled }: Held, error: Error | undefined = this.refusal): void {
    if (error !== undefined) return settled(error);
    for (const body of bodies) this.entries.push({ chains, body });
    settled({ index: this.entries.length - 1 } as Receipt);
  }
}

const controls = { readOnly: false, tables: undefined, rows: undefined, timeMs: undefined, rate: undefined };

function identity(name: string, kind: Identity['kind'], groups: readonly string[]): [string, Identity] {
  return [name, { name, kind, groups, connections: ['billing'], login: ['token'], controls }];
}

export const identities = new Map<string, Identity>([
  identity('billing-agent', 'agent', ['finance']),
  identity('other-agent', 'agent', []),
  identity('alice', 'person', ['finance', 'security']),
  identity('bob', 'person', ['finance']),
  identity('carol', 'person', ['security']),
  identity('mallory', 'person', ['guests']),
]);

export const moneyMoves = { rule: 'money moves', group: 'finance', count: 1, timeoutMs: 600_000, reuseMs: 0 };

export function question(change: Partial<Question> = {}): Question {
  return {
    scope: 'statement',
    hash: 'a'.repeat(64),
    session: '0000000000000001',
    identity: 'billing-agent',
    identityKind: 'agent',
    connection: 'billing',
    database: 'billing',
    role: 'billing_app',
    client: '192.0.2.1:5000',
    statement: 3,
    sql: ['UPDATE payments SET amount = $1'],
    parameters: ['10'],
    asks: [moneyMoves],
    recent: ['SELECT 1'],
    transactionStatus: 'T',
    backendPid: 42,
    ...change,
  };
}

export function accessQuestion(change: Partial<Question> = {}): Question {
  const { statement: _, ...rest } = question({ scope: 'session', sql: [], parameters: [], recent: [] });
  return { ...rest, hash: 'b'.repeat(64), ...change };
}

export interface TestDesk {
  readonly desk: ApprovalDesk;
  readonly clock: TestClock;
  readonly recorder: TestRecorder;
  readonly state: State;
  readonly directory: string;
  readonly logged: string[];
  readonly announced: ApprovalEvent[];
  readonly revokedAccess: Approval[];
  readonly settings: { waiting: number; waitingOfIdentity: number };
  /** Who is configured; a test may change it. */
  readonly identities: Map<string, Identity>;
}

/** A desk over a state in a directory of its own, or in that of one whose gateway died. */
export function openDesk(test: { after(fn: () => void): void }, before?: TestDesk): TestDesk {
  const directory = before?.directory ?? mkdtempSync(join(tmpdir(), 'onrecord-approvals-'));
  const state = new State(directory);
  test.after(() => {
    state.close();
    rmSync(directory, { recursive: true, force: true });
  });
  const clock = before?.clock ?? new TestClock();
  const recorder = new TestRecorder();
  if (before !== undefined) recorder.entries.push(...before.recorder.entries);
  const logged: string[] = [];
  const announced: ApprovalEvent[] = [];
  const revokedAccess: Approval[] = [];
  const settings = { waiting: 100, waitingOfIdentity: 10 };
  const configured = new Map(identities);
  const desk = new ApprovalDesk({
    recorder,
    state,
    clock,
    lastIndex: () => recorder.entries.length - 1,
    run: directory,
    settings: () => settings,
    identities: () => configured,
    log: (message) => logged.push(message),
    announce: (event) => announced.push(event),
    accessRevoked: (approval) => revokedAccess.push(approval),
  });
  return {
    desk,
    clock,
    recorder,
    state,
    directory,
    logged,
    announced,
    revokedAccess,
    settings,
    identities: configured,
  };
}

/** Reads the entries of a desk's recorder as the journal would be read. */
export function entriesOf({ recorder, clock }: TestDesk): (index: number) => { at: number; body: Body }[] {
  return (index) => recorder.entries.slice(index).map(({ body }) => ({ at: clock.nowUs, body }));
}

/** Asks what can be withdrawn. */
export async function askFor(
  desk: ApprovalDesk,
  what: Question,
): Promise<Waiting & { readonly withdraw: (why: Withdrawal) => void }> {
  const withdrawn = new AbortController();
  return { ...(await desk.ask(what, withdrawn.signal)), withdraw: (why) => withdrawn.abort(why) };
}
