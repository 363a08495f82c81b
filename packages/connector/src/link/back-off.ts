const firstMs = 100;
const lastMs = 10_000;

/**
 * How long to wait before the next try to reach a gateway, after so many that failed: twice as long each time, up to 10 s,
 * and any part of that (`random` is from 0 to 1), so that the connectors of a gateway that comes up again do not come all
 * at once.
 */
export function backOffMs(failures: number, random: number): number {
  return random * Math.min(lastMs, firstMs * 2 ** Math.min(failures - 1, 30));
}
