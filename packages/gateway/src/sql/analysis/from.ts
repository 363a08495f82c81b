import { type Entry, type Level, levelWithin, type WithQuery, withQuery } from './level.ts';
import { named, type Surroundings } from './surroundings.ts';
import { fieldsOf, isNode, list, type Node, text, unwrap, words } from './tree.ts';

/** Subqueries within subqueries whose column names are worked out; beyond it they are not known. */
const maxNested = 16;

/** What reads FROM is told of each table and each expression in it. */
export interface FromVisitor {
  readonly table?: (range: Node) => void;
  readonly expression?: (node: Node) => void;
  /** JOIN … USING, NATURAL JOIN: columns compared by name; undefined: all that both sides have. */
  readonly merged?: (columns: readonly string[] | undefined) => void;
}

/**
 * What a FROM clause makes visible. `level` is where its names are looked up. WITH queries are told from tables here:
 * `table` hears of tables only.
 */
export function fromEntries(items: unknown, level: Level, around: Surroundings, visitor: FromVisitor = {}): Entry[] {
  const entries: Entry[] = [];
  const stack: unknown[] = Array.from(list(items)).reverse();
  for (let item = stack.pop(); item !== undefined; item = stack.pop()) {
    if (item instanceof JoinAlias) {
      entries.push(item.entry(entries));
      continue;
    }
    const [type, fields] = unwrap(item);
    switch (type) {
      case 'RangeVar':
        entries.push(rangeEntry(fields, level, around, visitor));
        break;
      case 'RangeTableSample':
        visitor.expression?.({ args: fields['args'], repeatable: fields['repeatable'] });
        visitor.expression?.({ method: { FuncCall: { funcname: fields['method'] } } });
        stack.push(fields['relation']);
        break;
      case 'JoinExpr':
        joined(fields, visitor);
        for (const alias of [fields['join_using_alias'], fields['alias']])
          if (aliasOf(alias) !== undefined) stack.push(new JoinAlias(alias, entries.length));
        stack.push(fields['rarg'], fields['larg']);
        break;
      case 'RangeSubselect':
        visitor.expression?.({ subquery: fields['subquery'] });
        entries.push(
          derived(fields['alias'], () => outputNames(fieldsOf(fields['subquery'], 'SelectStmt'), level, around)),
        );
        break;
      default:
        // Functions, XMLTABLE, JSON_TABLE: they may look at what stands before them.
        if (isNode(item)) visitor.expression?.(type === 'RangeFunction' ? { items: fields } : { [type]: fields });
        entries.push(functionEntry(fields));
    }
  }
  return entries;
}

/** The entry of a table, or of the WITH query that hides it. */
export function rangeEntry(range: Node, level: Level, around: Surroundings, visitor: FromVisitor = {}): Entry {
  const name = text(range['relname']);
  const schema = text(range['schemaname']);
  const query = schema === '' ? withQuery(level, name) : undefined;
  if (query !== undefined) {
    return { ...derived(range['alias'], () => queryNames(query, around)), alias: aliasOf(range['alias']) ?? name };
  }
  visitor.table?.(range);
  return { ...tableEntry(range, around), isTarget: false };
}

/** The entry of a table that a statement changes. */
export function tableEntry(range: Node, around: Surroundings): Entry {
  const name = text(range['relname']);
  const schema = text(range['schemaname']);
  const alias = aliasOf(range['alias']);
  const renamed = words(isNode(range['alias']) ? range['alias']['colnames'] : undefined);
  const { relations } = named(around, { schema, name });
  return {
    alias: alias ?? name,
    schema: alias === undefined ? schema : '',
    sources: relations.map((relation) => ({ relation, renamed })),
    isOpen: relations.length === 0,
    isTarget: true,
    columnNames: () => undefined,
  };
}

/** An entry that is no table: `excluded`, a subquery, a function. */
export function derived(alias: unknown, columnNames: Entry['columnNames']): Entry {
  const renamed = words(isNode(alias) ? alias['colnames'] : undefined);
  return {
    alias: aliasOf(alias) ?? '',
    schema: '',
    sources: [],
    isOpen: true,
    isTarget: false,
    columnNames: () => {
      const names = columnNames();
      return names === undefined ? undefined : new Set([...renamed, ...names]);
    },
  };
}

function joined(fields: Node, visitor: FromVisitor): void {
  if (isNode(fields['quals'])) visitor.expression?.({ quals: fields['quals'] });
  if (fields['usingClause'] !== undefined) visitor.merged?.(words(fields['usingClause']));
  if (fields['isNatural'] === true) visitor.merged?.(undefined);
}

/** An alias of a whole join, which hides no column: each is still one of the tables'. It waits until both sides are read. */
class JoinAlias {
  readonly #alias: unknown;
  readonly #from: number;

  /** `from`: how many entries stand in front of the join's. */
  constructor(alias: unknown, from: number) {
    this.#alias = alias;
    this.#from = from;
  }

