const signs: ReadonlyMap<number, string> = new Map([
  [0x0000, ''],
  [0x4000, '-'],
]);
const specials: ReadonlyMap<number, string> = new Map([
  [0xc000, 'NaN'],
  [0xd000, 'Infinity'],
  [0xf000, '-Infinity'],
]);

/** More places than any column of numbers has; a value that says so is of a few bytes all the same. */
const maxGroups = 1_000;

/** The text of a numeric in binary format (numeric_send); undefined when it is none, or longer than anybody's number. */
export function textOfNumeric(bytes: Uint8Array): string | undefined {
  if (bytes.length < 8 || bytes.length % 2 !== 0) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const [count, weight, sign, scale] = [view.getUint16(0), view.getInt16(2), view.getUint16(4), view.getUint16(6)];
  const special = specials.get(sign);
  if (special !== undefined) return special;
  const prefix = signs.get(sign);
  if (prefix === undefined || bytes.length !== 8 + count * 2 || Math.abs(weight) > maxGroups || scale > maxGroups * 4)
    return undefined;
  const group = (at: number): string =>
    at < 0 || at >= count ? '0000' : String(view.getUint16(8 + at * 2)).padStart(4, '0');
  let whole = '';
  for (let at = 0; at <= weight; at += 1) whole += group(at);
  let fraction = '';
  for (let at = weight + 1; fraction.length < scale; at += 1) fraction += group(at);
  const integer = whole.replace(/^0+/, '') || '0';
  return prefix + (scale === 0 ? integer : `${integer}.${fraction.slice(0, scale)}`);
}

/** A whole number of up to 15 digits in binary format (numeric_recv): groups of base 10,000, zeros at the end left out. */
export function numericOfText(digits: string): Uint8Array {
  const groups: number[] = [];
  for (let rest = Number(digits); rest > 0; rest = Math.floor(rest / 10_000)) groups.unshift(rest % 10_000);
  const weight = groups.length - 1;
  while (groups.at(-1) === 0) groups.pop();
  const bytes = new Uint8Array(8 + groups.length * 2);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, groups.length);
  view.setInt16(2, Math.max(weight, 0));
  for (const [at, group] of groups.entries()) view.setUint16(8 + at * 2, group);
  return bytes;
}
