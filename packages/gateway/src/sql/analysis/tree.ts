/** A node of Postgres's parse tree as JSON: fields of it, or one field named after its type with the fields in it. Zero, false and '' are left out. */
export type Node = { readonly [field: string]: unknown };

/** True for anything with fields, arrays too. */
export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null;
}

/** The fields of a node of that type, `{ SelectStmt: fields }`; undefined when it is of another type. */
export function fieldsOf(node: unknown, type: string): Node | undefined {
  if (!isNode(node)) return undefined;
  const fields = node[type];
  return isNode(fields) ? fields : undefined;
}

/** The type of a node and its fields. */
export function unwrap(node: unknown): readonly [type: string, fields: Node] {
  if (isNode(node)) for (const type in node) return [type, isNode(node[type]) ? node[type] : {}];
  return ['', {}];
}

/** A list of nodes; none when the field is absent. */
export function list(value: unknown): readonly Node[] {
  return Array.isArray(value) ? value : [];
}

/** '' when the field is absent. */
export function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The words of a list of String nodes, as names are made of; what is not a String is ''. */
export function words(value: unknown): readonly string[] {
  const items = fieldsOf(value, 'List')?.['items'] ?? value;
  return list(items).map((item) => text(fieldsOf(item, 'String')?.['sval']));
}

/** The last two words of a dotted name. */
export function qualifiedName(parts: readonly string[]): { readonly schema: string; readonly name: string } {
  return { schema: parts.at(-2) ?? '', name: parts.at(-1) ?? '' };
}

/** What a constant says, as text; undefined when the node is no constant, null when it is NULL. Casts around it are looked through. */
export function constantText(node: unknown): string | null | undefined {
  let at = node;
  for (let cast = fieldsOf(at, 'TypeCast'); cast !== undefined; cast = fieldsOf(at, 'TypeCast')) at = cast['arg'];
  const constant = fieldsOf(at, 'A_Const');
  if (constant === undefined) return undefined;
  if (constant['isnull'] === true) return null;
  if (isNode(constant['sval'])) return text(constant['sval']['sval']);
  if (isNode(constant['ival'])) return String(constant['ival']['ival'] ?? 0);
  if (isNode(constant['fval'])) return text(constant['fval']['fval']);
  if (isNode(constant['boolval'])) return constant['boolval']['boolval'] === true ? 'true' : 'false';
  return undefined;
}

/** Whether there is a node of that type anywhere in a tree. */
export function holds(root: unknown, type: string): boolean {
  const stack: unknown[] = [root];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (!isNode(node)) continue;
    if (node[type] !== undefined) return true;
    for (const field in node) stack.push(node[field]);
  }
  return false;
}
