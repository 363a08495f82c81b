import type { HostPort } from '@onrecord/connector/config';
import { type Ask, type CancelElsewhere, type Hello, Rate } from '@onrecord/connector/link';
import type { Body } from '@onrecord/record';
import type { Config } from '../config/config.ts';
import type { State } from '../store/state.ts';
import { type Authority, loadAuthority } from './authority.ts';
import type {
  ConnectorGate,
  ForeignCancel,
  LiveLink,
  RemoteRequest,
  RemoteUpstream,
  WatchSink,
} from './connector-gate.ts';
import { ConnectorListener, type Peer } from './connector-listener.ts';
import { enrollConnector } from './enroll-connector.ts';
import { Enrollments } from './enrollments.ts';
import { ForeignCancels } from './foreign-cancels.ts';
import { identifyPeer, type KnownPeer, refuseOtherVersions, whyNotGood } from './identify-peer.ts';
import { Link, type LinkListener } from './link.ts';
import { LinkRefusal } from './link-refusal.ts';
import { Links } from './links.ts';
import { settleOffers } from './offers.ts';
import { openRemote } from './open-remote.ts';
import { Refusals } from './refusals.ts';
import { RemoteSessions } from './remote-sessions.ts';
import { Renewals } from './renewals.ts';
import { WatchInboxes } from './watch-inboxes.ts';

export interface ConnectorsOptions {
  readonly config: Config;
  readonly state: State;
  /** Wall-clock microseconds since 1970. */
  readonly nowUs: () => number;
  /** Resolves when the entries are on disk, in this order, in the gateway's own chain. */
  readonly append: (bodies: readonly Body[]) => Promise<void>;
  /** Resolves when what was done in the state before now is on the record, and in force (the outbox). */
  readonly settle: () => Promise<void>;
  readonly watch: WatchSink;
  /** A cancel request that came to another gateway: cancels the session when it is one of ours. */
  readonly cancel: (cancel: ForeignCancel) => void;
  /** What an operator reads. */
  readonly log: (message: string) => void;
  /** How often each end of a link says that it is there; for tests. */
  readonly beatMs?: number;
}

/** What there is when the gateway listens for connectors. */
interface Port {
  readonly authority: Authority;
  readonly listener: ConnectorListener;
  readonly renewals: Renewals;
}

/** Processes of one connector that may be connected at a time. */
const maximumLinks = 64;
/** How often a connector may connect or change what it offers, as each is an entry: enough for all of its processes at once. */
const hellos = { perSecond: 2, burst: 4 * maximumLinks };
/** How often the certificates of links are looked at. */
const checkMs = 1_000;

/**
 * The gateway's end of all links to connectors: lets them in, keeps them on the record, opens sessions through them, and
 * ends them when their certificates do.
 */
export class Connectors implements ConnectorGate {
  readonly #options: ConnectorsOptions;
  readonly #enrollments: Enrollments;
  readonly #links = new Links();
  readonly #sessions: RemoteSessions;
  readonly #inboxes: WatchInboxes;
  readonly #refusals: Refusals;
  readonly #cancels = new ForeignCancels();
  readonly #hellos = new Map<string, Rate>();
  readonly #listener: LinkListener;
  /** Entries of links that have ended, under way. */
  readonly #farewells = new Set<Promise<void>>();
  #config: Config;
  #port: Port | undefined;
  #checks: NodeJS.Timeout | undefined;
  #closing = false;

