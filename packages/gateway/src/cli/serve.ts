import { constants } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { Ours } from '@onrecord/connector';
import { formatAddress } from '@onrecord/connector/config';
import { type Body, gatewaySession } from '@onrecord/record';
import { type OpenedApprovals, openApprovals } from '../approvals/open-approvals.ts';
import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load-config.ts';
import { BlindSessions } from '../connectors/blind-sessions.ts';
import { BuiltInWatches } from '../connectors/built-in-watches.ts';
import { Connectors } from '../connectors/connectors.ts';
import type { ControlRequest } from '../control/control-request.ts';
import { ControlServer } from '../control/control-server.ts';
import { type Halt, Refusal } from '../errors.ts';
import { clientAuthorities } from '../identity/client-authorities.ts';
import { serverCertificate } from '../identity/server-certificate.ts';
import { Tokens } from '../identity/tokens.ts';
import { appendEntries } from '../journal/append-entries.ts';
import { Journal } from '../journal/journal.ts';
import { JournalReader } from '../journal/reader.ts';
import { atWallClock } from '../net/at-wall-clock.ts';
import { Catalogs } from '../net/catalog/catalogs.ts';
import type { ServerTls } from '../net/client-tls.ts';
import { systemClock } from '../net/clock.ts';
import { Gateway } from '../net/gateway.ts';
import { reachUpstream } from '../net/reach.ts';
import { builtInConnector } from '../net/upstream.ts';
import { RateLimits } from '../policy/rate.ts';
import type { SqlReader } from '../session/session-state.ts';
import { createAnalyzer } from '../sql/analysis/analyze.ts';
import { loadParser } from '../sql/parser.ts';
import { redactPasswords } from '../sql/redact.ts';
import { createSplitter } from '../sql/split.ts';
import { sessionEffect } from '../sql/sql-session-effects.ts';
import { traceparentOf } from '../sql/traceparent.ts';
import { startIndexer } from '../store/indexer.ts';
import { drainOutbox, forgetAppended, type OutboxJournal } from '../store/outbox.ts';
import { State } from '../store/state.ts';
import { maskingHmac } from './masking-key.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { version } from './version.ts';

export interface ServeOptions {
  readonly configFile: string;
  readonly env: NodeJS.ProcessEnv;
  /** What an operator reads: one line an event. */
  readonly log: (message: string) => void;
}

/** A gateway that takes connections. */
export interface Serving {
  readonly address: { readonly host: string; readonly port: number };
  readonly sessions: () => number;
  /** Resolves when the gateway has stopped: with the Halt that stopped it, if one did. */
  readonly stopped: Promise<Halt | undefined>;
  /** Reads the configuration again. A file that cannot be used changes nothing. */
  reload(): Promise<void>;
  stop(reason: string): Promise<void>;
}

/** How often the outbox of the commands is looked at; a login looks at it first. */
const outboxMs = 1_000;
const own = { session: gatewaySession, identity: '' } as const;
/** How a text reads where the settings of its session are not known. */
const standardText = { standardConformingStrings: true, clientEncoding: 'UTF8' } as const;

