import { didYouMean } from '@onrecord/connector/config';
import type { OfferedConnection } from '@onrecord/connector/link';
import type { Config, Reach } from '../config/config.ts';

/** What the configuration says to the connections that a connector offers. */
export interface Offers {
  readonly accepted: ReadonlyMap<string, OfferedConnection>;
  /** The others, and why. */
  readonly refused: readonly { readonly connection: string; readonly reason: string }[];
}

/** For so many offers the name that was meant is looked for: each takes milliseconds among a hundred connections. */
const maximumGuesses = 10;

/** A connector serves the connections that name it in the gateway's configuration, and no others. */
export function settleOffers(
  connector: string,
  offered: readonly OfferedConnection[],
  { connections }: Pick<Config, 'connections'>,
): Offers {
  const accepted = new Map<string, OfferedConnection>();
  const refused: { connection: string; reason: string }[] = [];
  let guesses = 0;
  for (const offer of offered) {
    const reach = connections.get(offer.name)?.reach;
    if (reach === undefined) {
      guesses += 1;
      const meant = guesses > maximumGuesses ? '' : didYouMean(offer.name, namesOf(connector, connections));
      refused.push({ connection: offer.name, reason: `the gateway has no connection of this name${meant}` });
    } else if (!isReachedBy(reach, connector)) {
      refused.push({ connection: offer.name, reason: 'the gateway reaches this connection in another way' });
    } else accepted.set(offer.name, offer);
  }
  return { accepted, refused };
}

function namesOf(connector: string, connections: Config['connections']): readonly string[] {
  return [...connections.values()].filter(({ reach }) => isReachedBy(reach, connector)).map(({ name }) => name);
}

function isReachedBy(reach: Reach, connector: string): boolean {
  return reach.type === 'connector' && reach.connector === connector;
}
