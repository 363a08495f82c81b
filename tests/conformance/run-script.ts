import { backendTag } from '@onrecord/wire';
import type { Admin } from '../support/admin.ts';
import type { Target } from '../support/target.ts';
import {
  cancelMessage,
  protocol30,
  protocol32,
  startupMessage,
  WireClient,
  type WireMessage,
} from '../support/wire-client.ts';
import { describeMessage, type Names, tagOf } from './describe-message.ts';
import { named } from './encode-message.ts';
import type { Directive, Script, Step } from './parse-script.ts';
import { textOf } from './script-value.ts';

/** Where a script runs: what it talks to, and a session of the server itself for what `admin` and `wait` do. */
export interface Stage {
  readonly target: Target;
  readonly admin: Admin;
}

/**
 * Runs a script and returns everything that was sent and received, one line each, in an order that does not depend on
 * time. Throws, with the transcript so far, when something expected does not come.
 */
export async function runScript(script: Script, stage: Stage): Promise<readonly string[]> {
  await stage.admin.reset();
  const run = new Run(stage, script.ownWords);
  try {
    for (const step of script.steps) await run.step(step);
    await run.finish();
    return run.transcript;
  } catch (error) {
    const soFar = run.transcript.slice(-40).join('\n  ');
    throw new Error(`${stage.target.name}: ${(error as Error).message}\nAfter:\n  ${soFar}`);
  } finally {
    run.destroy();
  }
}

/** One connection of a script and the lines it has received. */
interface Line {
  readonly client: WireClient;
  readonly received: string[];
}

class Run {
  readonly transcript: string[] = [];
  readonly #stage: Stage;
  readonly #names: Names & { readonly processes: Map<number, string> };
  readonly #lines = new Map<string, Line>();
  #current = 'a';

  constructor(stage: Stage, ownWords: boolean) {
    this.#stage = stage;
    this.#names = { oids: new Map(), processes: new Map(), ownWords };
  }

  async step(step: Step): Promise<void> {
    try {
      await this.#directives[step.directive](step);
    } catch (error) {
      throw new Error(`line ${step.line}, ${step.text}: ${(error as Error).message}`);
    }
  }

  /** Says goodbye on every connection and keeps what still comes. */
  async finish(): Promise<void> {
    for (const [name, line] of this.#lines) {
      this.#current = name;
      if (!line.client.closed) await line.client.send(new Uint8Array([0x58, 0, 0, 0, 4])).catch(() => {});
      await this.#receive(line);
    }
  }

