import { isDamage } from '../store/index-database.ts';
import { CommandError, type CommandIo, exitCodes } from './command-io.ts';

/**
 * Says on standard error why a command did not do its work, and answers with the exit code. What somebody can act on
 * (an error with a hint, one of the operating system, one of the record or the configuration) is said in a line; what
 * is left is a bug, and keeps its stack.
 */
export function explainError(error: unknown, io: Pick<CommandIo, 'stderr'>): number {
  if (!(error instanceof Error)) {
    io.stderr.write(`onrecord: ${String(error)}\n`);
    return exitCodes.error;
  }
  const hint = hintOf(error);
  const expected = typeof hint === 'string' || isExpected(error);
  io.stderr.write(`onrecord: ${expected ? error.message : (error.stack ?? error.message)}\n`);
  if (typeof hint === 'string') io.stderr.write(`${hint}\n`);
  if (error instanceof CommandError) return error.exitCode;
  return error.name === 'TimeNotUnderstood' ? exitCodes.usage : exitCodes.error;
}

function hintOf(error: Error): unknown {
  if (isDamage(error)) return 'The index is damaged. `onrecord reindex` rebuilds it from the journal; nothing is lost.';
  const { hint, code, syscall } = error as {
    readonly hint?: unknown;
    readonly code?: unknown;
    readonly syscall?: unknown;
  };
  return syscall === 'listen' ? listenHints.get(code) : hint;
}

const listenHints: ReadonlyMap<unknown, string> = new Map([
  [
    'EADDRINUSE',
    'Another process listens there, perhaps another gateway; `listen` in onrecord.yaml says where this one does.',
  ],
  ['EADDRNOTAVAIL', 'This machine has no such address; `listen` in onrecord.yaml says where the gateway listens.'],
  [
    'EACCES',
    'The gateway may not listen there, on a port below 1024 perhaps; `listen` in onrecord.yaml says where it does.',
  ],
]);

const expectedNames = new Set([
  'CommandError',
  'ConfigError',
  'JournalCorruption',
  'JournalInUse',
  'LaterVersionError',
  'Refusal',
  'Termination',
  'Halt',
]);

/** Errors of the operating system have a code: ENOENT, EADDRINUSE. */
function isExpected(error: Error): boolean {
  const { code, syscall } = error as { readonly code?: unknown; readonly syscall?: unknown };
  return expectedNames.has(error.name) || (typeof code === 'string' && typeof syscall === 'string');
}