  constructor(options: ConnectorsOptions) {
    const { config, state, nowUs, append, log, watch } = options;
    this.#options = options;
    this.#config = config;
    this.#enrollments = new Enrollments(state);
    this.#sessions = new RemoteSessions(nowUs);
    this.#refusals = new Refusals({ append, log, nowMs: this.#nowMs });
    this.#inboxes = new WatchInboxes({ links: this.#links, sessions: this.#sessions, sink: watch, nowUs, log });
    this.#listener = {
      hello: (link, hello) => void this.#helloAgain(link, hello),
      renew: (link, renew) => {
        if (this.#port !== undefined) void this.#port.renewals.renew(link, renew);
      },
      watched: (link, { seq, event }) => {
        const served = this.#takes(link, event.connection) ? event : undefined;
        if (!this.#inboxes.of(link).push(seq, served)) link.end('its watches say more than can be recorded');
      },
      cancelElsewhere: (link, message) => this.#cancelHere(link, message),
      spare: (link) => this.#links.serveWaiting(link),
      ended: (link, end) => this.#ended(link, end),
    };
  }

  async listen(): Promise<HostPort | undefined> {
    const { listen, data, limits } = this.#config;
    if (listen.connectors === undefined) return undefined;
    const authority = await loadAuthority(data);
    const listener = await ConnectorListener.start({
      authority,
      listen: listen.connectors,
      unauthenticated: limits.unauthenticated,
      startupMs: limits.startupMs,
      nowMs: this.#nowMs,
      admit: (peer) => this.#admit(peer),
      refused: (refused) => this.#refusals.record(refused),
      log: this.#options.log,
    });
    const { nowUs, settle, log } = this.#options;
    const lifetimeMs = (): number => this.#config.connectors.certificateMs;
    const renewals = new Renewals({ authority, enrollments: this.#enrollments, lifetimeMs, nowUs, settle, log });
    this.#port = { authority, listener, renewals };
    this.#checks = setInterval(() => this.#endExpired(), checkMs).unref();
    return listener.address;
  }

  reload(config: Config): void {
    this.#config = config;
    for (const link of this.#links) void this.#welcome(link);
  }

  async open(connector: string, request: RemoteRequest): Promise<RemoteUpstream> {
    const { waitMs } = this.#config.connectors;
    return await openRemote(connector, request, { links: this.#links, sessions: this.#sessions, waitMs });
  }

  async request(connector: string, ask: Ask): Promise<unknown> {
    const [link] = this.#links.serving(connector, ask.connection);
    return await link.request(ask);
  }

  cancelElsewhere(cancel: ForeignCancel): void {
    const message = this.#cancels.outgoing(cancel, this.#nowMs());
    if (message === undefined) return;
    for (const link of this.#links) link.send(message);
  }

  endRevoked(connector: string): void {
    for (const link of [...this.#links.of(connector)]) this.#endUnlessValid(link);
  }

  list(): readonly LiveLink[] {
    return [...this.#links].map((link) => link.view()).sort((one, other) => one.since - other.since);
  }

  async close(): Promise<void> {
    this.#closing = true;
    clearInterval(this.#checks);
    this.#port?.listener.close();
    for (const link of [...this.#links]) link.end('the gateway shuts down');
    await Promise.all([this.#inboxes.close(), this.#refusals.close(), ...this.#farewells]);
  }

  readonly #nowMs = (): number => this.#options.nowUs() / 1000;

  async #admit(peer: Peer): Promise<void> {
    const { first } = peer;
    if (this.#port === undefined || this.#closing) throw shuttingDown();
    switch (first.type) {
      case 'enroll': {
        refuseOtherVersions(first);
        const { authority } = this.#port;
        const { nowUs, settle } = this.#options;
        const lifetimeMs = this.#config.connectors.certificateMs;
        return await enrollConnector(peer, first, {
          authority,
          enrollments: this.#enrollments,
          lifetimeMs,
          nowUs,
          settle,
        });
      }
      case 'hello':
        return await this.#greet(peer, first);
      case 'spare': {
        const { connector } = this.#known(peer, first);
        const link = this.#links.find(connector, first.instance);
        if (link !== undefined) return link.addSpare(peer.stream);
        throw new LinkRefusal('it belongs to a process that is not connected', { connector, final: false });
      }
      default:
        throw new LinkRefusal(`it began with "${first.type}"`);
    }
  }

  #known(peer: Peer, first: { readonly link: number }): KnownPeer {
    const { authority } = this.#port ?? {};
    const { nowUs } = this.#options;
    return identifyPeer(peer, first, { authority, enrollments: this.#enrollments, nowUs: nowUs() });
  }

  async #greet(peer: Peer, hello: Hello): Promise<void> {
    const { connector, shown } = this.#known(peer, hello);
    const { instance, host, version, connections } = hello;
    if (!this.#mayGreet(connector)) throw new LinkRefusal('it connects too often', { connector, final: false });
    if (this.#links.of(connector).length >= maximumLinks) {
      throw new LinkRefusal(`${maximumLinks} processes of it are connected, which is the limit`, {
        connector,
        final: false,
      });
    }
    const { nowUs, beatMs } = this.#options;
    const about = { connector, instance, host, version, client: peer.client, since: nowUs(), certificate: shown };
    const link = new Link({ about, control: peer.stream, listener: this.#listener, nowUs, beatMs });
    link.offered = connections;
    await this.#options.append([this.#connected(link)]);
    this.#links.find(connector, instance)?.end('its process connected again');
    this.#links.add(link);
    this.#inboxes.of(link).attach((seq) => link.send({ type: 'watch ack', seq }));
    link.start();
    if (this.#closing) link.end('the gateway shuts down');
    // It may have been revoked meanwhile.
    this.#endUnlessValid(link);
    if (link.ended !== undefined) return;
    this.#options.log(`connector "${connector}" is connected: ${host}, from ${peer.client}`);
    this.#serve(link);
  }

  async #helloAgain(link: Link, hello: Hello): Promise<void> {
    if (!this.#mayGreet(link.about.connector)) return link.end('it changes what it offers too often');
    link.offered = hello.connections;
    await this.#welcome(link);
  }

  #mayGreet(connector: string): boolean {
    const rate = this.#hellos.get(connector) ?? new Rate(hellos.perSecond, hellos.burst);
    this.#hellos.set(connector, rate);
    return rate.take(this.#nowMs());
  }

  /** What it may serve has changed, on either side. What it must not serve any more ends at once. */
  async #welcome(link: Link): Promise<void> {
    const { accepted } = this.#offers(link);
    for (const name of link.serves.keys()) if (!accepted.has(name)) this.#inboxes.of(link).ignore(name);
    const unchanged = accepted.size === link.serves.size && [...accepted.keys()].every((name) => link.serves.has(name));
    link.serves = new Map([...accepted].filter(([name]) => link.serves.has(name)));
    try {
      if (!unchanged) await this.#options.append([this.#connected(link)]);
      if (link.ended === undefined) this.#serve(link);
    } catch (error) {
      this.#options.log(`what connector "${link.about.connector}" serves was not changed: ${messageOf(error)}`);
    }
  }

  /** Takes what it offers, as the record says, and tells it so. */
  #serve(link: Link): void {
    const { accepted, refused } = this.#offers(link);
    link.serves = accepted;
    const { connector, client } = link.about;
    for (const { connection, reason } of refused) this.#refusals.record({ client, connector, connection, reason });
    link.send({ type: 'welcome', spares: this.#config.connectors.spares, refused });
  }

  /** Whether it serves a connection, or does as soon as that is on the record. */
  #takes(link: Link, connection: string): boolean {
    return link.serves.has(connection) || this.#offers(link).accepted.has(connection);
  }

  #offers(link: Link): ReturnType<typeof settleOffers> {
    return settleOffers(link.about.connector, link.offered, this.#config);
  }

  #connected(link: Link): Body {
    const { connector, instance, host, version, client } = link.about;
    const { certificate } = link.certificate;
    const connections = [...this.#offers(link).accepted.keys()];
    return { type: 'connector_connected', connector, certificate, client, version, host, instance, connections };
  }

  #ended(link: Link, { reason, sessions }: { readonly reason: string; readonly sessions: number }): void {
    const { connector, instance } = link.about;
    const { nowUs, append, log } = this.#options;
    this.#links.remove(link, nowUs());
    this.#inboxes.of(link).detach(link.heardUs, `the link to the connector "${connector}" ended: ${reason}`);
    log(`connector "${connector}" is gone: ${reason}; sessions that ended: ${sessions}`);
    const farewell = append([{ type: 'connector_disconnected', connector, instance, reason, sessions }]).catch(
      (error) => log(`the end of a link could not be recorded: ${messageOf(error)}`),
    );
    this.#farewells.add(farewell);
    void farewell.then(() => this.#farewells.delete(farewell));
  }

  #cancelHere(link: Link, message: CancelElsewhere): void {
    const cancel = this.#cancels.incoming(link.about.connector, message, this.#nowMs());
    if (cancel !== undefined) this.#options.cancel(cancel);
  }

  #endExpired(): void {
    const nowUs = this.#options.nowUs();
    for (const link of [...this.#links]) if (link.certificate.notAfter <= nowUs) this.#endUnlessValid(link);
  }

  #endUnlessValid(link: Link): void {
    const { type } = this.#enrollments.certificate(link.certificate.certificate, this.#options.nowUs());
    if (type !== 'valid') link.end(whyNotGood[type], { final: true });
  }
}

function shuttingDown(): LinkRefusal {
  return new LinkRefusal('the gateway shuts down', { final: false });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
