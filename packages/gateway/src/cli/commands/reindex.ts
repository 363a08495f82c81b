import type { Command } from 'commander';
import { Store } from '../../store/store.ts';
import { CommandError, type CommandIo, exitCodes } from '../command-io.ts';
import { groupDigits } from '../present/quantity.ts';
import { dataDirectory, progressOn, type RecordingOptions } from '../recording/open-recording.ts';

const help = `
The index is a projection of the journal: nothing is lost when it is dropped. Commands keep it up to date by themselves;
this is for an index that is in doubt. It can be run while a gateway is.

Exit codes: 0 rebuilt, 1 it could not be, or only up to where the journal is damaged, 2 the command was called wrongly.`;

/** `onrecord reindex`: drops the index and reads the whole journal again. */
export function registerReindex(program: Command, io: CommandIo): void {
  program
    .command('reindex')
    .description('rebuild the index from the journal')
    .option('--config <file>', 'configuration file, which names the data directory', './onrecord.yaml')
    .option('--data <directory>', 'data directory to use instead')
    .addHelpText('after', help)
    .action((options: RecordingOptions) => reindex(options, io));
}

async function reindex(options: RecordingOptions, io: CommandIo): Promise<void> {
  const data = await dataDirectory(options, io);
  const store = new Store(data);
  try {
    if (!store.keepsIndex) {
      throw new CommandError(`${data} cannot be written`, {
        hint: 'Of such a directory, each command reads the whole journal for itself: there is no index to rebuild.',
      });
    }
    const from = performance.now();
    const progress = progressOn(io);
    await store.reindex({ onProgress: progress.report }).finally(progress.end);
    const seconds = (performance.now() - from) / 1000;
    io.stdout.write(`${groupDigits(store.next)} entries read in ${seconds.toFixed(1)} s\n`);
    if (store.damage === undefined) return;
    io.stderr.write(`onrecord: ${store.damage}\n`);
    io.setExitCode(exitCodes.error);
  } finally {
    store.close();
  }
}
