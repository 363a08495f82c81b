import { columnKey } from '../catalog.ts';
import { tableItem } from './from.ts';
import { innerScope, type Scope, withItems } from './scope.ts';
import { sourcesOf } from './sources.ts';
import { store, type Trace } from './trace.ts';
import { type Body, bodyOf, listOf, tagged, textOf, untag } from './tree.ts';

/** ALTER TABLE copies when it gives a column its new type by an expression, and when it adds a generated one. */
export function alterTable(trace: Trace, { relation, cmds }: Body): void {
  const item = tableItem(trace, innerScope(undefined), bodyOf(relation));
  const scope = withItems(innerScope(undefined), [item]);
  for (const command of listOf(cmds)) {
    const { name, def } = untag(command, 'AlterTableCmd') ?? {};
    const own = item.relations.flatMap(({ oid, columns }) =>
      columns.filter((column) => column.name === textOf(name)).map(({ number }) => columnKey(oid, number)),
    );
    for (const expression of expressionsOf(def)) storeOthers(trace, scope, expression, own);
  }
}

/** USING of a new type, GENERATED of a new column, SET EXPRESSION of an old one. */
function expressionsOf(definition: unknown): readonly unknown[] {
  const { tag, body } = tagged(definition) ?? { tag: 'Constraint', body: {} };
  // A CHECK keeps nothing.
  if (tag === 'Constraint') return [];
  if (tag !== 'ColumnDef') return [definition];
  const constraints = listOf(body['constraints']).map((item) => untag(item, 'Constraint') ?? {});
  const generated = constraints.filter(({ contype }) => contype === 'CONSTR_GENERATED');
  return [body['raw_default'], ...generated.map(({ raw_expr }) => raw_expr)].filter((found) => found !== undefined);
}

/** What a column makes of itself is no copy. */
function storeOthers(trace: Trace, scope: Scope, expression: unknown, own: readonly string[]): void {
  const sources = sourcesOf(trace, scope, expression);
  store(trace, sources === 'unknown' ? sources : new Set(Array.from(sources).filter((key) => !own.includes(key))));
}
