import { encodeMessage } from './encode-message.ts';
import { type Argument, parseArguments } from './script-value.ts';

/** One step of a script; `text` is how it was written, for transcripts. */
export interface Step {
  readonly directive: Directive;
  readonly arguments: readonly Argument[];
  /** What follows the directive, as written. */
  readonly rest: string;
  readonly line: number;
  readonly text: string;
  /** `send`: the packet. */
  readonly bytes: Uint8Array;
}

export interface Script {
  readonly title: string;
  readonly steps: readonly Step[];
  /** Errors are compared by severity and SQLSTATE only, because the gateway answers in its own words. */
  readonly ownWords: boolean;
}

const directives = [
  'abort',
  'admin',
  'byte',
  'cancel',
  'close',
  'connect',
  'expect',
  'login',
  'lacks',
  'on',
  'open',
  'own-words',
  'send',
  'until',
  'wait',
] as const;

export type Directive = (typeof directives)[number];

/** Reads a `.pgt` file; the format is described in README.md. Throws with the line that cannot be read. */
export function parseScript(source: string): Script {
  const lines = source.split('\n');
  const title = /^# (.+)/.exec(lines[0] ?? '')?.[1];
  if (title === undefined) throw new Error('line 1: a script begins with "# " and what it shows');
  const steps: Step[] = [];
  for (let at = 0; at < lines.length; ) {
    const line = lines[at] ?? '';
    const number = at + 1;
    at += 1;
    if (line.trim() === '' || line.startsWith('#')) continue;
    const block: string[] = [];
    while (/^\s+\S/.test(lines[at] ?? '')) block.push((lines[at++] ?? '').trim());
    try {
      steps.push(step(line, block, number));
    } catch (error) {
      throw new Error(`line ${number}: ${(error as Error).message}`);
    }
  }
  return { title, steps, ownWords: steps.some((each) => each.directive === 'own-words') };
}

function step(line: string, block: readonly string[], number: number): Step {
  const [, word = '', rest = ''] = /^(\S+)\s*(.*)$/.exec(line) ?? [];
  const directive = directives.find((each) => each === word);
  if (directive === undefined) throw new Error(`there is no "${word}"; there are: ${directives.join(', ')}`);
  const text = [line, ...block].map((each) => each.slice(0, 200)).join(' | ');
  if (directive !== 'send') {
    const literal = directive === 'expect' || directive === 'lacks';
    return {
      directive,
      arguments: literal ? [] : parseArguments(rest),
      rest,
      line: number,
      text,
      bytes: Buffer.alloc(0),
    };
  }
  // `send` and one message, or `send`, how to split the packet, and a block of messages.
  const messages = block.length > 0 ? block : [rest];
  const split = block.length > 0 ? parseArguments(rest) : [];
  return { directive, arguments: split, rest, line: number, text, bytes: Buffer.concat(messages.map(encodeMessage)) };
}
