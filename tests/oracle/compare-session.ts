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
  const reading = new Reading(log);
  for (const group of groups(recorded.events)) {
    const problem =
      group.length === 1 && !('body' in (group[0] as object)) ? error(group[0], reading) : run(group, reading);
    if (problem !== undefined) return `${problem}\n  the log goes on: ${reading.ahead()}`;
  }
  reading.skipFatal();
  return reading.atEnd ? undefined : `this was run and is not on record: ${reading.ahead()}`;
}

type Event = RecordedSession['events'][number];

/** The statements of one Query are one group. */
function groups(events: readonly Event[]): readonly (readonly Event[])[] {
  const found: Event[][] = [];
  for (const event of events) {
    const position = 'body' in event ? event.body.position : undefined;
    if (position !== undefined && position.index > 0) found.at(-1)?.push(event);
    else found.push([event]);
  }
  return found;
}

class Reading {
  readonly #events: readonly LogEvent[];
  #at = 0;

  constructor(events: readonly LogEvent[]) {
    this.#events = events;
  }

  get next(): LogEvent | undefined {
    return this.#events[this.#at];
  }

  get atEnd(): boolean {
    return this.#at >= this.#events.length;
  }

  take(): void {
    this.#at += 1;
  }

  takeError(sqlstate: string): boolean {
    const { next } = this;
    if (next?.type !== 'error' || next.sqlstate !== sqlstate) return false;
    this.take();
    return true;
  }

  /** A backend whose client is lost says so; nobody was there to hear it. */
  skipFatal(): void {
    while (this.next?.type === 'error' && (this.next.fatal || this.next.sqlstate.startsWith('08'))) this.take();
  }

  ahead(): string {
    return JSON.stringify(this.#events.slice(this.#at, this.#at + 3)).slice(0, 600);
  }
}

function error(event: Event | undefined, reading: Reading): string | undefined {
  const { sqlstate = '' } = event ?? {};
  return reading.takeError(sqlstate) ? undefined : `an error ${sqlstate} is on record that the server did not report`;
}

function run(group: readonly Event[], reading: Reading): string | undefined {
  const statements = group.filter((event): event is RecordedStatement => 'body' in event);
  const [first] = statements;
  if (first === undefined) return 'an error where a statement was expected';
  const { body } = first;
  const name = `statement ${body.n} (${body.kind}, ${first.outcome?.outcome ?? 'no outcome'}) ${JSON.stringify(first.text.slice(0, 120))}`;
  const outcomes = statements.map((statement) => statement.outcome?.outcome);
  const failed = statements.find((statement) => statement.sqlstate !== undefined && ran(statement));
  const mayHaveRun = outcomes.some((outcome) => outcome === 'unknown' || outcome === 'client gone');
  const mustHaveRun = outcomes.some((outcome) => outcome === 'completed' || outcome === 'suspended');
  if (!owesOutcome(first) && first.outcome === undefined) return undefined;
  if (outcomes.some((outcome, at) => outcome === undefined && owesOutcome(statements[at])))
    return `${name} never ended`;

  const logged = matches(statements, reading.next);
  if (logged) reading.take();
  else if (mustHaveRun) return `${name} is recorded as completed and the server did not run it`;
  if (failed?.sqlstate !== undefined) {
    if (!reading.takeError(failed.sqlstate))
      return `${name} is recorded as failed with ${failed.sqlstate}, which the server did not report`;
  } else if (logged && !mustHaveRun && !mayHaveRun) {
    return `${name} was run by the server`;
  }
  if (mayHaveRun && reading.next?.type === 'error') reading.take();
  return undefined;
}

function owesOutcome(statement: RecordedStatement | undefined): boolean {
  return statement?.body.kind !== 'prepare' && statement?.body.kind !== 'bind';
}

/** A statement that the gateway refused has an error that the server knows nothing of. */
function ran({ outcome }: RecordedStatement): boolean {
  return outcome?.outcome !== 'refused' && outcome?.outcome !== 'skipped';
}

const how = { simple: 'statement', execute: 'execute', fetch: 'fetch', call: 'call' } as const;

function matches(statements: readonly RecordedStatement[], next: LogEvent | undefined): boolean {
  const [first] = statements;
  if (first === undefined || next?.type !== 'statement') return false;
  const { kind, parameters } = first.body;
  if (kind !== 'simple' && kind !== 'execute' && kind !== 'fetch' && kind !== 'call') return false;
  if (how[kind] !== next.how) return false;
  if (kind === 'call') return calledFunction(parameters) === next.text;
  if (statements.some(({ body }) => body.redacted)) return next.text.startsWith(first.text.slice(0, 12));
  if (statements.length === 1) return first.text === next.text;
  return isMadeOf(
    next.text,
    statements.map(({ text }) => text),
  );
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
