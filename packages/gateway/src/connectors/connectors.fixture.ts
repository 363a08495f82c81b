import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import type { HostPort } from '@onrecord/connector/config';
import type { Body } from '@onrecord/record';
import type { Config } from '../config/config.ts';
import { parseConfig } from '../config/parse-config.ts';
import { drainOutbox } from '../store/outbox.ts';
import { State } from '../store/state.ts';
import { loadAuthority } from './authority.ts';
import type { ForeignCancel, WatchEvent, WatchHole, WatchSource } from './connector-gate.ts';
import { Connectors } from './connectors.ts';
import { Enrollments } from './enrollments.ts';
import { enrollByHand, type TestCredentials } from './test-connector.fixture.ts';

export interface StartOptions {
  /** `connections` of onrecord.yaml: names, and the connectors that reach them. */
  readonly connections?: { readonly [name: string]: string };
  /** Lines of onrecord.yaml besides. */
  readonly settings?: readonly string[];
  readonly beatMs?: number;
  /** Entries are on record when it has resolved. */
  readonly beforeAppend?: () => Promise<void>;
}

/** A gateway's end of links, on a port of its own, with a record that is an array. */
export class TestGateway {
  readonly connectors: Connectors;
  readonly enrollments: Enrollments;
  readonly address: HostPort;
  readonly data: string;
  readonly state: State;
  readonly entries: Body[];
  readonly watched: { readonly events: readonly WatchEvent[]; readonly source: WatchSource }[];
  readonly lost: { readonly connection: string; readonly hole: WatchHole }[];
  readonly cancels: ForeignCancel[];
  readonly lines: string[];
  readonly #wakes: Set<() => void>;
  readonly #clock: { aheadUs: number };
  readonly #pin: string;

  private constructor(of: TestGatewayParts, rest: TestGatewayRest) {
    this.connectors = of.connectors;
    this.enrollments = of.enrollments;
    this.address = of.address;
    this.data = of.data;
    this.state = of.state;
    this.entries = of.entries;
    this.watched = of.watched;
    this.lost = of.lost;
    this.cancels = of.cancels;
    this.lines = of.lines;
    this.#wakes = rest.wakes;
    this.#clock = rest.clock;
    this.#pin = rest.pin;
  }

  static async start(options: StartOptions = {}): Promise<TestGateway> {
    const data = mkdtempSync(join(tmpdir(), 'onrecord-connectors-'));
    const state = new State(data);
    const wakes = new Set<() => void>();
    const wake = (): void => {
      for (const waiting of [...wakes]) waiting();
    };
    const clock = { aheadUs: 0 };
    const parts = {
      data,
      state,
      entries: [] as Body[],
      watched: [] as TestGateway['watched'],
      lost: [] as TestGateway['lost'],
      cancels: [] as ForeignCancel[],
      lines: [] as string[],
      enrollments: new Enrollments(state),
    };
    const append = async (bodies: readonly Body[]): Promise<void> => {
      await options.beforeAppend?.();
      parts.entries.push(...bodies);
      wake();
    };
    const connectors = new Connectors({
      config: configOf(data, options),
      state,
      nowUs: () => Date.now() * 1000 + 123 + clock.aheadUs,
      append,
      settle: () => drainOutbox(state, { lastIndex: () => -1, append }),
      watch: {
        record: async (events, source) => {
          parts.watched.push({ events, source });
          wake();
        },
        lost: async (connection, hole) => {
          parts.lost.push({ connection, hole });
          wake();
        },
      },
      cancel: (cancel) => {
        parts.cancels.push(cancel);
        wake();
      },
      log: (line) => void parts.lines.push(line),
      ...(options.beatMs === undefined ? {} : { beatMs: options.beatMs }),
    });
    const address = await connectors.listen();
    if (address === undefined) throw new Error('the gateway does not listen for connectors');
    const { pin } = await loadAuthority(data);
    const gateway = new TestGateway({ ...parts, connectors, address }, { wakes, clock, pin });
    after(() => gateway.close());
    return gateway;
  }

  get nowUs(): number {
    return Date.now() * 1000 + 123 + this.#clock.aheadUs;
  }

  /** Lets the gateway's clock go forward. */
  advance(ms: number): void {
    this.#clock.aheadUs += ms * 1000;
  }

  /** A token for a connector; the gateway's state says that `ann` made it. */
  token(connector: string, lifetimeMs = 60_000): string {
    return this.enrollments.create(connector, 'ann', { authority: this.#pin, nowUs: this.nowUs, lifetimeMs }).text;
  }

  /** Credentials of a connector that has just enrolled. */
  async enroll(connector: string): Promise<TestCredentials> {
    const { answer, credentials } = await enrollByHand(this.address, this.token(connector));
    if (credentials === undefined) throw new Error(`not enrolled: ${JSON.stringify(answer)}`);
    return credentials;
  }

  reload(options: StartOptions): void {
    this.connectors.reload(configOf(this.data, options));
  }

  of<Type extends Body['type']>(type: Type): readonly (Body & { readonly type: Type })[] {
    return this.entries.filter((body): body is Body & { readonly type: Type } => body.type === type);
  }

  /** Resolves when what was recorded and heard makes it true. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#wakes.delete(wake);
          resolve();
        };
        this.#wakes.add(wake);
      });
    }
  }

  async close(): Promise<void> {
    await this.connectors.close();
    this.state.close();
    rmSync(this.data, { recursive: true, force: true });
  }
}

interface TestGatewayRest {
  readonly wakes: Set<() => void>;
  readonly clock: { aheadUs: number };
  readonly pin: string;
}

type TestGatewayParts = Pick<
  TestGateway,
  'connectors' | 'enrollments' | 'address' | 'data' | 'state' | 'entries' | 'watched' | 'lost' | 'cancels' | 'lines'
>;

function configOf(data: string, { connections = { billing: 'db-eu' }, settings = [] }: StartOptions): Config {
  const reached = Object.entries(connections).map(([name, connector]) => `  ${name}: { connector: ${connector} }`);
  const text = ['listen: { connectors: 127.0.0.1:0 }', 'data: .', 'connections:', ...reached, ...settings].join('\n');
  return parseConfig(text, join(data, 'onrecord.yaml'));
}
