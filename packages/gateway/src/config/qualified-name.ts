/**
 * The parts of a name such as `public.customers.email`, as Postgres keeps them: case counts. A part with a dot or a quote
 * in it is written in double quotes, quotes in it doubled. Undefined when it is none.
 */
export function parseQualifiedName(text: string): readonly string[] | undefined {
  const parts: string[] = [];
  const part = /(?:"((?:[^"]|"")+)"|([^".\s][^".]*))(\.|$)/uy;
  for (;;) {
    const match = part.exec(text);
    if (match === null) return undefined;
    parts.push(match[1]?.replaceAll('""', '"') ?? match[2]?.trim() ?? '');
    if (match[3] === '') return parts;
  }
}
