/** A string of JSON, and the colon behind it when it is the name of a member. */
const stringOrName = /"(?:[^"\\]|\\.)*"\s*(:?)/g;

/**
 * Whether an object in a JSON text has two members of one name: readers do not agree on which of them holds (RFC 8725,
 * section 2.8). `value` is what JSON.parse made of the text, with one of the two dropped.
 */
export function hasDuplicateNames(text: string, value: unknown): boolean {
  let names = 0;
  for (const [, colon] of text.matchAll(stringOrName)) if (colon === ':') names += 1;
  return names !== membersOf(value);
}

function membersOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const inner = Object.values(value).reduce<number>((count, member) => count + membersOf(member), 0);
  return Array.isArray(value) ? inner : inner + Object.keys(value).length;
}
