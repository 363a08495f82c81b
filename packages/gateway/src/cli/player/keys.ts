/** What a terminal in raw mode sends, as keys. Pure. */

/** A printable character, or the name of a key. */
export type Key =
  | { readonly type: 'character'; readonly text: string }
  | { readonly type: 'key'; readonly name: KeyName };

export type KeyName =
  | 'up'
  | 'down'
  | 'left'
  | 'right'
  | 'home'
  | 'end'
  | 'page up'
  | 'page down'
  | 'enter'
  | 'escape'
  | 'backspace'
  | 'clear line'
  | 'quit'
  | 'suspend'
  | 'redraw';

const sequences: Readonly<Record<string, KeyName>> = {
  A: 'up',
  B: 'down',
  C: 'right',
  D: 'left',
  H: 'home',
  F: 'end',
  '1~': 'home',
  '4~': 'end',
  '5~': 'page up',
  '6~': 'page down',
  '7~': 'home',
  '8~': 'end',
};

const controls: Readonly<Record<string, KeyName>> = {
  '\r': 'enter',
  '\n': 'enter',
  '\x7f': 'backspace',
  '\b': 'backspace',
  '\x15': 'clear line',
  '\x03': 'quit',
  '\x04': 'quit',
  '\x1a': 'suspend',
  '\x0c': 'redraw',
  '\x06': 'page down',
  '\x02': 'page up',
};

const escapeByte = '\x1b';

/** What follows ESC in the sequences that terminals send for keys (ECMA-48 CSI, and SS3 of application mode). */
const sequence = /^(?:\[[\d;?<>=]*[ -/]*[@-~]|O[@-~])/;
const unfinished = /^(?:\[[\d;?<>=]*[ -/]*|O)?$/;

/**
 * The keys in what came in, and the rest that may be the beginning of one: the escape key and the first byte of an arrow
 * look alike until more comes, or nothing does for a while.
 */
export function decodeKeys(input: string): { readonly keys: readonly Key[]; readonly rest: string } {
  const keys: Key[] = [];
  for (let at = 0; at < input.length; ) {
    const character = String.fromCodePoint(input.codePointAt(at) ?? 0);
    const behind = input.slice(at + 1, at + 32);
    const code = character === escapeByte ? sequence.exec(behind)?.[0] : undefined;
    if (code !== undefined) {
      // Modifiers (`1;5C` is control and right) do not matter here.
      const name =
        sequences[
          code
            .slice(1)
            .replace(/^\d+;\d+(?=[A-Z])/, '')
            .replace(/;\d+(?=~)/, '')
        ];
      if (name !== undefined) keys.push({ type: 'key', name });
      at += 1 + code.length;
      continue;
    }
    if (character === escapeByte && unfinished.test(behind)) return { keys, rest: input.slice(at) };
    const name = character === escapeByte ? 'escape' : controls[character];
    if (name !== undefined) keys.push({ type: 'key', name });
    else if (!/\p{Cc}/u.test(character)) keys.push({ type: 'character', text: character });
    at += character.length;
  }
  return { keys, rest: '' };
}
