import { backendTag } from '@onrecord/wire';
import type { Target } from '../support/target.ts';
import { errorFields, startupMessage, WireClient, type WireMessage } from '../support/wire-client.ts';
import { type BypassCase, messages, type Place, query, type Step } from './bypass-case.ts';

/** What came of a case's steps, for the one who tried. */
export interface Attempt {
  /** Everything received behind the login's own messages, of all of its connections. */
  readonly heard: Uint8Array;
  /** SQLSTATEs of errors, in order. */
  readonly states: readonly string[];
  /** Those errors, for people. */
  readonly errors: readonly string[];
  /** Backends of its connections. */
  readonly pids: readonly number[];
  /** A step waits for people. */
  readonly held: boolean;
}

export interface AttemptOptions {
  readonly target: Target;
  readonly place: Place;
  /** The first value of a query of the superuser's. */
  readonly ask: (sql: string) => Promise<string>;
  /** Resolves when the session of that backend has been told to wait for people; never where there are none. */
  readonly held: (pid: number, signal: AbortSignal) => Promise<void>;
  /** Called when everything has been said, and while a step that waits still does. */
  readonly before: (attempt: Attempt) => Promise<void>;
}

/** Takes all steps, each when the one before it is answered, and says goodbye. */
export async function attempt(tried: BypassCase, options: AttemptOptions): Promise<Attempt> {
  const lines = new Map<string, Line>();
  const line = async (name: string): Promise<Line> => {
    const open = lines.get(name) ?? (await Line.open(options.target, tried.startup));
    lines.set(name, open);
    return open;
  };
  let held = false;
  try {
    await line('a');
    for (const step of typeof tried.steps === 'function' ? tried.steps(options.place) : tried.steps) {
      held = await take(step, await line(typeof step === 'string' ? 'a' : (step.on ?? 'a')), options);
      if (held) break;
    }
    const result = resultOf([...lines.values()], held);
    await options.before(result);
    return result;
  } finally {
    for (const { client } of lines.values()) client.destroy();
  }
}

/** True when it waits for people. */
async function take(step: Step, line: Line, { ask, held }: AttemptOptions): Promise<boolean> {
  const { bytes, answers } = typeof step === 'string' ? messages([query(step)]) : step;
  await line.client.send(typeof bytes === 'function' ? await bytes(ask) : bytes);
  const answered = new AbortController();
  const waits = held(line.client.processId, answered.signal).then(() => true);
  try {
    return await Promise.race([line.hear(answers).then(() => false), waits]);
  } finally {
    answered.abort();
  }
}

class Line {
  readonly client: WireClient;
  readonly received: WireMessage[] = [];

  private constructor(client: WireClient) {
    this.client = client;
  }

  static async open(target: Target, parameters: BypassCase['startup']): Promise<Line> {
    const line = new Line(await WireClient.open(target));
    await line.client.send(startupMessage(target, parameters === undefined ? {} : { parameters }));
    line.received.push(...(await line.client.authenticate(target.password)));
    return line;
  }

  /** Until as many ReadyForQuery have come, or the end. */
  async hear(answers: number): Promise<void> {
    for (let ready = 0; ready < answers; ) {
      const message = await this.client.next();
      if (message === undefined) return;
      this.received.push(message);
      if (message.tag === backendTag.readyForQuery) ready += 1;
    }
  }
}

function resultOf(lines: readonly Line[], held: boolean): Attempt {
  const received = lines.flatMap((line) => line.received);
  const errors = received.filter(({ tag }) => tag === backendTag.errorResponse).map(errorFields);
  return {
    heard: Buffer.concat(received.map(({ bytes }) => bytes)),
    states: errors.map(({ C = '' }) => C),
    errors: errors.map(({ C, M, D }) => `${C} ${M}${D === undefined ? '' : ` (${D})`}`),
    pids: lines.map(({ client }) => client.processId),
    held,
  };
}
