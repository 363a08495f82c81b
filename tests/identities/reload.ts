import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Gateway } from '../support/gateway.ts';

type Settings = { readonly [name: string]: unknown };

const deadlineMs = 60_000;

/** Changes settings of the top level and waits until they are in force (SIGHUP). */
export async function reload(gateway: Gateway, change: (settings: Settings) => Settings): Promise<void> {
  const settings = JSON.parse(readFileSync(gateway.configFile, 'utf8')) as Settings;
  writeFileSync(gateway.configFile, JSON.stringify({ ...settings, ...change(settings) }));
  const said = (): number => gateway.log().match(/is in force for new sessions/g)?.length ?? 0;
  const before = said();
  process.kill(gateway.pid(), 'SIGHUP');
  const until = Date.now() + deadlineMs;
  while (said() === before) {
    if (Date.now() > until) throw new Error(`the configuration was not changed:\n${gateway.log()}`);
    await delay(5);
  }
}
