import type { CandidateName } from './candidate.ts';
import { type Child, startChild } from './child.ts';
import { makeCredentials } from './credentials.ts';
import type { Network } from './network.ts';
import type { ConnectorCommands } from './processes/connector.ts';
import type { GatewayCommands } from './processes/gateway.ts';
import type { TargetCommands } from './processes/target.ts';

/** A gateway and a connector that have found each other, each a process of its own, with a server behind the connector. */
export interface Pair {
  readonly gateway: Child<GatewayCommands>;
  readonly connector: Child<ConnectorCommands>;
  stop(): Promise<void>;
}

const credentials = makeCredentials();

/** What is behind the connector is a server on a port of its machine, or where none is given one of ours (target.ts). */
export async function startPair(candidate: CandidateName, network: Network, serverPort?: number): Promise<Pair> {
  const target = startChild<TargetCommands>('target.ts', network.connectorNamespace);
  const gateway = startChild<GatewayCommands>('gateway.ts', network.gatewayNamespace);
  const connector = startChild<ConnectorCommands>('connector.ts', network.connectorNamespace);
  const stop = async (): Promise<void> => {
    await Promise.all([connector.stop(), gateway.stop(), target.stop()]);
  };
  try {
    const host = network.gatewayHost;
    const ends = await credentials;
    const targetPort = serverPort ?? (await target.ask('listen', undefined));
    const port = await gateway.ask('listen', { candidate, credentials: ends.gateway, host });
    await connector.ask('connect', { candidate, credentials: ends.connector, gateway: { host, port }, targetPort });
    await gateway.ask('connected', undefined);
    return { gateway, connector, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
