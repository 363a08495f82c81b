import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { CommandIo } from '../command-io.ts';

const help = `
Clients connect with their identity as the user, a token as the password and a connection as the database:
  postgres://billing-agent:TOKEN@127.0.0.1:6432/billing

SIGHUP reads the configuration again; open sessions keep theirs. SIGTERM and SIGINT end every session on the record
and stop. Exit codes: 0 stopped when asked to, 1 could not start, 70 the journal could not be written or synced.`;

/** Exit code of a gateway that can no longer keep its promise (EX_SOFTWARE, sysexits.h). */
const haltedCode = 70;

/** `onrecord gateway`: takes connections until it is told to stop. */
export function registerGateway(program: Command, io: CommandIo): void {
  program
    .command('gateway')
    .description('take connections, record every session')
    .option('--config <file>', 'configuration file', './onrecord.yaml')
    .addHelpText('after', help)
    .action(async ({ config }: { readonly config: string }) => {
      const { serve } = await import('../serve.ts');
      const { oneLine } = await import('@onrecord/connector');
      const log = (message: string): void => void io.stderr.write(`${new Date().toISOString()} ${oneLine(message)}\n`);
      const serving = await serve({ configFile: resolve(io.cwd, config), env: io.env, log });
      const { host, port } = serving.address;
      log(`listening on ${host.includes(':') ? `[${host}]` : host}:${port}`);
      let stopping = false;
      const stop = (signal: NodeJS.Signals): void => {
        // A signal to the process group arrives twice: once by itself, once passed on by bin/onrecord.js.
        if (stopping) return;
        stopping = true;
        log(`${signal}: ending ${serving.sessions()} open sessions`);
        serving.stop(signal).catch((error: Error) => {
          log(`could not stop in order: ${error.message}`);
          process.exit(1);
        });
      };
      process.on('SIGTERM', stop);
      process.on('SIGINT', stop);
      process.on('SIGHUP', () => void serving.reload());
      const halt = await serving.stopped;
      process.exit(halt === undefined ? 0 : haltedCode);
    });
}
