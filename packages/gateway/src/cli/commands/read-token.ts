import type { ReadStream } from 'node:tty';
import { CommandError, type CommandIo, exitCodes } from '../command-io.ts';

/**
 * The token of who decides: from ONRECORD_TOKEN, or typed on a terminal that does not show it. Never an option of the command
 * line, which others on the machine can read.
 */
export async function readToken(as: string, io: CommandIo): Promise<string> {
  const given = io.env['ONRECORD_TOKEN']?.trim() ?? '';
  if (given !== '') return given;
  const stdin = io.stdin as Partial<ReadStream> & CommandIo['stdin'];
  if (stdin.isTTY !== true || stdin.setRawMode === undefined) {
    throw new CommandError(`there is no token of "${as}"`, {
      exitCode: exitCodes.usage,
      hint: 'Set ONRECORD_TOKEN to it, or run this on a terminal, which asks for it.',
    });
  }
  io.stderr.write(`Token of ${as}: `);
  stdin.setRawMode(true);
  try {
    return await typed(stdin);
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
    io.stderr.write('\n');
  }
}

const key = { interrupt: '\x03', end: '\x04', backspace: '\b', delete: '\x7f' } as const;

function typed(stdin: CommandIo['stdin']): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const done = (finish: () => void): void => {
      stdin.off('data', onData);
      stdin.off('end', onEnd);
      finish();
    };
    const onEnd = (): void => done(() => reject(new CommandError('no token was given')));
    const onData = (chunk: Buffer | string): void => {
      for (const character of chunk.toString()) {
        if (character === '\r' || character === '\n') return done(() => resolve(text.trim()));
        if (character === key.interrupt || character === key.end) return onEnd();
        if (character === key.delete || character === key.backspace) text = text.slice(0, -1);
        else text += character;
      }
    };
    stdin.on('data', onData).on('end', onEnd);
    stdin.resume();
  });
}
