import { resolveRelation } from '../resolve.ts';
import { calleeOf, resultShape } from './call.ts';
import {
  closed,
  derived,
  type Flow,
  type Named,
  nothing,
  oneOf,
  type Shape,
  unionOf,
  unknownShape,
  wholeOf,
} from './flow.ts';
import { joinOf } from './join.ts';
import { queryShape } from './query.ts';
import { populatedShape } from './rows.ts';
import { findQuery, type Item, type Scope, withItems, withoutItems } from './scope.ts';
import { sourcesOf } from './sources.ts';
import { probe, spend, type Trace } from './trace.ts';
import { type Body, bodyOf, itemsOf, listOf, tagged, textOf, untag, wordsOf } from './tree.ts';
import { isUnnestOfScalars } from './unnest.ts';
import { relationShape } from './view.ts';

/** One thing of FROM: what it puts into scope, and its columns as a join around it sees them. */
export interface Joined {
  readonly items: readonly Item[];
  readonly shape: Shape;
}

/** What a FROM clause puts into scope, in order; each sees those in front of it where it is LATERAL. */
export function fromClause(trace: Trace, scope: Scope, nodes: readonly unknown[]): readonly Item[] {
  let items = scope.items;
  for (const node of nodes) items = [...items, ...fromNode(trace, withItems(scope, items), node).items];
  return items;
}

/** `scope` has what stands in front. */
export function fromNode(trace: Trace, scope: Scope, node: unknown): Joined {
  spend(trace, 1);
  const { tag, body } = tagged(node) ?? { tag: '', body: {} };
  switch (tag) {
    case 'RangeVar':
      return sole(tableItem(trace, scope, body));
    case 'RangeSubselect': {
      const outer = body['lateral'] === true ? scope : withoutItems(scope);
      return sole(aliasedItem(queryShape(trace, outer, body['subquery']), body));
    }
    case 'RangeFunction':
      return sole(functionItem(trace, scope, body));
    case 'RangeTableFunc':
      return sole(aliasedItem(xmlTable(trace, scope, body), body, 'xmltable'));
    case 'JsonTable':
      return sole(aliasedItem(jsonTable(trace, scope, body), body, 'json_table'));
    case 'RangeTableSample':
      probe(trace, sourcesOf(trace, scope, [body['args'], body['repeatable']]));
      return fromNode(trace, scope, body['relation']);
    case 'JoinExpr':
      return joinOf(trace, scope, body);
    default:
      return sole({ name: '', relations: [], shape: unknownShape, visible: true });
  }
}

function sole(item: Item): Joined {
  return { items: [item], shape: item.shape };
}

/** Gives the first columns other names. Where it is not known which are the first, any may have any of those names. */
export function aliased(shape: Shape, names: readonly string[]): Shape {
  if (names.length === 0) return shape;
  if (shape.open === undefined) {
    return closed(shape.columns.map(({ name, flow }, index) => ({ name: names[index] ?? name, flow })));
  }
  const any = derived(wholeOf(shape));
  return { columns: [...names.map((name) => ({ name, flow: any })), ...shape.columns], open: any };
}

function aliasedItem(shape: Shape, { alias }: Body, fallback = ''): Item {
  const { aliasname, colnames } = bodyOf(alias);
  return {
    name: textOf(aliasname) || fallback,
    relations: [],
    shape: aliased(shape, wordsOf(colnames)),
    visible: true,
  };
}

/** A table, a view, or a query of a WITH clause. */
export function tableItem(trace: Trace, scope: Scope, table: Body): Item {
  const name = textOf(table['relname']);
  const schema = textOf(table['schemaname']);
  const query = schema === '' ? findQuery(scope, name) : undefined;
  if (query !== undefined) return aliasedItem(query.shape(), table, name);
  const relations = resolveRelation(trace.catalog, trace.path, { schema, name });
  if (relations.length === 0) trace.touches.add('unknown');
  const [first = unknownShape, ...others] = relations.map((relation) => relationShape(trace, relation));
  const item = aliasedItem(others.reduce(anyOf, first), table, name);
  return table['alias'] === undefined ? { ...item, relations } : item;
}

/** The columns of one of two relations of the same name. */
function anyOf(one: Shape, other: Shape): Shape {
  const names = new Set([...one.columns, ...other.columns].map(({ name }) => name));
  const flows = (name: string): Flow[] =>
    [...one.columns, ...other.columns].filter((column) => column.name === name).map(({ flow }) => flow);
  const columns = Array.from(names, (name): Named => {
    const { sources } = oneOf(flows(name));
    return { name, flow: { sources, plain: false } };
  });
  const alike =
    one.columns.length === columns.length && other.columns.every(({ name }, at) => columns[at]?.name === name);
  if (alike && one.open === undefined && other.open === undefined) return closed(columns);
  return { columns, open: derived(unionOf([derived(wholeOf(one)), derived(wholeOf(other))])) };
}

