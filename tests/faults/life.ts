import assert from 'node:assert/strict';
import type { Body, Chains, Entry } from '@onrecord/record';
import { Journal } from '../../packages/gateway/src/journal/journal.ts';
import { JournalReader } from '../../packages/gateway/src/journal/reader.ts';
import type { Durable, Receipt } from '../../packages/gateway/src/journal/receipt.ts';
import { verifyJournal } from '../../packages/gateway/src/journal/verify-journal.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { SimulatedDisk } from './simulated-disk.ts';
import { type ProcessOptions, SimulatedProcess } from './simulated-process.ts';

/**
 * Lives of a gateway's journal on a simulated disk: each appends what sessions do, and dies somehow. `World` remembers
 * what the journal promised, and after every death checks that it was kept.
 */

const directory = '/data/journal';
const sessionOpened = {
  type: 'session_opened',
  identityKind: 'agent',
  groups: [],
  method: 'token',
  credential: 'c',
  connection: 'c',
  database: 'd',
  role: 'r',
  upstream: 'u',
  backendPid: 1,
  client: 'c',
  protocol: 196_608,
  configuration: 'c',
  durability: 'before-forward',
  claimed: {},
  parameters: {},
} as const satisfies Body;

const requested = {
  type: 'approval_requested',
  scope: 'statement',
  hash: 'h',
  asks: [],
  expiresAt: 1,
} as const satisfies Omit<Extract<Body, { readonly type: 'approval_requested' }>, 'approval'>;

/** An append whose fate is known, or not. Its token is in its body and in no other. */
interface Promised {
  readonly token: number;
  readonly body: Body;
  receipt?: Receipt;
  durable?: Durable;
}

interface LiveSession {
  readonly chains: Chains;
  statements: number;
  /** Statements without an outcome. */
  readonly open: OpenStatement[];
}

interface OpenStatement {
  readonly n: number;
  readonly statement: Promised;
  /** People are asked: neither it nor what is behind it goes on before `used`. */
  readonly asked?: Promised;
  approved?: Promised;
  used?: Promised;
}

export interface LifeOptions extends ProcessOptions {
  readonly steps: number;
  readonly segmentBytes: number;
  readonly end: 'close' | 'kill' | 'power cut';
  readonly syncInlineBelowUs: number;
}

export class World {
  readonly disk: SimulatedDisk;
  readonly #random: SeededRandom;
  readonly #appended: Map<number, Promised> = new Map();
  /** Tokens that must be in the journal from now on. */
  #owed: Set<number> = new Set();
  /** Tokens that must be in it unless the power goes before it has been opened again. */
  #owedByKernel: Set<number> = new Set();
  #nextToken = 1;
  #nextSession = 1;
  #us = 0;
  /** For the last life: what its disk calls were, and whether the fault came to pass. */
  process: SimulatedProcess | undefined;

  constructor(disk: SimulatedDisk, random: SeededRandom) {
    this.disk = disk;
    this.#random = random;
  }

  /** Appends that were promised, or found once, and are still there. */
  get kept(): number {
    return this.#owed.size;
  }

  get segments(): number {
    return this.disk.list(directory).filter((name) => name.endsWith('.segment')).length;
  }

