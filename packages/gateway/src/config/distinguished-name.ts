/** The attributes of a name, each as `TYPE=value` with the type in upper case, sorted. */
export type DistinguishedName = readonly string[];

/**
 * A name as people write it, `CN=agent,O=Example` (RFC 4514), or as Node shows it, an attribute a line. The order of the
 * attributes does not matter here, because the two write it in opposite ways. Undefined when it is not a name.
 */
export function parseDistinguishedName(text: string): DistinguishedName | undefined {
  const attributes: string[] = [];
  for (const part of partsOf(text)) {
    const equals = part.indexOf('=');
    const type = part.slice(0, equals).trim();
    if (equals === -1 || !/^[A-Za-z][A-Za-z0-9-]*$|^\d+(?:\.\d+)+$/.test(type)) return undefined;
    const value = unescaped(part.slice(equals + 1));
    if (value === '') return undefined;
    attributes.push(`${type.toUpperCase()}=${value}`);
  }
  return attributes.length === 0 ? undefined : attributes.sort();
}

export function sameName(a: DistinguishedName, b: DistinguishedName): boolean {
  return a.length === b.length && a.every((attribute, index) => attribute === b[index]);
}

/** Split at commas, plus signs and line ends that are not escaped. */
function partsOf(text: string): readonly string[] {
  return text.match(/(?:\\.|[^\\,+\n])+/gsu) ?? [];
}

/** A backslash escapes one character, or two hex digits are a byte of UTF-8 (RFC 4514, section 2.4). */
function unescaped(value: string): string {
  const trimmed = value.replace(/^ +/, '').replace(/(?<!\\) +$/, '');
  return trimmed.replace(/((?:\\[0-9a-fA-F]{2})+)|\\(.)/gsu, (_, bytes: string | undefined, character: string) =>
    bytes === undefined ? character : Buffer.from(bytes.replaceAll('\\', ''), 'hex').toString('utf8'),
  );
}
