import { logEverything } from '../oracle/postgres-log.ts';
import type { Connector } from '../support/connector.ts';
import { FaultyWire } from '../support/faulty-wire.ts';
import type { GatewayOptions, LinkOptions } from '../support/gateway.ts';
import { type Pair, startPair } from '../support/pair.ts';
import { crewSchema } from './crew.ts';

/** A server that logs all, a gateway, a connector, and the wire between the two. */
export interface LinkedPair extends Pair {
  readonly connector: Connector;
  readonly wire: FaultyWire;
}

export interface LinkedPairOptions extends Pick<GatewayOptions, 'settings' | 'connection' | 'connections'> {
  readonly link?: LinkOptions;
  /** The wire keeps what passes. */
  readonly listens?: boolean;
}

export async function startLinkedPair({ link, listens, ...gateway }: LinkedPairOptions = {}): Promise<LinkedPair> {
  let wire: FaultyWire | undefined;
  const through = async (address: string): Promise<string> => {
    wire = await FaultyWire.start(address, { listens: listens === true });
    return wire.address;
  };
  const pair = await startPair({
    // What was confirmed must outlive a server that is killed.
    postgres: { settings: { ...logEverything, synchronous_commit: true } },
    gateway: { ...gateway, via: 'connector', link: { ...link, through } },
  });
  const { connector } = pair.gateway;
  if (wire === undefined || connector === undefined) throw new Error('the gateway takes no connectors');
  const between = wire;
  await pair.admin.query(crewSchema);
  return {
    ...pair,
    connector,
    wire: between,
    stop: async () => {
      await pair.stop();
      await between.stop();
    },
  };
}
