import { hostname } from 'node:os';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import { formatAddress, type HostPort } from '../config/address.ts';
import type { WatchEvent, WatchStarted } from '../watch/watch-event.ts';
import { backOffMs } from './back-off.ts';
import { Control } from './control.ts';
import { loadCredentials, othersCanRead, prepareStore, saveCredentials } from './credential-store.ts';
import { type LinkCredentials, renewAt } from './credentials.ts';
import { dialGateway } from './dial-gateway.ts';
import { enroll } from './enroll.ts';
import type { EnrollmentToken } from './enrollment-token.ts';
import { LinkError } from './link-error.ts';
import {
  type Ask,
  type CancelElsewhere,
  type Hello,
  linkVersion,
  type OfferedConnection,
  type Welcome,
} from './messages.ts';
import { Rate } from './rate.ts';
import { Repetitions } from './repetitions.ts';
import { Sessions, type SessionsOptions } from './sessions.ts';
import { Spares } from './spares.ts';
import { WatchOutbox } from './watch-outbox.ts';

export interface GatewayLinkOptions extends SessionsOptions {
  readonly address: HostPort;
  /** The file that keeps the credentials (`credentialFile`). */
  readonly file: string;
  /** Tokens that nobody has used yet. One that lets us in, or never will, is taken out. */
  readonly tokens: Set<EnrollmentToken>;
  /** Of the connector's program. */
  readonly version: string;
  /** Names this life of the process. */
  readonly instance: string;
  readonly offers: () => readonly OfferedConnection[];
  /** What the doctor wants to know of a connection. */
  readonly doctor: (connection: string) => Promise<unknown>;
  /** A cancel request that this gateway does not know. */
  readonly cancelElsewhere: (cancel: CancelElsewhere) => void;
  /** The watches that run, each with how it began. */
  readonly watching: () => readonly WatchStarted[];
  /** Events of this connection's watch were lost: it has to begin anew. */
  readonly restartWatch: (connection: string) => void;
}

/** How long to wait before a try that helps only when somebody has done something. */
const finalMs = 30_000;
/** A link that held this long has shown that the gateway is well. */
const settledMs = 10_000;
/** Cancel requests for other gateways, a second. */
const foreignCancels = 100;
const longestTimerMs = 24 * 3_600_000;
/** A renewal that failed is tried again after this. */
const renewAgainMs = 60_000;
/** And the next one comes no sooner than this, whatever the certificate and the clocks of both machines say. */
const soonestMs = 10_000;

/** One life of a link. */
interface Life {
  readonly control: Control;
  readonly sessions: Sessions;
  readonly spares: Spares;
  welcomedAt: number | undefined;
  renewing: NodeJS.Timeout | undefined;
}

/**
 * The way to one gateway: enrols when that is needed, stays connected, and opens the sessions that the gateway asks for.
 * Whatever is dialled is dialled from here.
 */
export class GatewayLink {
  readonly #options: GatewayLinkOptions;
  readonly #stopped = new AbortController();
  readonly #outbox = new WatchOutbox();
  readonly #repetitions = new Repetitions();
  readonly #foreign = new Rate(foreignCancels, foreignCancels);
  #credentials: LinkCredentials | undefined;
  /** The gateway does not take the credentials any more. */
  #disowned = false;
  #life: Life | undefined;
  #failures = 0;
  /** Connections that the gateway does not take: what their watches say is lost on it. */
  #refused: ReadonlySet<string> = new Set();
  #running: Promise<void> = Promise.resolve();

