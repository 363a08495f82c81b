/** Name and value of a ParameterStatus body; undefined when it is not one. Both are ASCII for what Postgres reports of encodings. */
export function parameterStatusOf(body: Uint8Array): { readonly name: string; readonly value: string } | undefined {
  const nameEnd = body.indexOf(0);
  const valueEnd = body.indexOf(0, nameEnd + 1);
  if (nameEnd < 0 || valueEnd < 0) return undefined;
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  return { name: text.toString('utf8', 0, nameEnd), value: text.toString('utf8', nameEnd + 1, valueEnd) };
}
