/** One setting in the `options` of a startup message, and the stretch of the text that says it. */
export interface OptionSetting {
  /** As Postgres reads it: case does not matter, a dash is an underscore. */
  readonly name: string;
  /** Undefined when there is no equals sign. */
  readonly value: string | undefined;
  readonly start: number;
  readonly end: number;
}

/** A word with its escapes taken out; `at[i]` is where its character i stands in the text. */
interface Word {
  readonly text: string;
  readonly at: readonly number[];
  readonly end: number;
}

/** Switches that take an argument: those with a colon in process_postgres_switches (backend/tcop/postgres.c). */
const withArgument: ReadonlySet<string> = new Set('BCcDdfhkNprStvW-');

/**
 * The settings in a text of command-line options, `-c name=value` and `--name=value`, as Postgres takes them apart:
 * pg_split_opts (backend/utils/init/postinit.c), then getopt, then ParseLongOption. Everything else is passed over.
 */
export function optionSettings(options: string): readonly OptionSetting[] {
  const words = splitOptions(options);
  const settings: OptionSetting[] = [];
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] as Word;
    if (word.text === '--') break;
    if (!word.text.startsWith('-')) continue;
    const letter = switchWithArgument(word.text);
    if (letter === undefined) continue;
    const attached = word.text.slice(letter + 1);
    const next = attached === '' ? words[index + 1] : undefined;
    if (attached === '') index += 1;
    const name = word.text.charAt(letter);
    if (name !== 'c' && name !== '-') continue;
    // A switch of its own goes with its dash; behind others in the same word it goes without.
    const start = word.at[letter === 1 ? 0 : letter] as number;
    settings.push({ ...parseSetting(next?.text ?? attached), start, end: (next ?? word).end });
  }
  return settings;
}

/** Where in a word of switches stands the first that takes an argument. */
function switchWithArgument(word: string): number | undefined {
  for (let at = 1; at < word.length; at += 1) if (withArgument.has(word.charAt(at))) return at;
  return undefined;
}

function parseSetting(text: string): Pick<OptionSetting, 'name' | 'value'> {
  const equals = text.indexOf('=');
  const name = equals === -1 ? text : text.slice(0, equals);
  return {
    name: name.toLowerCase().replaceAll('-', '_'),
    value: equals === -1 ? undefined : text.slice(equals + 1),
  };
}

function splitOptions(options: string): readonly Word[] {
  const words: Word[] = [];
  let at = 0;
  while (at < options.length) {
    if (isSpace(options.charAt(at))) {
      at += 1;
      continue;
    }
    const places: number[] = [];
    let text = '';
    while (at < options.length && !isSpace(options.charAt(at))) {
      if (options.charAt(at) === '\\') at += 1;
      if (at < options.length) {
        text += options.charAt(at);
        places.push(at);
      }
      at += 1;
    }
    words.push({ text, at: places, end: Math.min(at, options.length) });
  }
  return words;
}

/** isspace() of the C locale. */
function isSpace(character: string): boolean {
  return character === ' ' || (character >= '\t' && character <= '\r');
}
