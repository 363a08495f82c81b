/** Whether to colour, and with what. Styles say what a text is; this file alone knows escape sequences for it. */

/** What a stretch of text is. */
export type Style =
  | 'heading'
  | 'dim'
  | 'good'
  | 'bad'
  | 'warning'
  | 'accent'
  | 'keyword'
  | 'string'
  | 'number'
  | 'comment'
  | 'parameter'
  | 'null'
  | 'hidden'
  | 'fault'
  | 'match'
  | 'selected';

/** Opening and closing SGR parameters; colours of the terminal's own sixteen, so that its theme decides. */
const codes: { readonly [Name in Style]: readonly [open: string, close: string] } = {
  heading: ['1', '22'],
  dim: ['2', '22'],
  good: ['32', '39'],
  bad: ['31', '39'],
  warning: ['33', '39'],
  accent: ['36', '39'],
  keyword: ['34', '39'],
  string: ['32', '39'],
  number: ['36', '39'],
  comment: ['2;3', '22;23'],
  parameter: ['35', '39'],
  null: ['2;3', '22;23'],
  hidden: ['33;7', '27;39'],
  fault: ['31;4', '24;39'],
  match: ['30;43', '49;39'],
  selected: ['7', '27'],
};

/** The text in its style. */
export function paint(style: Style, text: string): string {
  const [open, close] = codes[style];
  return `\x1b[${open}m${text}\x1b[${close}m`;
}

/**
 * FORCE_COLOR decides if it is set (`0` and `false` switch off), then NO_COLOR, then `TERM=dumb`, then whether the
 * output is a terminal: the order Node itself follows.
 */
export function wantsColor(env: Readonly<Record<string, string | undefined>>, isTerminal: boolean): boolean {
  const forced = env['FORCE_COLOR'];
  if (forced !== undefined) return forced !== '0' && forced !== 'false';
  if (env['NO_COLOR'] !== undefined && env['NO_COLOR'] !== '') return false;
  return isTerminal && env['TERM'] !== 'dumb';
}