  constructor(options: GatewayLinkOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** What we offer has changed. */
  offer(): void {
    this.#life?.control.hello(this.#hello());
  }

  report(event: WatchEvent): void {
    const watched = this.#outbox.add(event);
    if (watched !== undefined && this.#life?.welcomedAt !== undefined) this.#life.control.report(watched);
  }

  /** A cancel request that another gateway does not know. */
  passCancel(cancel: CancelElsewhere): void {
    this.#life?.control.cancelElsewhere(cancel);
  }

  /** Ends the sessions, then the link. Resolves when nothing is left. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#life?.spares.stop();
    await this.#life?.sessions.endAll();
    this.#life?.control.finish();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      const error = await this.#live().catch((reason: unknown) => {
        if (reason instanceof LinkError) return reason;
        throw reason;
      });
      if (signal.aborted) return;
      this.#tell(error);
      const waitMs = error.final ? finalMs : backOffMs(this.#failures, Math.random());
      await delay(waitMs, undefined, { signal }).catch(() => {});
    }
  }

  /** One life of the link, from the credentials to its end. Resolves or rejects with why it is over. */
  async #live(): Promise<LinkError> {
    this.#failures += 1;
    const credentials = await this.#obtainCredentials();
    const life = this.#begin(await this.#dial(credentials, this.#stopped.signal));
    this.#life = life;
    life.control.hello(this.#hello());
    this.#renewInTime(life, credentials);
    const error = await life.control.ended;
    this.#life = undefined;
    clearTimeout(life.renewing);
    life.spares.stop();
    await life.sessions.endAll();
    if (life.welcomedAt !== undefined && performance.now() - life.welcomedAt >= settledMs) this.#failures = 0;
    if (!error.final) return error;
    this.#disowned = true;
    // With a token there is something that we can do ourselves.
    return this.#options.tokens.size === 0 ? error : new LinkError(error.message);
  }

  /** The ones that we have, or new ones for a token when there is one and they are of no use any more. */
  async #obtainCredentials(): Promise<LinkCredentials> {
    const { address, file, tokens, version } = this.#options;
    this.#credentials ??= await this.#load(file);
    const credentials = this.#credentials;
    const expired = credentials !== undefined && credentials.notAfter <= Date.now();
    if (credentials !== undefined && !expired && (!this.#disowned || tokens.size === 0)) return credentials;
    if (tokens.size === 0)
      throw new LinkError(credentials === undefined ? notEnrolled : expiredAt(credentials), { final: true });
    await prepareStore(file);
    const enrolled = await enroll(address, { tokens, version, signal: this.#stopped.signal });
    await saveCredentials(file, enrolled);
    this.#credentials = enrolled;
    this.#disowned = false;
    this.#log(`enrolled as ${enrolled.connector}`);
    return enrolled;
  }

  async #load(file: string): Promise<LinkCredentials | undefined> {
    const credentials = await loadCredentials(file);
    if (credentials !== undefined && (await othersCanRead(file))) {
      this.#log(`${file} holds the key of this connector, and others than its owner can read it: chmod 600 it`);
    }
    return credentials;
  }

  async #dial(own: LinkCredentials, signal: AbortSignal): Promise<TLSSocket> {
    return await dialGateway(this.#options.address, { trust: { authority: own.authority, own }, signal });
  }

  #begin(socket: TLSSocket): Life {
    const sessions = new Sessions(this.#options);
    const spares = new Spares({
      dial: (signal) => this.#dial(this.#credentials as LinkCredentials, signal),
      instance: this.#options.instance,
      taken: (connection, open) => void sessions.serve(connection, open),
      log: (message) => this.#log(message),
    });
    const control = new Control(socket, {
      welcome: (welcome) => this.#welcomed(life, welcome),
      request: (ask) => this.#answer(ask, sessions),
      acknowledged: (seq) => this.#acknowledged(seq),
      cancelElsewhere: (cancel) => {
        if (this.#foreign.take(performance.now())) this.#options.cancelElsewhere(cancel);
      },
    });
    const life: Life = { control, sessions, spares, welcomedAt: undefined, renewing: undefined };
    return life;
  }

  #hello(): Hello {
    const { version, instance, offers } = this.#options;
    return { type: 'hello', link: linkVersion, version, instance, host: hostname(), connections: offers() };
  }

  #welcomed(life: Life, { spares, refused }: Welcome): void {
    for (const { connection, reason } of refused) this.#log(`the gateway does not take "${connection}": ${reason}`);
    life.spares.keep(spares);
    if (life.welcomedAt === undefined) this.#begun(life);
    const before = this.#refused;
    this.#refused = new Set(refused.map(({ connection }) => connection));
    for (const name of before) if (!this.#refused.has(name)) this.#options.restartWatch(name);
  }

  #begun(life: Life): void {
    life.welcomedAt = performance.now();
    this.#repetitions.forget();
    this.#options.log(`connected to ${formatAddress(this.#options.address)} as ${this.#credentials?.connector}`);
    for (const watched of this.#outbox.kept) life.control.report(watched);
    // To the gateway nobody has watched since the last link.
    for (const started of this.#options.watching()) this.report({ ...started, at: Date.now() * 1_000, afresh: false });
  }

  async #answer(ask: Ask, sessions: Sessions): Promise<unknown> {
    switch (ask.type) {
      case 'cancel':
        return await sessions.cancel(ask.connection, ask.backendPid);
      case 'doctor':
        return await this.#options.doctor(ask.connection);
    }
  }

  #acknowledged(seq: number): void {
    for (const stopped of this.#outbox.acknowledge(seq)) {
      this.#life?.control.report(stopped);
      this.#options.restartWatch(stopped.event.connection);
    }
  }

  #renewInTime(life: Life, credentials: LinkCredentials, atMs: number = renewAt(credentials)): void {
    const waitMs = Math.max(atMs - Date.now(), 0);
    life.renewing = setTimeout(
      () => {
        if (waitMs > longestTimerMs) this.#renewInTime(life, credentials, atMs);
        else void this.#renew(life, credentials);
      },
      Math.min(waitMs, longestTimerMs),
    );
  }

  async #renew(life: Life, credentials: LinkCredentials): Promise<void> {
    try {
      const renewed = await life.control.renew(credentials.authority);
      await saveCredentials(this.#options.file, renewed);
      this.#credentials = renewed;
      this.#log(`the certificate was renewed, until ${new Date(renewed.notAfter).toISOString()}`);
      if (life === this.#life) this.#renewInTime(life, renewed, Math.max(renewAt(renewed), Date.now() + soonestMs));
    } catch (error) {
      if (!(error instanceof LinkError)) throw error;
      if (life !== this.#life) return;
      this.#log(`the certificate could not be renewed: ${error.message}`);
      this.#renewInTime(life, credentials, Date.now() + renewAgainMs);
    }
  }

  /** Says why there is no link, and not the same again and again. */
  #tell(error: LinkError): void {
    if (this.#repetitions.allows(error.message, performance.now())) this.#log(`no link: ${error.message}`);
  }

  #log(message: string): void {
    this.#options.log(`${formatAddress(this.#options.address)}: ${message}`);
  }
}

const notEnrolled =
  'this connector is not enrolled with this gateway; make a token there (onrecord connectors enroll NAME) and start the ' +
  'connector with --enroll';

function expiredAt({ notAfter }: LinkCredentials): string {
  return (
    `the certificate of this connector ended on ${new Date(notAfter).toISOString()}; make a token at the gateway ` +
    '(onrecord connectors enroll NAME) and start the connector with --enroll'
  );
}
