/** Reading the parser's tree: a node is `{ SelectStmt: { … } }`, or its body alone where the grammar leaves no choice. */
export type Body = { readonly [field: string]: unknown };

export interface Tagged {
  readonly tag: string;
  readonly body: Body;
}

const nothing: Body = {};

/** The node with its type; undefined for what is none: a body alone, a list, a word. */
export function tagged(node: unknown): Tagged | undefined {
  if (typeof node !== 'object' || node === null || Array.isArray(node)) return undefined;
  const tag = Object.keys(node)[0];
  if (tag === undefined || !isType(tag)) return undefined;
  return { tag, body: bodyOf((node as Body)[tag]) };
}

/** Types of nodes begin with a capital letter, fields with a small one. */
function isType(key: string): boolean {
  const first = key.charCodeAt(0);
  return first >= 0x41 && first <= 0x5a;
}

/** The body of the node when it is of that type. */
export function untag(node: unknown, tag: string): Body | undefined {
  const found = tagged(node);
  return found?.tag === tag ? found.body : undefined;
}

export function bodyOf(value: unknown): Body {
  return typeof value === 'object' && value !== null ? (value as Body) : nothing;
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The words of a list of String nodes; '' for what is no word (`*`, a subscript). */
export function wordsOf(value: unknown): readonly string[] {
  return listOf(value).map((item) => textOf(untag(item, 'String')?.['sval']));
}

/** A dotted name without the database that may stand in front. */
export function qualifiedOf(words: readonly string[]): { readonly schema: string; readonly name: string } {
  return { schema: words.at(-2) ?? '', name: words.at(-1) ?? '' };
}

/** The items of a List node; of a node that is none, itself. */
export function itemsOf(node: unknown): readonly unknown[] {
  const list = untag(node, 'List');
  return list === undefined ? [node] : listOf(list['items']);
}

/** The value of an integer constant, as ORDER BY 1 has it. */
export function ordinalOf(node: unknown): number | undefined {
  const constant = untag(node, 'A_Const');
  if (constant === undefined || !('ival' in constant)) return undefined;
  const value = bodyOf(constant['ival'])['ival'];
  return typeof value === 'number' ? value : 0;
}