/** A function in FROM, or several in ROWS FROM; how many rows there are follows from their arguments. */
function functionItem(trace: Trace, scope: Scope, range: Body): Item {
  const alias = textOf(bodyOf(range['alias'])['aliasname']);
  const functions = listOf(range['functions']).map(itemsOf);
  const columns: Named[] = [];
  let open: Flow | undefined;
  for (const [call, own] of functions) {
    const definitions = listOf(
      range['coldeflist'] ?? (own === undefined ? undefined : bodyOf(own)['List'] && itemsOf(own)),
    );
    const shape = functionShape(trace, scope, { call, definitions, alias: functions.length === 1 ? alias : '' });
    columns.push(...shape.columns);
    open = shape.open ?? open;
  }
  if (range['ordinality'] === true) columns.push({ name: 'ordinality', flow: nothing });
  const name = wordsOf(untag(functions[0]?.[0], 'FuncCall')?.['funcname']).at(-1) ?? '';
  return aliasedItem({ columns, open }, range, name);
}

interface RangeCall {
  readonly call: unknown;
  /** `AS (a int, b text)` */
  readonly definitions: readonly unknown[];
  /** The alias of the only function, which also names its only column. */
  readonly alias: string;
}

function functionShape(trace: Trace, scope: Scope, { call, definitions, alias }: RangeCall): Shape {
  const flow = derived(
    sourcesOf(trace, scope, [call, definitions.map((item) => untag(item, 'ColumnDef')?.['typeName'])]),
  );
  const body = untag(call, 'FuncCall');
  probe(trace, flow.sources === 'unknown' ? sourcesOf(trace, scope, body?.['args']) : flow.sources);
  if (definitions.length > 0) {
    return closed(definitions.map((item) => ({ name: textOf(untag(item, 'ColumnDef')?.['colname']), flow })));
  }
  const name = alias || (wordsOf(body?.['funcname']).at(-1) ?? textOf(sqlValueName(call)));
  if (body === undefined) return closed([{ name, flow }]);
  if (isUnnestOfScalars(trace, scope, body)) return closed([{ name, flow }]);
  const value = populatedShape(trace, scope, body, flow) ?? resultShape(trace, calleeOf(trace, body), flow);
  return value ?? closed([{ name, flow }]);
}

/** `FROM current_date` */
function sqlValueName(call: unknown): string {
  const op = textOf(untag(call, 'SQLValueFunction')?.['op']);
  return op
    .replace(/^SVFOP_/, '')
    .replace(/_N$/, '')
    .toLowerCase();
}

function xmlTable(trace: Trace, scope: Scope, { docexpr, rowexpr, namespaces, columns }: Body): Shape {
  const rows = derived(sourcesOf(trace, scope, [docexpr, rowexpr, namespaces]));
  probe(trace, rows.sources);
  return closed(
    listOf(columns).map((column) => {
      const { colname, for_ordinality, colexpr, coldefexpr, typeName } = untag(column, 'RangeTableFuncCol') ?? {};
      if (for_ordinality === true) return { name: textOf(colname), flow: nothing };
      const own = derived(sourcesOf(trace, scope, [colexpr, coldefexpr, typeName]));
      return { name: textOf(colname), flow: derived(unionOf([rows, own])) };
    }),
  );
}

function jsonTable(trace: Trace, scope: Scope, { context_item, pathspec, passing, on_error, columns }: Body): Shape {
  const rows = derived(sourcesOf(trace, scope, [context_item, pathspec, passing, on_error]));
  probe(trace, rows.sources);
  return closed(jsonColumns(listOf(columns)));

  /** Those of NESTED come behind all others of their level, wherever they stand (transformJsonTableColumns). */
  function jsonColumns(nodes: readonly unknown[]): Named[] {
    const columns = nodes.map((node) => untag(node, 'JsonTableColumn') ?? {});
    const isNested = ({ coltype }: Body): boolean => coltype === 'JTC_NESTED';
    return [...columns.filter((column) => !isNested(column)), ...columns.filter(isNested)].flatMap(
      (column): Named[] => {
        const { name, coltype, on_empty, on_error: otherwise, typeName } = column;
        if (isNested(column)) return jsonColumns(listOf(column['columns']));
        if (coltype === 'JTC_FOR_ORDINALITY') return [{ name: textOf(name), flow: nothing }];
        const own = derived(sourcesOf(trace, scope, [on_empty, otherwise, typeName]));
        return [{ name: textOf(name), flow: derived(unionOf([rows, own])) }];
      },
    );
  }
}
