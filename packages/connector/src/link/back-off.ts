const firstMs = 100;
/** Less than a new session waits at a gateway for its connector (`connectors.wait`), so that a restart costs none its turn. */
const lastMs = 3_000;

/**
 * How long to wait before the next try to reach a gateway, after so many that failed: twice as long each time, up to 3 s,
 * and any part of that (`random` is from 0 to 1), so that the connectors of a gateway that comes up again do not come all
 * at once.
 */
export function backOffMs(failures: number, random: number): number {
  return random * Math.min(lastMs, firstMs * 2 ** Math.min(failures - 1, 30));
}