  destroy(): void {
    for (const { client } of this.#lines.values()) client.destroy();
  }

  readonly #directives: { readonly [Name in Directive]: (step: Step) => Promise<void> } = {
    abort: async () => (await this.#line()).client.destroy(),
    admin: async ({ arguments: [sql] }) => void (await this.#stage.admin.query(textOf(sql?.value))),
    byte: async () => {
      const byte = await (await this.#line()).client.nextByte();
      this.#note(byte === undefined ? 'closed' : `byte ${JSON.stringify(String.fromCharCode(byte))}`);
    },
    cancel: (step) => this.#cancel(step),
    close: async () => (await this.#line()).client.end(),
    connect: async (step) => {
      await this.#open(step);
      await this.#login(step);
    },
    expect: async (step) => {
      const { received } = await this.#line();
      if (!received.some((line) => line.startsWith(step.rest))) throw new Error('no such line was received');
    },
    lacks: async (step) => {
      const { received } = await this.#line();
      if (received.some((line) => line.startsWith(step.rest))) throw new Error('such a line was received');
    },
    login: (step) => this.#login(step),
    on: async ({ arguments: [name] }) => {
      this.#current = name?.word ?? '';
      if (!this.#lines.has(this.#current)) throw new Error(`there is no connection ${this.#current}`);
    },
    open: (step) => this.#open(step),
    'own-words': async () => {},
    send: (step) => this.#send(step),
    until: (step) => this.#until(step),
    wait: ({ arguments: [sql] }) => this.#stage.admin.waitFor(textOf(sql?.value)),
  };

  async #open({ arguments: [name] }: Step): Promise<void> {
    this.#current = name?.word ?? 'a';
    const client = await WireClient.open(this.#stage.target);
    this.#lines.set(this.#current, { client, received: [] });
  }

  async #login(step: Step): Promise<void> {
    const { client, received } = await this.#line();
    const { target } = this.#stage;
    const given = [...named(step.arguments)].map(([name, value]) => [name, textOf(value)] as const);
    const protocol = given.some(([name, value]) => name === 'protocol' && value === 'v3.2') ? protocol32 : protocol30;
    const parameters = Object.fromEntries(given.filter(([name]) => name !== 'protocol'));
    await client.send(startupMessage(target, { protocol, parameters }));
    received.length = 0;
    for (const message of await client.authenticate(target.password)) this.#keep(message, received, 'login');
    this.#names.processes.set(client.processId, this.#current);
  }

  async #send(step: Step): Promise<void> {
    const { client } = await this.#line();
    this.#note(step.text);
    const splits = step.arguments.map((each) => each.value).filter((value) => typeof value === 'number');
    const every = step.arguments.some((each) => each.word === 'every');
    const cuts = every ? Array.from(step.bytes.keys()).slice(1) : splits;
    let from = 0;
    for (const cut of [...cuts, step.bytes.length]) {
      // A server that has closed is what the next `until` will tell.
      await client.send(step.bytes.subarray(from, cut)).catch(() => {});
      // Lets the peer read this piece before the next one is there.
      if (cut < step.bytes.length) await new Promise((resolve) => setImmediate(resolve));
      from = cut;
    }
  }

  /** `until ReadyForQuery 3`, `until close`. */
  async #until(step: Step): Promise<void> {
    const line = await this.#line();
    const [name, count] = step.arguments;
    line.received.length = 0;
    if (name?.word === 'close') return this.#receive(line);
    const times = typeof count?.value === 'number' ? count.value : 1;
    for (let at = 0; at < times; at += 1) await this.#receive(line, tagOf(name?.word ?? ''));
  }

  /** Messages up to the one with the tag; without one, up to the end of the connection. */
  async #receive(line: Line, tag?: number): Promise<void> {
    for (;;) {
      const message = await line.client.next();
      if (message === undefined) {
        this.#note('closed');
        line.received.push('closed');
        if (tag !== undefined) throw new Error('the server closed the connection');
        return;
      }
      this.#keep(message, line.received);
      if (message.tag === tag) return;
    }
  }

  /** `cancel a`, `cancel a key=wrong`, `cancel a process=wrong`: on a connection of its own, which is then closed. */
  async #cancel(step: Step): Promise<void> {
    const [name] = step.arguments;
    const of = this.#lines.get(name?.word ?? '')?.client;
    if (of === undefined) throw new Error('there is no such connection');
    const wrong = step.arguments.filter((each) => each.word === 'wrong').map((each) => each.name);
    const key = wrong.includes('key') ? of.key.map((byte) => byte ^ 0x55) : of.key;
    const client = await WireClient.open(this.#stage.target);
    await client.send(cancelMessage(of.processId + (wrong.includes('process') ? 77_777 : 0), key));
    const answer = await client.next();
    this.#note(answer === undefined ? `${step.text}: closed` : `${step.text}: ${describeMessage(answer, this.#names)}`);
    client.destroy();
  }

  /** The current connection; the first one logs in by itself. */
  async #line(): Promise<Line> {
    const line = this.#lines.get(this.#current);
    if (line !== undefined) return line;
    const client = await WireClient.login(this.#stage.target);
    this.#names.processes.set(client.processId, this.#current);
    const opened = { client, received: [] };
    this.#lines.set(this.#current, opened);
    return opened;
  }

  #keep(message: WireMessage, received: string[], during?: 'login'): void {
    let line = describeMessage(message, this.#names);
    // Upstream it names the session of the gateway, so that a DBA can find it.
    const application = 'ParameterStatus "application_name"';
    if (during === 'login' && message.tag === backendTag.parameterStatus && line.startsWith(application))
      line = application;
    received.push(line);
    this.#note(`< ${line}`);
  }

  #note(line: string): void {
    this.transcript.push(`${this.#current} ${line}`);
  }
}
