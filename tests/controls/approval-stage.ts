import { setTimeout as delay } from 'node:timers/promises';
import type { ApprovalEnded, ApprovalRequested, Body } from '@onrecord/record';
import { backendTag } from '@onrecord/wire';
import { askGateway } from '../../packages/gateway/src/control/ask-gateway.ts';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { errorFields, WireClient, type WireMessage } from '../support/wire-client.ts';
import { messages, query } from './bypass-case.ts';
import { type ShopDatabase, ShopDatabases } from './databases.ts';
import { JournalWatch } from './journal-watch.ts';
import { ownerRole } from './shop.ts';

const writes = (table: string): string => `statement.writes.exists(t, t == "public.${table}")`;

/** Questions of every kind: for one person, for two, for a short time, for an approval that covers more than one use. */
const policy = [
  { name: 'payments', when: writes('payments'), then: 'approve', approvers: { group: 'finance' } },
  { name: 'tickets', when: writes('tickets'), then: 'approve', approvers: { group: 'finance', reuse: '10m' } },
  { name: 'customers', when: writes('customers'), then: 'approve', approvers: { group: 'finance', count: 2 } },
  { name: 'wishes', when: writes('wishes'), then: 'approve', approvers: { group: 'finance', timeout: '500ms' } },
];

const person = { kind: 'person', connections: ['db'] };
const identities = {
  tester: { kind: 'service', connections: ['db'] },
  payer: { kind: 'agent', connections: ['db', 'guarded'] },
  other: { kind: 'agent', connections: ['db'] },
  alice: { ...person, groups: ['finance'] },
  bob: { ...person, groups: ['finance'] },
  carol: { ...person, groups: ['sales'] },
};

export type Name = keyof typeof identities;

/** A gateway whose rules ask people, a database behind it, and everybody's token. */
export class ApprovalStage {
  readonly postgres: Postgres;
  readonly databases: ShopDatabases;
  readonly gateway: Gateway;
  readonly database: ShopDatabase;
  readonly #tokens: ReadonlyMap<Name, string>;
  #watch: JournalWatch;

  private constructor(parts: {
    readonly postgres: Postgres;
    readonly databases: ShopDatabases;
    readonly gateway: Gateway;
    readonly database: ShopDatabase;
    readonly tokens: ReadonlyMap<Name, string>;
  }) {
    this.postgres = parts.postgres;
    this.databases = parts.databases;
    this.gateway = parts.gateway;
    this.database = parts.database;
    this.#tokens = parts.tokens;
    this.#watch = new JournalWatch(parts.gateway.data);
  }

  static async start(): Promise<ApprovalStage> {
    const postgres = await startPostgres();
    const databases = await ShopDatabases.make(postgres);
    const database = await databases.clean({ fresh: true });
    const target = { ...postgres, user: ownerRole, database: database.name };
    const access = { approvers: { group: 'finance' } };
    const reach = { host: postgres.host, port: postgres.port, database: database.name, user: ownerRole };
    const gateway = await startGateway({
      postgres: target,
      via: 'built-in',
      connections: { guarded: { ...reach, password: 'env:ONRECORD_TEST_PASSWORD', tls: 'disable', access } },
      settings: { identities, policy },
    });
    const tokens = new Map<Name, string>();
    for (const name of Object.keys(identities) as Name[]) tokens.set(name, gateway.token(name));
    return new ApprovalStage({ postgres, databases, gateway, database, tokens });
  }

  async stop(): Promise<void> {
    this.#watch.close();
    await this.databases.close();
    await this.gateway.stop();
    await this.postgres.stop();
  }

  token(name: Name): string {
    return this.#tokens.get(name) ?? '';
  }

  async login(name: Name = 'payer', connection = 'db'): Promise<Asker> {
    const target = { ...this.gateway, user: name, password: this.token(name), database: connection };
    return new Asker(await WireClient.login(target), this);
  }

  vote(approval: string, by: Name, vote: 'approve' | 'deny' = 'approve', reason = 'because'): Promise<unknown> {
    const request = { type: 'approvals vote', approval, vote, reason, as: by, token: this.token(by) } as const;
    return askGateway(this.gateway.data, request);
  }

  /** What is on record of the sessions of a backend. */
  record(backendPid: number): readonly Body[] {
    return this.#watch.of(backendPid);
  }

  questions(backendPid: number): readonly ApprovalRequested[] {
    return this.record(backendPid).filter((body) => body.type === 'approval_requested');
  }

  ends(backendPid: number): readonly ApprovalEnded[] {
    return this.record(backendPid).filter((body) => body.type === 'approval_ended');
  }

  async value(sql: string): Promise<string | null | undefined> {
    return (await this.database.admin.query(sql))[0]?.[0];
  }
}

/** A session that is asked about what it does. */
export class Asker {
  readonly client: WireClient;
  readonly #stage: ApprovalStage;

  constructor(client: WireClient, stage: ApprovalStage) {
    this.client = client;
    this.#stage = stage;
  }

  get pid(): number {
    return this.client.processId;
  }

  send(sql: string): Promise<void> {
    return this.client.send(messages([query(sql)]).bytes as Uint8Array);
  }

  /** Says it, and waits until people have been asked once more than before. Gives the id of the question. */
  async ask(sql: string | Uint8Array): Promise<string> {
    const before = this.#stage.questions(this.pid).length;
    if (typeof sql === 'string') await this.send(sql);
    else await this.client.send(sql);
    return this.asked(before);
  }

  async asked(before: number): Promise<string> {
    const until = Date.now() + 20_000;
    for (;;) {
      const question = this.#stage.questions(this.pid)[before];
      if (question !== undefined) return question.approval;
      if (Date.now() > until) throw new Error('nobody was asked');
      await delay(2);
    }
  }

  /** The answer up to ReadyForQuery: command tags, SQLSTATEs, and the transaction's status. */
  async answer(readies = 1): Promise<readonly string[]> {
    const heard: string[] = [];
    for (let ready = 0; ready < readies; ) {
      const message = await this.client.next();
      if (message === undefined) return [...heard, 'closed'];
      heard.push(...told(message));
      if (message.tag === backendTag.readyForQuery) ready += 1;
    }
    return heard;
  }

  async query(sql: string): Promise<readonly string[]> {
    await this.send(sql);
    return this.answer();
  }

  /** Waits until its session has ended on record, and with it the gateway's own on the same backend. */
  async ended(): Promise<void> {
    const count = (type: string): number => this.#stage.record(this.pid).filter((body) => body.type === type).length;
    const until = Date.now() + 20_000;
    while (count('session_closed') < count('session_opened')) {
      if (Date.now() > until) throw new Error('the session does not end');
      await delay(2);
    }
  }

  /** Waits until every question of its session has ended on record. */
  async settled(): Promise<void> {
    const until = Date.now() + 20_000;
    while (this.#stage.ends(this.pid).length < this.#stage.questions(this.pid).length) {
      if (Date.now() > until) throw new Error('a question does not end');
      await delay(2);
    }
  }
}

function told(message: WireMessage): readonly string[] {
  if (message.tag === backendTag.commandComplete) return [message.body().cstring()];
  if (message.tag === backendTag.errorResponse) return [errorFields(message).C ?? ''];
  if (message.tag === backendTag.readyForQuery) return [String.fromCharCode(message.body().uint8())];
  return [];
}
