import type { Open } from '@onrecord/connector/link';
import { NoLink, type RemoteRequest, type RemoteUpstream } from './connector-gate.ts';
import type { Links, TakenSpare } from './links.ts';
import { BrokenSpare, NotServed, type OpenedSpare, openOnSpare } from './open-on-spare.ts';
import type { RemoteSessions } from './remote-sessions.ts';

export interface OpenRemoteOptions {
  readonly links: Links;
  readonly sessions: RemoteSessions;
  /** How long to wait for a connector that is away. */
  readonly waitMs: number;
}

/**
 * Opens a session through a connector, as `ConnectorGate.open`. Spares may have broken unseen, all of them at once when
 * something on the way has forgotten them: each is tried, and then the ones that the connector dials anew.
 */
export async function openRemote(
  connector: string,
  request: RemoteRequest,
  { links, sessions, waitMs }: OpenRemoteOptions,
): Promise<RemoteUpstream> {
  const { connection, timeoutMs } = request;
  const signal = AbortSignal.any([request.signal, AbortSignal.timeout(timeoutMs)]);
  const until = performance.now() + timeoutMs;
  for (;;) {
    const taken = await links.take(connector, connection, { waitMs, signal });
    const { instance } = taken.link.about;
    const opening = sessions.opening(connection, instance);
    try {
      const opened = await openOnSpare(taken.spare, openMessage(request, until - performance.now()), signal);
      opened.socket.once('close', opening.opened({ pid: opened.backendPid, database: opened.database }));
      return remoteUpstream(opened, taken, connection);
    } catch (error) {
      opening.failed();
      if (error instanceof NotServed) throw new NoLink(connector, { type: 'not offered' });
      if (!(error instanceof BrokenSpare)) throw error;
    }
  }
}

function openMessage({ connection, database, owner, parameters }: RemoteRequest, leftMs: number): Open {
  return {
    type: 'open',
    connection,
    database,
    identity: owner.identity,
    groups: owner.groups,
    parameters: parameters.map(({ name, value }) => [name, Buffer.from(value).toString('base64')] as const),
    timeoutMs: Math.max(1, Math.floor(leftMs)),
  };
}

function remoteUpstream(opened: OpenedSpare, { link }: TakenSpare, connection: string): RemoteUpstream {
  const { connector, instance } = link.about;
  const { backendPid } = opened;
  return {
    ...opened,
    connector,
    instance,
    cancel: async () => {
      await link.request({ type: 'cancel', connection, backendPid });
    },
    lostBecause: () =>
      link.ended === undefined ? undefined : `the link to the connector "${connector}" ended: ${link.ended}`,
  };
}
