/** Words with one space between, and none of the signs that stand around a name where people read it. */
const plain = /^[^\s"(),→]+(?: [^\s"(),→]+)*$/u;

/**
 * A name that somebody else chose, for a line that goes on behind it: in quotes where it could be read as more than a
 * name, as `boss (verified), x` could in front of ` (claimed)`.
 */
export function quotedName(name: string): string {
  return plain.test(name) ? name : `"${name.replace(/["\\]/g, '\\$&')}"`;
}
