import type { ForeignKey } from '../catalog.ts';
import { fieldsOf, list, type Node, text } from './tree.ts';

/** What DROP … CASCADE of a table, of a schema, or of columns and constraints of a table takes along; undefined: nothing. */
export function keysDropped(
  type: string,
  { behavior, removeType, cmds }: Node,
): ((key: ForeignKey) => boolean) | undefined {
  if (type === 'DropStmt') {
    const isDropped = behavior === 'DROP_CASCADE' && /^OBJECT_(TABLE|SCHEMA)$/.test(text(removeType));
    return isDropped ? () => true : undefined;
  }
  const dropped = list(type === 'AlterTableStmt' ? cmds : undefined).flatMap((item) => {
    const cmd = fieldsOf(item, 'AlterTableCmd') ?? {};
    return cmd['behavior'] === 'DROP_CASCADE' ? [{ subtype: cmd['subtype'], name: text(cmd['name']) }] : [];
  });
  // Which constraint a key needs is not known here.
  if (dropped.some(({ subtype }) => subtype === 'AT_DropConstraint')) return () => true;
  const columns = dropped.flatMap(({ subtype, name }) => (subtype === 'AT_DropColumn' ? name : []));
  return columns.length === 0 ? undefined : (key) => key.columns.some((column) => columns.includes(column));
}
