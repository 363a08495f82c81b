import { didYouMean } from '@onrecord/connector/config';
import type { OfferedConnection } from '@onrecord/connector/link';
import type { Config, Reach } from '../config/config.ts';

/** What the configuration says to the connections that a connector offers. */
export interface Offers {
  readonly accepted: ReadonlyMap<string, OfferedConnection>;
  /** The others, and why. */
  readonly refused: readonly { readonly connection: string; readonly reason: string }[];
}

/** A connector serves the connections that name it in the gateway's configuration, and no others. */
export function settleOffers(
  connector: string,
  offered: readonly OfferedConnection[],
  { connections }: Pick<Config, 'connections'>,
): Offers {
  const accepted = new Map<string, OfferedConnection>();
  const refused: { connection: string; reason: string }[] = [];
  for (const offer of offered) {
    const reach = connections.get(offer.name)?.reach;
    if (reach === undefined) {
      const own = [...connections.values()].filter((other) => isReachedBy(other.reach, connector));
      const meant = didYouMean(
        offer.name,
        own.map(({ name }) => name),
      );
      refused.push({ connection: offer.name, reason: `the gateway has no connection of this name${meant}` });
    } else if (!isReachedBy(reach, connector)) {
      refused.push({ connection: offer.name, reason: 'the gateway reaches this connection in another way' });
    } else accepted.set(offer.name, offer);
  }
  return { accepted, refused };
}

function isReachedBy(reach: Reach, connector: string): boolean {
  return reach.type === 'connector' && reach.connector === connector;
}
