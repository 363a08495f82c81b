/** What a process has cost so far. */
export interface Cost {
  /** User and system time of all its threads. */
  readonly cpuUs: number;
  readonly residentBytes: number;
}

/** The cost of this process. */
export function ownCost(): Cost {
  const { user, system } = process.cpuUsage();
  return { cpuUs: user + system, residentBytes: process.memoryUsage.rss() };
}
