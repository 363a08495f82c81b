/**
 * The real terminal for the player: raw mode and the alternate screen, given back whatever happens: on quitting, an
 * uncaught error, SIGTERM and SIGHUP, and while stopped by SIGTSTP.
 */
import { writeSync } from 'node:fs';
import type { ReadStream, WriteStream } from 'node:tty';
import type { PlayerClock, PlayerTerminal, TerminalEvent } from './player.ts';

/** Alternate screen, cursor hidden, no wrapping at the right edge; and all of it back. */
const enterScreen = '\x1b[?1049h\x1b[?25l\x1b[?7l';
const leaveScreen = '\x1b[?2026l\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l';

/** The terminal for as long as `use` takes. */
export async function withTerminal(
  stdin: ReadStream,
  stdout: WriteStream & { readonly fd: number },
  use: (terminal: PlayerTerminal) => Promise<void>,
): Promise<void> {
  const listeners = new Set<(event: TerminalEvent) => void>();
  const tell = (event: TerminalEvent): void => {
    for (const listener of listeners) listener(event);
  };
  let entered = false;

  const enter = (): void => {
    entered = true;
    stdin.setRawMode(true);
    stdout.write(enterScreen);
  };
  /** Writes past the stream: the process may be about to end, and what a stream still holds would be lost. */
  const leave = (): void => {
    if (!entered) return;
    entered = false;
    try {
      stdin.setRawMode(false);
      writeSync(stdout.fd, leaveScreen);
    } catch {
      // The terminal is gone: nothing to give back.
    }
  };

  const onData = (text: string): void => tell({ type: 'input', text });
  const onEnd = (): void => tell({ type: 'closed' });
  const onResize = (): void => tell({ type: 'resized' });
  const onContinue = (): void => {
    enter();
    tell({ type: 'resumed' });
  };
  const onStop = (): void => {
    leave();
    process.once('SIGCONT', onContinue);
    // SIGTSTP is caught here, so only SIGSTOP still stops the process.
    process.kill(process.pid, 'SIGSTOP');
  };
  /** What the terminal does for Ctrl-Z when it is not in raw mode: npm or npx around us have to stop, too. */
  const suspend = (): void => void process.kill(0, 'SIGTSTP');
  const fatalSignals = ['SIGTERM', 'SIGHUP', 'SIGINT'] as const;
  const onFatal = (signal: NodeJS.Signals): void => {
    leave();
    for (const name of fatalSignals) process.removeListener(name, onFatal);
    process.kill(process.pid, signal);
  };

  process.on('exit', leave);
  process.on('SIGTSTP', onStop);
  for (const signal of fatalSignals) process.on(signal, onFatal);
  stdin.setEncoding('utf8');
  stdin.on('data', onData);
  stdin.on('end', onEnd);
  stdout.on('resize', onResize);
  enter();
  stdin.resume();
  try {
    await use({
      size: () => ({ columns: stdout.columns, rows: stdout.rows }),
      write: (text) => void stdout.write(text),
      listen(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      suspend,
    });
  } finally {
    leave();
    stdin.pause();
    stdin.removeListener('data', onData);
    stdin.removeListener('end', onEnd);
    stdout.removeListener('resize', onResize);
    process.removeListener('exit', leave);
    process.removeListener('SIGTSTP', onStop);
    process.removeListener('SIGCONT', onContinue);
    for (const signal of fatalSignals) process.removeListener(signal, onFatal);
  }
}

export const systemClock: PlayerClock = {
  nowMs: () => performance.now(),
  after(ms, call) {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
};