  /** One life from opening to death, and what the next one will find. */
  async live(options: LifeOptions): Promise<void> {
    const process = new SimulatedProcess(this.disk, this.#random, options);
    this.process = process;
    const promised: Promised[] = [];
    const journal = await Promise.race([this.#open(process, options), process.death]);
    let orderly = false;
    if (journal !== undefined) {
      await Promise.race([this.#work(journal, promised, options.steps), process.death]);
      if (options.end === 'close' && !process.dead) {
        orderly = (await Promise.race([this.#close(journal), process.death])) === true;
      }
    }
    process.kill();
    if (options.end === 'power cut') this.disk.cutPower();
    // Opening it has synced what there was.
    if (journal !== undefined) for (const token of this.#owedByKernel) this.#owed.add(token);
    if (journal !== undefined || options.end === 'power cut') this.#owedByKernel.clear();
    // What was only written may be lost with the power, or to a sync that failed and dropped the pages.
    const lossy = options.end === 'power cut' || process.faulted?.endsWith('sync');
    for (const { token, receipt, durable } of promised) {
      if (receipt === undefined) continue;
      if (durable === 'synced' || orderly) this.#owed.add(token);
      else if (!lossy) this.#owedByKernel.add(token);
    }
  }

  /** Opens what a death left behind and closes it again, without faults; then everything that was promised must be there. */
  async check(mutant: ProcessOptions = {}): Promise<void> {
    const process = new SimulatedProcess(this.disk, this.#random, {
      mutation: mutant.mutation,
      reopensInPlace: mutant.reopensInPlace ?? false,
    });
    this.disk.capacityBytes = Number.POSITIVE_INFINITY;
    const journal = await Journal.open({ directory, segmentBytes: 8192, clock: this.#clock, disk: process });
    const entries = this.#entries();
    process.kill();
    assert.ok(journal);
    const verified = verifyJournal(directory, this.disk.files);
    assert.equal(verified.endIndex, entries.length);
    this.#checkPromises(entries);
    checkStatements(entries);
  }

  #checkPromises(entries: readonly Entry[]): void {
    const found = new Map<number, Entry>();
    let last = 0;
    for (const entry of entries) {
      const token = tokenOf(entry.body);
      if (token === undefined) continue;
      const promised = this.#appended.get(token);
      assert.ok(promised, `entry ${entry.index} was never appended`);
      assert.ok(token > last, `entry ${entry.index} is out of order or there twice`);
      assert.deepEqual(entry.body, promised.body);
      if (promised.receipt !== undefined) assert.equal(entry.index, promised.receipt.index);
      last = token;
      found.set(token, entry);
    }
    for (const token of [...this.#owed, ...this.#owedByKernel])
      assert.ok(found.has(token), `append ${token} was recorded and is gone`);
    // What recovery has found once must be there for good.
    this.#owed = new Set(found.keys());
    this.#owedByKernel.clear();
  }

  async #open(process: SimulatedProcess, options: LifeOptions): Promise<Journal | undefined> {
    const { segmentBytes, syncInlineBelowUs } = options;
    try {
      return await Journal.open({ directory, segmentBytes, clock: this.#clock, disk: process, syncInlineBelowUs });
    } catch (error) {
      // A disk that fails while the journal is opened is an error of the disk's, never a corrupt journal.
      assert.match(String((error as NodeJS.ErrnoException).code ?? (error as Error).message), /EIO|ENOSPC|EKILLED/);
      return undefined;
    }
  }

  async #work(journal: Journal, promised: Promised[], steps: number): Promise<void> {
    const sessions: LiveSession[] = [];
    for (let step = 0; step < steps; step += 1) {
      this.#act(journal, sessions, promised);
      if (this.#random.chance(0.4)) await turn();
      if (this.#random.chance(0.1)) await settledOf(promised);
    }
    if (this.#random.chance(0.5)) await settledOf(promised);
  }

  /** Something that some session does. */
  #act(journal: Journal, sessions: LiveSession[], promised: Promised[]): void {
    const append = (chains: Chains, bodyOf: (token: number) => Body): Promised =>
      this.#append(journal, promised, chains, bodyOf);
    if (sessions.length === 0 || this.#random.chance(0.1)) {
      const id = String(this.#nextSession++).padStart(16, '0');
      const chains = { session: id, identity: `agent-${id.at(-1)}` };
      sessions.push({ chains, statements: 0, open: [] });
      append(chains, (token) => ({ ...sessionOpened, credential: String(token) }));
      return;
    }
    const session = this.#random.pick(sessions);
    const { chains, open, statements } = session;
    if (this.#random.chance(0.05)) {
      sessions.splice(sessions.indexOf(session), 1);
      append(chains, (token) => ({ type: 'session_closed', reason: 'client lost', detail: String(token), statements }));
      return;
    }
    const waits = open.find(({ asked, used }) => asked !== undefined && used?.receipt === undefined);
    if (waits?.asked?.receipt !== undefined && waits.used === undefined && this.#random.chance(0.4)) {
      this.#decide(waits, (bodyOf) => append(chains, bodyOf));
      return;
    }
    // Nothing comes back from a statement that was not recorded, because it was not forwarded.
    const kept = waits?.n ?? Number.POSITIVE_INFINITY;
    const answered = open.findIndex(({ statement, n }) => statement.receipt !== undefined && n < kept);
    if (answered !== -1 && this.#random.chance(0.6)) {
      const of = open.splice(answered, 1)[0]?.n as number;
      const outcome = { type: 'outcome', of, outcome: 'completed', rowCount: 0, rowBytes: 0 } as const;
      append(chains, (token) => ({ ...outcome, tag: String(token) }));
      return;
    }
    session.statements += 1;
    const n = session.statements;
    // Some are larger than what is left of a segment, a few larger than a segment.
    const bytes = this.#random.chance(0.03) ? 9000 : this.#random.below(700);
    const sql = new Uint8Array(bytes).fill(this.#random.below(256));
    const body = { type: 'statement', n, kind: 'simple', sql, transactionBefore: 'I' } as const;
    const statement = append(chains, (token) => ({ ...body, traceparent: String(token) }));
    if (!this.#random.chance(0.2)) open.push({ n, statement });
    else
      open.push({ n, statement, asked: append(chains, (token) => ({ ...requested, approval: String(token), of: n })) });
  }

  /** Approves what waits, or uses the approval. */
  #decide(waits: OpenStatement, append: (bodyOf: (token: number) => Body) => Promised): void {
    const approval = String(waits.asked?.token);
    const { n: of, approved } = waits;
    if (approved === undefined) {
      const ended = { type: 'approval_ended', approval, of, result: 'approved', by: [] } as const;
      waits.approved = append((token) => ({ ...ended, reason: String(token) }));
    } else if (approved.receipt !== undefined) {
      waits.used = append(() => ({ type: 'approval_used', approval, of }));
    }
  }

  #append(journal: Journal, promised: Promised[], chains: Chains, bodyOf: (token: number) => Body): Promised {
    const token = this.#nextToken++;
    const body = bodyOf(token);
    const durable = this.#random.chance(0.5) ? 'synced' : 'written';
    const each: Promised & { settled?: boolean } = { token, body };
    if (tokenOf(body) !== undefined) {
      this.#appended.set(token, each);
      promised.push(each);
    }
    const { process } = this;
    journal.append(chains, [body], durable, (result) => {
      if (process?.dead) return;
      assert.equal(each.settled, undefined, 'settled twice');
      each.settled = true;
      if (result instanceof Error) return;
      each.receipt = result;
      each.durable = durable;
    });
    return each;
  }

  async #close(journal: Journal): Promise<boolean> {
    const halted = new Promise<boolean>((resolve) => {
      journal.append({ session: '', identity: '' }, [{ type: 'gateway_stopped', reason: 'test' }], 'synced', (result) =>
        resolve(result instanceof Error),
      );
    });
    await journal.close().catch(() => {});
    return !(await halted);
  }

  #entries(): Entry[] {
    const reader = new JournalReader(directory, this.disk.files);
    const entries = [...reader.entries(0)].map(({ entry }) => entry);
    reader.close();
    return entries;
  }

  readonly #clock = { wallUs: () => 1e15 + this.#us++, monotonicUs: () => this.#us };
}

/** Resolves when everything appended so far is settled; a life that halts or dies settles everything too, or ends. */
async function settledOf(promised: readonly (Promised & { settled?: boolean })[]): Promise<void> {
  for (let turns = 0; turns < 200 && promised.some((each) => each.settled !== true); turns += 1) await turn();
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function tokenOf(body: Body): number | undefined {
  const text = tokenText(body);
  return text === undefined ? undefined : Number(text);
}

function tokenText(body: Body): string | undefined {
  switch (body.type) {
    case 'statement':
      return body.traceparent;
    case 'outcome':
      return body.tag;
    case 'session_opened':
      return body.credential;
    case 'session_closed':
      return body.detail;
    case 'approval_requested':
      return body.approval;
    case 'approval_ended':
      return body.reason;
    default:
      return undefined;
  }
}

/** After recovery, sessions are closed and every statement has exactly one outcome. */
function checkStatements(entries: readonly Entry[]): void {
  const open = new Set<string>();
  const owing = new Set<string>();
  for (const { session, body, index } of entries) {
    if (body.type === 'session_opened') open.add(session);
    if (body.type === 'session_closed') assert.ok(open.delete(session), `entry ${index} closes what is not open`);
    if (body.type === 'statement') owing.add(`${session}/${body.n}`);
    if (body.type === 'outcome')
      assert.ok(owing.delete(`${session}/${body.of}`), `entry ${index} is an outcome too many`);
    if (body.type === 'session_closed' && body.reason === 'gateway died') {
      for (const statement of owing) assert.ok(!statement.startsWith(session), `${statement} has no outcome`);
    }
  }
  assert.deepEqual([...open], [], 'sessions that nobody closed');
  for (const session of new Set(entries.map((entry) => entry.session))) {
    checkApprovals(entries.filter((entry) => entry.session === session).map(({ body }) => body));
  }
}

/** Every question has one end, and what was never let through was refused, not lost sight of. */
function checkApprovals(bodies: readonly Body[]): void {
  const unended = new Set<string>();
  let unused = Number.POSITIVE_INFINITY;
  for (const body of bodies) {
    if (body.type === 'approval_requested') {
      unended.add(body.approval);
      unused = Math.min(unused, body.of as number);
    }
    if (body.type === 'approval_used') {
      assert.ok(!unended.has(body.approval));
      const later = bodies.flatMap((other) => (other.type === 'approval_requested' ? [other.of as number] : []));
      unused = Math.min(...later.filter((of) => of > (body.of as number)), Number.POSITIVE_INFINITY);
    }
    if (body.type === 'approval_ended') assert.ok(unended.delete(body.approval), `${body.approval} ended twice`);
    if (body.type !== 'outcome' || body.outcome === 'completed') continue;
    assert.equal(body.outcome, body.of >= unused ? 'refused' : 'unknown', `statement ${body.of}`);
  }
  const last = bodies.at(-1);
  // Here, a client that is lost leaves all as it was.
  if (last?.type === 'session_closed' && last.reason !== 'gateway died') return;
  assert.deepEqual([...unended], [], 'questions that nobody ended');
}
