import type { Config } from '../../config/config.ts';
import type { LiveLink } from '../../connectors/connector-gate.ts';
import type { ConnectorView } from '../../connectors/enrollments.ts';

/** How far a connector has come. */
export type ConnectorState = 'never enrolled' | 'waiting' | 'enrolled' | 'connected' | 'expired' | 'revoked';

/** A connector as `onrecord connectors list --json` shows it. Times are ISO 8601. */
export interface DescribedConnector {
  readonly connector: string;
  readonly state: ConnectorState;
  /** The connections that the configuration gives it. */
  readonly connections: readonly string[];
  readonly enrollmentUntil: string | null;
  readonly certificateUntil: string | null;
  readonly revokedAt: string | null;
  readonly links: readonly DescribedLink[] | null;
}

/** One process of a connector that is connected. */
export interface DescribedLink extends Omit<LiveLink, 'connector' | 'since' | 'certificate' | 'notAfter'> {
  readonly since: string;
}

export interface ConnectorFacts {
  readonly config: Config;
  readonly view: ConnectorView | undefined;
  /** Undefined when no gateway runs. */
  readonly links: readonly LiveLink[] | undefined;
  readonly nowUs: number;
}

/** What is known of a connector: by the configuration, the state, and the running gateway. */
export function describeConnector(
  connector: string,
  { config, view, links, nowUs }: ConnectorFacts,
): DescribedConnector {
  const own = links?.filter((link) => link.connector === connector);
  return {
    connector,
    state: own !== undefined && own.length > 0 ? 'connected' : stateOf(view, nowUs),
    connections: [...config.connections.values()].flatMap(({ name, reach }) =>
      reach.type === 'connector' && reach.connector === connector ? [name] : [],
    ),
    enrollmentUntil: isoTime(view?.pendingUntil),
    certificateUntil: isoTime(view?.certificateUntil),
    revokedAt: isoTime(view?.revokedAt),
    links:
      own?.map(({ host, client, since, version, instance, connections, sessions, spares }) => ({
        host,
        client,
        since: isoTime(since) ?? '',
        version,
        instance,
        connections,
        sessions,
        spares,
      })) ?? null,
  };
}

function stateOf(view: ConnectorView | undefined, nowUs: number): ConnectorState {
  if (view === undefined) return 'never enrolled';
  const { certificateUntil, pendingUntil, revokedAt } = view;
  if (certificateUntil !== undefined && certificateUntil > nowUs) return 'enrolled';
  if (pendingUntil !== undefined) return 'waiting';
  if (certificateUntil !== undefined) return 'expired';
  return revokedAt === undefined ? 'never enrolled' : 'revoked';
}

/** ISO 8601 in UTC to the second; null for no time. */
export function isoTime(micros: number | undefined): string | null {
  return micros === undefined ? null : new Date(micros / 1000).toISOString().replace(/\.\d+Z$/, 'Z');
}
