import { formatOrigin, type Route } from './route.ts';

/** How a line lets in: `scram-sha-256` and its options, or `reject`. */
export interface HbaMethod {
  readonly method: string;
  readonly options: readonly string[];
}

/** A line of pg_hba.conf, in columns as the file's own example has them. */
export function formatHbaLine(route: Route, { method, options }: HbaMethod): string {
  const columns: readonly (readonly [text: string, width: number])[] = [
    [route.type, 8],
    [route.databases.map(formatName).join(','), 16],
    [route.users.map(formatName).join(','), 16],
    [formatOrigin(route.from), 24],
  ];
  const set = columns.map(([text, width]) => text.padEnd(width - 1)).join(' ');
  return [set, method, ...options.map(formatOption)].join(' ');
}

/** The signs that make a name a group or an expression must stand outside of the quotes. */
function formatName(name: string): string {
  const sign = name.startsWith('+') || name.startsWith('/') ? name.charAt(0) : '';
  const bare = name.slice(sign.length);
  return /^[\w.$^*()|?:[\]\\{}+-]+$/.test(bare) ? name : `${sign}"${bare.replaceAll('"', '""')}"`;
}

function formatOption(option: string): string {
  const [name, ...value] = option.split('=');
  const text = value.join('=');
  return /^[^\s",#]*$/.test(text) ? option : `${name}="${text.replaceAll('"', '""')}"`;
}