  /** Its entry, when the last ones are those of the join. */
  entry(entries: readonly Entry[]): Entry {
    const within = entries.slice(this.#from);
    const tables = within.filter(({ isJoin }) => isJoin !== true);
    const renames = isNode(this.#alias) && this.#alias['colnames'] !== undefined;
    const columnNames = (): ReadonlySet<string> | undefined => namesOf(tables);
    const isRenamed = renames || within.some((entry) => entry.isRenamed === true);
    return {
      alias: aliasOf(this.#alias) ?? '',
      schema: '',
      sources: tables.flatMap(({ sources }) => sources),
      isOpen: isRenamed || tables.some(({ isOpen }) => isOpen),
      isTarget: false,
      isJoin: true,
      columnNames: isRenamed ? () => undefined : columnNames,
      ...(isRenamed ? { isRenamed } : {}),
    };
  }
}

function functionEntry(fields: Node): Entry {
  const alias = isNode(fields['alias']) ? fields['alias'] : undefined;
  const first = list(fieldsOf(list(fields['functions'])[0], 'List')?.['items'])[0];
  const called = words(fieldsOf(first, 'FuncCall')?.['funcname']).at(-1) ?? '';
  return { ...derived(alias, () => undefined), alias: aliasOf(alias) ?? called };
}

function aliasOf(alias: unknown): string | undefined {
  return isNode(alias) && alias['aliasname'] !== undefined ? text(alias['aliasname']) : undefined;
}

function queryNames({ node, level }: WithQuery, around: Surroundings): ReadonlySet<string> | undefined {
  const [type, fields] = unwrap(node['ctequery']);
  const renamed = words(node['aliascolnames']);
  const names =
    type === 'SelectStmt'
      ? outputNames(fields, level, around)
      : targetNames(fields, isNode(fields['relation']) ? [tableEntry(fields['relation'], around)] : []);
  return names === undefined ? undefined : new Set([...renamed, ...names]);
}

let depth = 0;

/** The names of a query's result columns; undefined when a star covers what is not known. */
function outputNames(
  select: Node | undefined,
  level: Level | undefined,
  around: Surroundings,
): ReadonlySet<string> | undefined {
  if (select === undefined || depth >= maxNested) return undefined;
  depth += 1;
  try {
    let first = select;
    while (isNode(first['larg'])) first = first['larg'];
    if (first['valuesLists'] !== undefined) return valuesNames(first);
    const inner = levelOf(first, level);
    return targetNames(first, fromEntries(first['fromClause'], inner, around));
  } finally {
    depth -= 1;
  }
}

/** The WITH queries of a query in force, whichever are defined first: only names are asked for. */
function levelOf(select: Node, outer: Level | undefined): Level {
  const clause = isNode(select['withClause']) ? select['withClause'] : {};
  const queries = new Map<string, WithQuery>();
  for (const item of list(clause['ctes'])) {
    const node = fieldsOf(item, 'CommonTableExpr') ?? {};
    queries.set(text(node['ctename']), { node, level: outer });
  }
  return { ...levelWithin(outer), queries };
}

function valuesNames(select: Node): ReadonlySet<string> {
  const row = fieldsOf(list(select['valuesLists'])[0], 'List')?.['items'];
  return new Set(list(row).map((_, index) => `column${index + 1}`));
}

function targetNames(fields: Node, entries: readonly Entry[]): ReadonlySet<string> | undefined {
  const returning = isNode(fields['returningClause']) ? fields['returningClause']['exprs'] : undefined;
  const names = new Set<string>();
  for (const target of list(returning ?? fields['targetList'])) {
    const { name, val } = fieldsOf(target, 'ResTarget') ?? {};
    const column = list(fieldsOf(val, 'ColumnRef')?.['fields']);
    const isStar = column.some((field) => fieldsOf(field, 'A_Star') !== undefined);
    if (isStar || fieldsOf(val, 'A_Indirection') !== undefined) {
      const more = isStar ? namesOf(entries) : undefined;
      if (more === undefined) return undefined;
      for (const one of more) names.add(one);
    } else {
      names.add(text(name) || outputName(val));
    }
  }
  return names;
}

/** The names of their columns; undefined when they cannot be told. */
export function namesOf(entries: readonly Entry[]): ReadonlySet<string> | undefined {
  const names = new Set<string>();
  for (const { sources, isOpen, columnNames } of entries) {
    for (const { relation, renamed } of sources) {
      relation.columns.forEach((column, index) => {
        names.add(renamed[index] ?? column.name);
      });
    }
    if (!isOpen) continue;
    const more = columnNames();
    if (more === undefined) return undefined;
    for (const name of more) names.add(name);
  }
  return names;
}

/** As FigureColname of Postgres names a column without AS, where a column or a function does. */
function outputName(value: unknown): string {
  const [type, fields] = unwrap(value);
  if (type === 'ColumnRef') return words(fields['fields']).at(-1) ?? '';
  if (type === 'FuncCall') return words(fields['funcname']).at(-1) ?? '';
  if (type === 'TypeCast')
    return outputName(fields['arg']) || (words(fieldsOf({ fields }, 'fields')?.['typeName']).at(-1) ?? '');
  return type.toLowerCase();
}
