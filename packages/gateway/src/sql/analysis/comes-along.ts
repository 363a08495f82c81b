import type { QualifiedName } from '../resolve.ts';
import { rangeName } from './touch.ts';
import { fieldsOf, isNode, list, type Node, qualifiedName, text, words } from './tree.ts';

/**
 * What CREATE TABLE and ALTER TABLE make besides the table: sequences of serial and identity columns, indexes of keys. By the
 * names that Postgres chooses (ChooseRelationName).
 */
export function comesAlong({ relation, tableElts, cmds }: Node): readonly QualifiedName[] {
  if (!isNode(relation)) return [];
  const { schema, name: table } = rangeName(relation);
  const found: QualifiedName[] = [];
  const added = list(cmds).map((item) => fieldsOf(item, 'AlterTableCmd')?.['def']);
  for (const element of [...list(tableElts), ...added]) {
    const column = fieldsOf(element, 'ColumnDef');
    const name = text(column?.['colname']);
    if (column !== undefined && isNumbered(column)) found.push({ schema, name: `${table}_${name}_seq` });
    for (const item of column === undefined ? [element] : list(column['constraints'])) {
      const constraint = fieldsOf(item, 'Constraint') ?? {};
      const index = indexOf(constraint, table, name);
      if (index !== undefined) found.push({ schema, name: index });
      for (const option of list(constraint['options'])) {
        const { defname, arg } = fieldsOf(option, 'DefElem') ?? {};
        if (defname === 'sequence_name') found.push(qualifiedName(words(fieldsOf(arg, 'List')?.['items'])));
      }
    }
  }
  return found;
}

/** A sequence comes along with it: `serial` and its kind, GENERATED … AS IDENTITY. */
function isNumbered({ typeName, constraints }: Node): boolean {
  const [type = ''] = isNode(typeName) ? words(typeName['names']).slice(-1) : [];
  if (/^((big|small)?serial|serial[248])$/.test(type)) return true;
  return list(constraints).some((item) => fieldsOf(item, 'Constraint')?.['contype'] === 'CONSTR_IDENTITY');
}

/** The index of a primary key or of a unique constraint. */
function indexOf({ contype, conname, keys }: Node, table: string, column: string): string | undefined {
  if (contype !== 'CONSTR_PRIMARY' && contype !== 'CONSTR_UNIQUE') return undefined;
  if (text(conname) !== '') return text(conname);
  return contype === 'CONSTR_PRIMARY'
    ? `${table}_pkey`
    : [table, ...(column === '' ? words(keys) : [column]), 'key'].join('_');
}
