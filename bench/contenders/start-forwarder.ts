import { join } from 'node:path';
import { startChild } from '../../tests/support/start-child.ts';
import type { Target } from '../../tests/support/target.ts';
import type { Started } from './contender.ts';

/** The bare Node forwarder, in a process of its own so that its CPU can be told apart. */
export async function startForwarder(postgres: Target): Promise<Started> {
  const script = join(import.meta.dirname, '..', 'forwarder.ts');
  const child = await startChild(
    process.execPath,
    [...process.execArgv, script, postgres.host, String(postgres.port)],
    {
      awaits: /^(\d+)$/m,
    },
  );
  const port = Number(child.printed);
  return {
    contenders: [{ ...postgres, name: 'forwarder', port, pids: [child.pid], journalBytes: undefined }],
    stop: child.stop,
  };
}