/** Opens the journal and everything that stands on it, and takes connections. Throws before it does when it cannot. */
export async function serve({ configFile, env, log }: ServeOptions): Promise<Serving> {
  let config = await loadConfig(configFile);
  const clock = systemClock();
  let halted: (halt: Halt) => void = () => {};
  const state = new State(config.data);
  const directory = join(config.data, 'journal');
  const journal = await Journal.open({
    directory,
    segmentBytes: config.limits.segmentBytes,
    clock,
    onHalt: (halt) => halted(halt),
  });
  const append = async (bodies: readonly Body[]): Promise<void> => {
    await appendEntries(journal, own, bodies, 'synced');
  };
  forgetAppended(state, (index) => entriesFrom(directory, index));
  await append([
    {
      type: 'gateway_started',
      version,
      configuration: config.hash,
      pid: process.pid,
      host: hostname(),
      listen: `${config.listen.postgres.host}:${config.listen.postgres.port}`,
    },
  ]);
  const settle = (): Promise<void> => drainOutbox(state, outboxJournal);
  const blindSessions = new BlindSessions({ config, append, log });
  const ours = new Ours(clock);
  const watches = new BuiltInWatches({ ours, sink: blindSessions, clock, env, log });
  const connectors = new Connectors({
    config,
    state,
    nowUs: () => clock.wallUs(),
    append,
    settle,
    watch: blindSessions,
    cancel: (cancel) => gateway.cancelForeign(cancel),
    log,
  });
  const tokens = new Tokens(state);
  const sql = await sqlReader();
  const approvals = openApprovals({
    recorder: journal,
    state,
    clock: { wallUs: () => clock.wallUs(), at: (atUs, ring) => atWallClock(atUs, clock, ring) },
    lastIndex: () => journal.lastIndex,
    log,
    config: () => config,
    tokens,
    settleTokens: settle,
    env,
    accessRevoked: ({ question }) => gateway.endAccess(question),
  });
  await approvals.desk.recover((index) => entriesFrom(directory, index));
  let hmac = await maskingHmac(config, env);
  const analyze = createAnalyzer(await loadParser());
  const gateway = new Gateway({
    config,
    tls: await serverTls(config),
    recorder: journal,
    tokens,
    settleTokens: settle,
    clock,
    sql,
    dial: reachUpstream({ builtIn: builtInConnector({ env, ours, log }), gate: connectors, log }),
    guards: (own) => ({
      catalogs: new Catalogs({ ...own, log }),
      desk: approvals.desk,
      analyze,
      rates: new RateLimits(),
      // Of a session: the key that was in force when it opened.
      get hmac() {
        return hmac;
      },
      redact: (text) => sql.redact(text, standardText) ?? text,
    }),
    cancelElsewhere: (cancel) => connectors.cancelElsewhere(cancel),
    log,
  });
  const outboxJournal: OutboxJournal = {
    lastIndex: () => journal.lastIndex,
    append: async (bodies) => {
      await append(bodies);
      for (const body of bodies) {
        if (body.type === 'token_revoked') gateway.endSessionsOf(body.token);
        if (body.type === 'connector_revoked') connectors.endRevoked(body.connector);
      }
    },
  };
  const dialIn = await connectors.listen();
  if (dialIn !== undefined) log(`connectors dial in at ${formatAddress(dialIn)}`);
  await watches.follow(config);
  const address = await gateway.listen();
  const control = new ControlServer({
    dataDirectory: config.data,
    log,
    answer: (request) => answered(request, { gateway, connectors, watches, approvals, config: () => config }),
  });
  await control.listen();
  const indexer = startIndexer({ dataDirectory: config.data, log });
  let refuses = false;
  const outbox = setInterval(() => {
    const refusal = refusalOf(journal);
    if (refusal !== undefined && !refuses) log(`new work is refused: ${refusal.message}`);
    if (refusal === undefined && refuses) log('there is room to record in again; new work is taken');
    refuses = refusal !== undefined;
    settle().catch((error: Error) => log(`the outbox could not be recorded: ${error.message}`));
  }, outboxMs);

  // In order: one that was slower than the next must not bring an older file back into force.
  const reload = oneAtATime(async () => {
    try {
      const next = await reloaded(config, configFile, log);
      const tls = await serverTls(next);
      const nextHmac = await maskingHmac(next, env);
      await append([{ type: 'configured', configuration: next.hash }]);
      config = next;
      hmac = nextHmac;
      // Before the sessions that asked end: on record it is why the question does.
      approvals.desk.reload();
      gateway.reload(next, tls);
      blindSessions.reload(next);
      connectors.reload(next);
      await watches.follow(next);
      log(`configuration ${config.hash.slice(0, 12)} is in force for new sessions`);
    } catch (error) {
      log(`the configuration was not changed: ${error instanceof Error ? error.message : String(error)}`);
    }
  });
  const stopped = Promise.withResolvers<Halt | undefined>();
  halted = (halt) => {
    log(`${halt.message}; the gateway stops`);
    clearInterval(outbox);
    stopped.resolve(halt);
  };
  return {
    address,
    sessions: () => gateway.sessions,
    stopped: stopped.promise,
    reload,
    async stop(reason): Promise<void> {
      clearInterval(outbox);
      await control.close();
      await approvals.close();
      await gateway.close();
      await watches.close();
      await connectors.close();
      await settle();
      await append([{ type: 'gateway_stopped', reason }]);
      await journal.close();
      await indexer.stop();
      state.close();
      stopped.resolve(undefined);
    },
  };
}

