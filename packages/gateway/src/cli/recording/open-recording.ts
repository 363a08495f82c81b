import { resolve } from 'node:path';
import type { Command } from 'commander';
import { loadConfig } from '../../config/load-config.ts';
import { Store } from '../../store/store.ts';
import type { CommandIo } from '../command-io.ts';
import { wantsColor } from '../present/color.ts';
import type { Look } from '../present/look.ts';
import { groupDigits } from '../present/quantity.ts';
import { systemTimeZone } from '../time/zone.ts';
import { recordView } from './record-view.ts';

/** Options of every command that reads a recording. */
export interface RecordingOptions {
  readonly config: string;
  readonly data?: string;
  readonly tz?: string;
}

/** An opened recording, as complete as the journal is now. */
export interface Recording {
  readonly store: Store;
  readonly look: Look;
  readonly nowUs: number;
  /** Leaves an entry that it is looked at; call it before anything is shown. */
  viewed(command: string, target: string): Promise<void>;
  close(): void;
}

export function addRecordingOptions(command: Command): Command {
  return command
    .option('--config <file>', 'configuration file, which names the data directory', './onrecord.yaml')
    .option('--data <directory>', 'data directory to read instead, such as a copy')
    .option('--tz <zone>', "time zone of the times given and shown, such as Europe/Berlin (default: this system's)");
}

/** Opens the data directory and brings its index up to the end of the journal. */
export async function openRecording(options: RecordingOptions, io: CommandIo): Promise<Recording> {
  const data = await dataDirectory(options, io);
  const store = new Store(data);
  const progress = progressOn(io);
  try {
    await store.catchUp({ onProgress: progress.report });
  } catch (error) {
    store.close();
    throw error;
  } finally {
    progress.end();
  }
  const nowUs = Date.now() * 1000;
  return {
    store,
    look: lookOf(options, io),
    nowUs,
    viewed: (command, target) => recordView(store, data, { command, target, nowUs }),
    close: () => store.close(),
  };
}

export async function dataDirectory(options: RecordingOptions, io: CommandIo): Promise<string> {
  if (options.data !== undefined) return resolve(io.cwd, options.data);
  return (await loadConfig(resolve(io.cwd, options.config))).data;
}

/** Width of text that goes to a file or a pipe. */
const plainWidth = 120;

function lookOf(options: RecordingOptions, io: CommandIo): Look {
  return {
    width: io.columns ?? plainWidth,
    color: wantsColor(io.env, io.isTerminal),
    timeZone: options.tz ?? systemTimeZone(),
  };
}

/** A catch-up that takes a while says so, where somebody is watching. */
const quietMs = 1_000;

export interface Progress {
  readonly report: (next: number) => void;
  /** Takes the line away again. */
  end(): void;
}

export function progressOn({ stderr }: CommandIo): Progress {
  if ((stderr as { readonly isTTY?: boolean }).isTTY !== true) return { report: () => {}, end: () => {} };
  const start = performance.now();
  let last: number | undefined;
  return {
    report(next) {
      const now = performance.now();
      if (now - (last ?? start) < (last === undefined ? quietMs : quietMs / 4)) return;
      last = now;
      stderr.write(`\rreading the journal: ${groupDigits(next)} entries`);
    },
    end() {
      if (last !== undefined) stderr.write('\r\x1b[K');
    },
  };
}
