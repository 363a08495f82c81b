import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PlayerClock, type PlayerTerminal, play, type TerminalEvent } from './player.ts';
import { fixtureRecording, longFixture } from './recording.fixture.ts';

const look = { width: 0, color: false, timeZone: 'Europe/Berlin' };

/** A terminal that only understands what the player writes: cursor addressing, erasing a line, clearing the screen. */
class FakeTerminal implements PlayerTerminal {
  columns = 120;
  rows = 30;
  written = 0;
  suspended = 0;
  readonly #screen: string[] = [];
  readonly #listeners = new Set<(event: TerminalEvent) => void>();

  size(): { columns: number; rows: number } {
    return { columns: this.columns, rows: this.rows };
  }

  write(text: string): void {
    this.written += text.length;
    const esc = '\x1b';
    const plain = text.replaceAll(`${esc}[?2026h`, '').replaceAll(`${esc}[?2026l`, '');
    if (plain.includes(`${esc}[2J`)) this.#screen.length = 0;
    for (const [, row, line] of plain.matchAll(
      new RegExp(`${esc}\\[(\\d+);1H${esc}\\[K([^${esc}]*)${esc}\\[0m`, 'g'),
    )) {
      this.#screen[Number(row) - 1] = line ?? '';
    }
  }

  listen(listener: (event: TerminalEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  suspend(): void {
    this.suspended += 1;
  }

  send(event: TerminalEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  type(text: string): void {
    this.send({ type: 'input', text });
  }

  get text(): string {
    return this.#screen.join('\n');
  }

  get listeners(): number {
    return this.#listeners.size;
  }
}

/** Time passes when told to. */
class FakeClock implements PlayerClock {
  #now = 0;
  #timers = new Set<{ readonly at: number; readonly call: () => void }>();

  nowMs(): number {
    return this.#now;
  }

  after(ms: number, call: () => void): () => void {
    const timer = { at: this.#now + ms, call };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  pass(ms: number): void {
    const until = this.#now + ms;
    for (;;) {
      const next = [...this.#timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#now = next.at;
      next.call();
    }
    this.#now = until;
  }

  get timers(): number {
    return this.#timers.size;
  }
}

/** Lets what has been loaded arrive. */
const arrived = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function opened(recording = fixtureRecording()) {
  const terminal = new FakeTerminal();
  const clock = new FakeClock();
  const ended = play(recording, look, { terminal, clock });
  return { recording, terminal, clock, ended };
}

test('shows the first statement, steps on keys and ends on q', async () => {
  const { terminal, clock, ended } = opened();
  await arrived();
  assert.match(terminal.text, /1 of 11/);
  assert.match(terminal.text, /where region = \$1/);
  terminal.type('lll');
  await arrived();
  assert.match(terminal.text, /4 of 11/);
  assert.match(terminal.text, /ERROR 42703/);
  terminal.type('q');
  await ended;
  assert.deepEqual([terminal.listeners, clock.timers], [0, 0]);
});

test('plays by the clock', async () => {
  const { terminal, clock, ended } = opened();
  terminal.type(' ');
  clock.pass(139);
  await arrived();
  assert.match(terminal.text, /▶ 1× 1 of 11/);
  clock.pass(1);
  await arrived();
  assert.match(terminal.text, /2 of 11/);
  clock.pass(60 + 2999);
  assert.match(terminal.text, /3 of 11/);
  clock.pass(1);
  assert.match(terminal.text, /4 of 11/);
  clock.pass(60_000);
  await arrived();
  assert.match(terminal.text, /11 of 11/);
  assert.match(terminal.text, /end of the session/);
  terminal.type('q');
  await ended;
});

test('loads what is looked at and the next, not the session', async () => {
  const { recording, terminal, ended } = opened(fixtureRecording(longFixture(10_000)));
  await arrived();
  assert.deepEqual(recording.loads, [0, 1]);
  terminal.type('5000\r');
  await arrived();
  assert.deepEqual(recording.loads, [0, 1, 4999, 5000]);
  assert.match(terminal.text, /0k3d9x2v7m4hq8tz\/5000/);
  terminal.type('q');
  await ended;
});

test('draws only lines that changed', async () => {
  const { terminal, ended } = opened();
  await arrived();
  const before = terminal.written;
  terminal.type('/');
  assert.ok(terminal.written - before < 300, `${terminal.written - before} characters for one line`);
  terminal.type('\x03');
  await ended;
});

test('a statement that cannot be read is told, and the rest can still be seen', async () => {
  const recording = fixtureRecording();
  const load = recording.load.bind(recording);
  recording.load = (position) => (position === 1 ? Promise.reject(new Error('torn')) : load(position));
  const { terminal, ended } = opened(recording);
  terminal.type('l');
  await arrived();
  assert.match(terminal.text, /Could not be read: torn/);
  terminal.type('l');
  await arrived();
  assert.match(terminal.text, /update invoices set status/);
  terminal.type('q');
  await ended;
});

test('an escape is the escape key when nothing follows, and part of an arrow when it does', async () => {
  const { terminal, clock, ended } = opened();
  terminal.type('/x');
  assert.match(terminal.text, /Search: x/);
  terminal.type('\x1b');
  assert.match(terminal.text, /Search: x/);
  clock.pass(40);
  assert.doesNotMatch(terminal.text, /Search: x/);
  terminal.type('\x1b');
  terminal.type('[C');
  assert.match(terminal.text, /2 of 11/);
  terminal.type('q');
  await ended;
});

test('follows the size, redraws when it comes back, gives the terminal back for Ctrl-Z', async () => {
  const { terminal, ended } = opened();
  await arrived();
  assert.match(terminal.text, /▌/);
  terminal.columns = 80;
  terminal.send({ type: 'resized' });
  assert.doesNotMatch(terminal.text, /▌/);
  terminal.type('\x1a');
  assert.equal(terminal.suspended, 1);
  terminal.write('\x1b[2J');
  terminal.send({ type: 'resumed' });
  assert.match(terminal.text, /1 of 11/);
  terminal.type('q');
  await ended;
});

test('ends when the terminal closes', async () => {
  const { terminal, ended } = opened();
  terminal.send({ type: 'closed' });
  await ended;
});