interface Asked {
  readonly gateway: Gateway;
  readonly connectors: Connectors;
  readonly watches: BuiltInWatches;
  readonly approvals: OpenedApprovals;
  readonly config: () => Config;
}

/** What a command wants to know of the running gateway. Rejects with a Refusal that it may print. */
async function answered(
  request: ControlRequest,
  { gateway, connectors, watches, approvals, config }: Asked,
): Promise<unknown> {
  switch (request.type) {
    case 'connectors':
      return connectors.list();
    case 'approvals list':
    case 'approvals show':
    case 'approvals vote':
    case 'approvals revoke':
    case 'approvals watch':
      return await approvals.answer(request);
    case 'catalog':
      return await gateway.readCatalog(request.connection, request.database);
    case 'test connection':
      return await gateway.testConnection(request.connection, request.identity);
    case 'doctor': {
      const reach = config().connections.get(request.connection)?.reach;
      if (reach === undefined) throw new Refusal('42704', `there is no connection "${request.connection}"`);
      try {
        if (reach.type === 'built-in') return await watches.doctor(request.connection);
        return await connectors.request(reach.connector, request);
      } catch (error) {
        throw new Refusal('55000', error instanceof Error ? error.message : String(error));
      }
    }
    default:
      throw new Refusal('0A000', 'the running gateway is of another version, and does not know the question', {
        hint: 'Use the command of its version, or restart it.',
      });
  }
}

/** Why the journal takes no new work, if so. */
function refusalOf(journal: Journal): Refusal | undefined {
  try {
    journal.admit();
    return undefined;
  } catch (error) {
    // A Halt ends the process by its own way.
    return error instanceof Refusal ? error : undefined;
  }
}

function* entriesFrom(directory: string, index: number): Generator<{ readonly at: number; readonly body: Body }> {
  const reader = new JournalReader(directory);
  try {
    for (const { entry } of reader.entries(index)) yield entry;
  } finally {
    reader.close();
  }
}

async function sqlReader(): Promise<SqlReader> {
  const split = await createSplitter();
  return {
    split,
    redact: (sql, { standardConformingStrings, clientEncoding }) =>
      redactPasswords(sql, standardConformingStrings, clientEncoding),
    effect: (sql, { standardConformingStrings }) => sessionEffect(sql, standardConformingStrings),
    traceparent: traceparentOf,
  };
}

async function serverTls(config: Config): Promise<ServerTls | undefined> {
  if (config.tls.mode === 'off') return undefined;
  const { certificate, key, endPoint } = await serverCertificate(config);
  // TLS 1.2 is what libpq asks for by default (ssl_min_protocol_version). A resumed session would carry the verdict on a
  // client's certificate from one handshake to the next.
  const clients = await clientAuthorities(config);
  const context = createSecureContext({
    cert: certificate,
    key,
    minVersion: 'TLSv1.2',
    ...(clients === undefined ? {} : { ca: clients.ca, secureOptions: constants.SSL_OP_NO_TICKET }),
    ...(clients?.crl === undefined ? {} : { crl: [...clients.crl] }),
  });
  return { context, endPoint, required: config.tls.required, isRevoked: clients?.isRevoked };
}

/** The configuration as it is now. What only a start can change is kept as it was, and said. */
async function reloaded(current: Config, configFile: string, log: (message: string) => void): Promise<Config> {
  const next = await loadConfig(configFile);
  const listens = `${next.listen.postgres.host}:${next.listen.postgres.port}`;
  const listened = `${current.listen.postgres.host}:${current.listen.postgres.port}`;
  if (listens !== listened) log(`listen.postgres changes to ${listens} with the next start`);
  const connectors = formattedOrNone(next.listen.connectors);
  if (connectors !== formattedOrNone(current.listen.connectors)) {
    log(`listen.connectors changes to ${connectors} with the next start`);
  }
  if (next.data !== current.data) log(`data changes to ${next.data} with the next start`);
  return { ...next, listen: current.listen, data: current.data };
}

function formattedOrNone(address: Config['listen']['connectors']): string {
  return address === undefined ? 'none' : formatAddress(address);
}
