import type { LogEvent } from './postgres-log.ts';
import type { RecordedSession, RecordedStatement } from './recorded-sessions.ts';

/**
 * Compares what a server says that it ran in a session with what is on record of it. Returns the first contradiction:
 * a statement that was run and is not in the record at its place, or one that is recorded as completed and was not run.
 *
 * What the log cannot tell is not asked of it: which statements of one Query were run (it has one line for all), and
 * that something was parsed or bound and not executed.
 */
export function contradiction(recorded: RecordedSession, log: readonly LogEvent[]): string | undefined {
  if (recorded.damage !== undefined) return recorded.damage;
  const statements = recorded.events.filter((event): event is RecordedStatement => 'body' in event);
  const others = recorded.events.filter((event) => !('body' in event)).map((event) => event.sqlstate ?? '');
  const reading = new Reading(log, others);
  for (const group of groups(statements)) {
    const problem = run(group, reading);
    if (problem !== undefined) return `${problem}\n  the log goes on: ${reading.ahead()}`;
  }
  reading.skipUnheard();
  if (reading.next !== undefined) return `this was run and is not on record: ${reading.ahead()}`;
  const [missing] = reading.others;
  return missing === undefined ? undefined : `an error ${missing} is on record that the server did not report`;
}

/** The statements of one Query are one group. */
function groups(statements: readonly RecordedStatement[]): readonly (readonly RecordedStatement[])[] {
  const found: RecordedStatement[][] = [];
  for (const statement of statements) {
    const { position } = statement.body;
    if (position !== undefined && position.index > 0) found.at(-1)?.push(statement);
    else found.push([statement]);
  }
  return found;
}

class Reading {
  readonly #events: readonly LogEvent[];
  #at = 0;
  /** SQLSTATEs of errors that belong to no statement. They are recorded when they arrive, statements before they go out. */
  readonly others: string[];

  constructor(events: readonly LogEvent[], others: readonly string[]) {
    this.#events = events;
    this.others = [...others];
  }

  get next(): LogEvent | undefined {
    return this.#events[this.#at];
  }

  take(): void {
    this.#at += 1;
  }

  takeError(sqlstate: string): boolean {
    if (!this.isError(sqlstate)) this.skipOthers();
    if (!this.isError(sqlstate)) return false;
    this.take();
    return true;
  }

  skipOthers(): void {
    while (this.next?.type === 'error') {
      const at = this.others.indexOf(this.next.sqlstate);
      if (at === -1) return;
      this.others.splice(at, 1);
      this.take();
    }
  }

  /** A backend whose client is lost says so in its log; nobody was there to hear it. */
  skipUnheard(): void {
    for (this.skipOthers(); this.next?.type === 'error'; this.skipOthers()) {
      if (!this.next.fatal && !this.next.sqlstate.startsWith('08')) return;
      this.take();
    }
  }

  ahead(): string {
    return JSON.stringify(this.#events.slice(this.#at, this.#at + 3)).slice(0, 600);
  }

  isError(sqlstate: string | undefined): boolean {
    return this.next?.type === 'error' && this.next.sqlstate === sqlstate;
  }
}

function run(statements: readonly RecordedStatement[], reading: Reading): string | undefined {
  const [first] = statements;
  if (first === undefined) return undefined;
  const { body } = first;
  const outcomes = statements.map((statement) => statement.outcome?.outcome);
  const name = `statement ${body.n} (${body.kind}, ${outcomes.join(', ')}) ${JSON.stringify(first.text.slice(0, 120))}`;
  if (first.outcome === undefined && !owesOutcome(first)) return undefined;
  if (statements.some((statement) => statement.outcome === undefined && owesOutcome(statement)))
    return `${name} never ended`;
  if (outcomes.every((outcome) => outcome === 'skipped' || outcome === 'refused')) return undefined;
  // The server does not log an Execute of nothing (exec_execute_message).
  if (body.kind !== 'simple' && body.kind !== 'call' && isNothing(first.text) && first.carrier.sql !== undefined)
    return undefined;

  const failed = statements.find(({ outcome, sqlstate }) => sqlstate !== undefined && outcome?.outcome !== 'skipped');
  const mayHaveRun = outcomes.some((outcome) => outcome === 'unknown' || outcome === 'client gone');
  const mustHaveRun = outcomes.some((outcome) => outcome === 'completed' || outcome === 'suspended');
  // An error that comes next is its own, unless the statement must stand before it.
  const own = !mustHaveRun && reading.isError(failed?.sqlstate);
  if (!own && !matches(statements, reading.next)) reading.skipOthers();
  const logged = matches(statements, reading.next);
  if (logged) reading.take();
  else if (mustHaveRun) return `${name} is recorded as completed and the server did not run it`;
  if (failed?.sqlstate !== undefined) {
    if (reading.takeError(failed.sqlstate)) return undefined;
    return `${name} is recorded as failed with ${failed.sqlstate}, which the server did not report`;
  }
  if (mayHaveRun && reading.next?.type === 'error') reading.take();
  return undefined;
}

function owesOutcome(statement: RecordedStatement | undefined): boolean {
  return statement?.body.kind !== 'prepare' && statement?.body.kind !== 'bind';
}

function matches(statements: readonly RecordedStatement[], next: LogEvent | undefined): boolean {
  const [first] = statements;
  if (first === undefined || next?.type !== 'statement') return false;
  const { body, carrier, text } = first;
  switch (body.kind) {
    case 'call':
      return next.how === 'call' && calledFunction(body.parameters) === next.text;
    case 'simple':
      if (next.how !== 'statement') return false;
      if (statements.some(({ body: { redacted } }) => redacted)) return next.text.startsWith(text.slice(0, 12));
      return statements.length === 1
        ? text === next.text
        : isMadeOf(
            next.text,
            statements.map((each) => each.text),
          );
    case 'execute':
    case 'fetch':
      // What SQL named (PREPARE, DECLARE) stands in a Query, whose whole text the server repeats.
      if (carrier.kind === 'simple') return next.how !== 'statement' && next.text.includes(text);
      // A portal that could not be run stays at its start.
      return (next.how === body.kind || body.kind === 'fetch') && next.how !== 'statement' && text === next.text;
    default:
      return false;
  }
}

/** True when the text is these statements in this order, with nothing but spaces, semicolons and comments between. */
export function isMadeOf(text: string, statements: readonly string[]): boolean {
  let at = 0;
  for (const statement of statements) {
    const found = text.indexOf(statement, at);
    if (found === -1 || !isNothing(text.slice(at, found))) return false;
    at = found + statement.length;
  }
  return isNothing(text.slice(at));
}

function isNothing(text: string): boolean {
  return /^(?:[\s;]|--[^\n]*(?:\n|$)|\/\*(?:[^*]|\*(?!\/))*\*\/)*$/.test(text);
}

/** FunctionCall begins with the OID of the function. */
function calledFunction(body: Uint8Array | undefined): string {
  if (body === undefined || body.length < 4) return '';
  return String(Buffer.from(body).readUInt32BE(0));
}
