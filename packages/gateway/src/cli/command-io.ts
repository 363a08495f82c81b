import type { Readable, Writable } from 'node:stream';

/**
 * What a command may touch of the process it runs in. Tests run commands with streams of their own; `main.ts` passes
 * the real ones. Nothing else under `commands/` reads `process`.
 */
export interface CommandIo {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly env: NodeJS.ProcessEnv;
  /** Paths that the user gave are relative to it. */
  readonly cwd: string;
  /** Whether standard output is a terminal. */
  readonly isTerminal: boolean;
  /** Width of the terminal; undefined when standard output is none. */
  readonly columns: number | undefined;
  /** Aborts when the user interrupts. A command that does not ask for it is simply ended by the interrupt. */
  interrupted(): AbortSignal;
  /** What the process exits with when the command has returned. */
  setExitCode(code: number): void;
}

/** Ends a command with a message for the user and no stack. */
export class CommandError extends Error {
  readonly exitCode: number;
  /** What to do about it; shown on a line of its own. */
  readonly hint: string | undefined;

  constructor(message: string, options: { readonly exitCode?: number; readonly hint?: string | undefined } = {}) {
    super(message);
    this.name = 'CommandError';
    this.exitCode = options.exitCode ?? exitCodes.error;
    this.hint = options.hint;
  }
}

/** Documented in docs/commands.md. */
export const exitCodes = {
  ok: 0,
  /** It did not work: no such session, an unreadable journal, a configuration that is wrong. */
  error: 1,
  /** It was called wrongly. */
  usage: 2,
} as const;
