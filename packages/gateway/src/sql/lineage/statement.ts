import type { Analysis, Lineage } from '../analysis.ts';
import type { Relation } from '../catalog.ts';
import { loadedParser } from '../parser.ts';
import { resolveRelation } from '../resolve.ts';
import { alterTable } from './alter-table.ts';
import { closed, derived, emptyShape, nothing, type Shape, SourceSet, unionOf, unknownShape, wholeOf } from './flow.ts';
import { tableItem } from './from.ts';
import { queryShape } from './query.ts';
import { columnOf, innerScope, withItems } from './scope.ts';
import { probeAll, probeKeys, sourcesOf } from './sources.ts';
import { columnsIn, Target } from './target.ts';
import { probe, spend, store, type Trace } from './trace.ts';
import { type Body, bodyOf, listOf, tagged, textOf, untag, wordsOf } from './tree.ts';
import { relationShape } from './view.ts';

/** The columns that a statement answers with; notes what it depends on, stores and touches. */
export function statementShape(trace: Trace, node: unknown): Shape {
  const { tag, body } = tagged(node) ?? { tag: '', body: {} };
  const statement = statements[tag];
  const isDefinition = statement === undefined || definitions.has(tag) || leftmostOf(body)['intoClause'] !== undefined;
  // What those of event triggers do is among the statement's commands.
  if (isDefinition && trace.catalog.eventTriggers.length > 0) trace.touches.add('unknown');
  if (statement !== undefined) return statement(trace, body);
  touchNamed(trace, body);
  return emptyShape;
}

/** Those that are followed further, among the statements that set off event triggers. */
const definitions = new Set(['CreateTableAsStmt', 'ViewStmt', 'RefreshMatViewStmt', 'AlterTableStmt', 'IndexStmt']);

const statements: { readonly [tag: string]: (trace: Trace, body: Body) => Shape } = {
  SelectStmt: (trace, body) => {
    const shape = queryShape(trace, undefined, { SelectStmt: body });
    return leftmostOf(body)['intoClause'] === undefined ? shape : stored(trace, shape);
  },
  InsertStmt: (trace, body) => queryShape(trace, undefined, { InsertStmt: body }),
  UpdateStmt: (trace, body) => queryShape(trace, undefined, { UpdateStmt: body }),
  DeleteStmt: (trace, body) => queryShape(trace, undefined, { DeleteStmt: body }),
  MergeStmt: (trace, body) => queryShape(trace, undefined, { MergeStmt: body }),
  // A materialized view holds copies like a table.
  CreateTableAsStmt: (trace, { query }) => stored(trace, statementShape(trace, query)),
  // Its query does not run; when it does, it is the catalog that knows it.
  ViewStmt: () => emptyShape,
  RefreshMatViewStmt: refresh,
  PrepareStmt: () => emptyShape,
  CreatePolicyStmt: policy,
  AlterPolicyStmt: policy,
  DeclareCursorStmt: (trace, { query }) => {
    const shape = statementShape(trace, query);
    trace.touches.add(wholeOf(shape));
    trace.computes.add(unionOf(shape.columns.map(({ flow }) => flow).filter(({ plain }) => !plain)));
    return emptyShape;
  },
  ExecuteStmt: execute,
  FetchStmt: (trace, { portalname, ismove }) => {
    const cursor = trace.context.cursor(textOf(portalname));
    const shape = cursor === undefined ? hiddenCursor(trace) : otherShape(trace, cursor);
    return ismove === true ? emptyShape : shape;
  },
  ExplainStmt: explain,
  CopyStmt: (trace, body) => (body['is_from'] === true ? copyFrom(trace, body) : copyTo(trace, body)),
  VariableShowStmt: (_, { name }) => {
    const columns = textOf(name).toLowerCase() === 'all' ? ['name', 'setting', 'description'] : [textOf(name)];
    return closed(columns.map((column) => ({ name: column, flow: nothing })));
  },
  CallStmt: (trace, { funccall }) => {
    sourcesOf(trace, innerScope(undefined), bodyOf(funccall)['args']);
    return opaque(trace, unknownShape);
  },
  DoStmt: (trace) => opaque(trace, emptyShape),
  AlterTableStmt: (trace, body) => {
    touchNamed(trace, body);
    alterTable(trace, body);
    return emptyShape;
  },
  IndexStmt: (trace, body) => {
    touchNamed(trace, body);
    const scope = withItems(innerScope(undefined), [tableItem(trace, innerScope(undefined), bodyOf(body['relation']))]);
    const keys = listOf(body['indexParams']);
    sourcesOf(trace, scope, [keys.map((item) => untag(item, 'IndexElem')?.['expr']), body['whereClause']]);
    // It is made if no two rows have the same.
    if (body['unique'] === true) probeKeys(trace, scope, keys);
    return emptyShape;
  },
};

/** INTO stands in the first SELECT of a UNION. */
function leftmostOf(select: Body): Body {
  let at = select;
  while (at['larg'] !== undefined) at = bodyOf(at['larg']);
  return at;
}

function stored(trace: Trace, shape: Shape): Shape {
  store(trace, wholeOf(shape));
  return emptyShape;
}

/** Code that cannot be followed: it may read and keep anything. */
function opaque(trace: Trace, shape: Shape): Shape {
  trace.probes.add('unknown');
  store(trace, 'unknown');
  return shape;
}

/**
 * What a materialized view holds stays masked with the columns that its query names. But a view that the query goes through
 * may be another one tomorrow, and so may a function.
 */
function refresh(trace: Trace, { relation }: Body): Shape {
  const { schemaname, relname } = bodyOf(relation);
  const name = { schema: textOf(schemaname), name: textOf(relname) };
  for (const view of resolveRelation(trace.catalog, trace.path, name)) {
    const held = wholeOf(relationShape(trace, view));
    trace.touches.add(held);
    if (held === 'unknown' || readsViews(trace, view)) store(trace, held);
  }
  return emptyShape;
}

function readsViews({ catalog }: Trace, { definition }: Relation): boolean {
  const parsed = definition === undefined ? 'not known' : loadedParser.parse(definition);
  if (typeof parsed === 'string') return true;
  const nodes: unknown[] = parsed.map(({ node }) => node);
  while (nodes.length > 0) {
    const node = nodes.pop();
    if (typeof node !== 'object' || node === null) continue;
    const { schemaname, relname } = node as Body;
    if (typeof relname === 'string' && catalog.find(textOf(schemaname), relname)?.kind === 'view') return true;
    nodes.push(...(Array.isArray(node) ? listOf(node) : Object.values(node)));
  }
  return false;
}

/** What a prepared statement or a cursor shows; it adds to what this statement depends on. */
function otherShape(trace: Trace, analysis: Analysis | undefined): Shape {
  const lineage: Lineage | undefined = analysis?.lineage;
  trace.probes.add(lineage?.probes ?? 'unknown');
  trace.stores.add(lineage?.stores ?? 'unknown');
  trace.touches.add(lineage?.touches ?? 'unknown');
  trace.computes.add(lineage?.computes ?? 'unknown');
  trace.rewrites.add(lineage === undefined ? 'unknown' : (lineage.rewrites ?? nothing.sources));
  trace.given.add(lineage === undefined ? 'unknown' : (lineage.given ?? nothing.sources));
  if (lineage === undefined || lineage.outputs === 'unknown') return unknownShape;
  return closed(lineage.outputs.map(({ name, sources, plain }) => ({ name, flow: { sources, plain } })));
}

/** A cursor that code in the server has opened: what it stores, if anything, is what that code was judged by. */
function hiddenCursor(trace: Trace): Shape {
  trace.probes.add('unknown');
  trace.touches.add('unknown');
  return unknownShape;
}

/** EXECUTE: its arguments may go anywhere in the statement. They have no subqueries, but may call functions. */
function execute(trace: Trace, { name, params }: Body): Shape {
  const shape = otherShape(trace, trace.context.prepared(textOf(name)));
  const given = derived(sourcesOf(trace, innerScope(undefined), params));
  if (given === nothing) return shape;
  probe(trace, given.sources);
  store(trace, given.sources);
  return {
    columns: shape.columns.map((column) => ({ name: column.name, flow: derived(unionOf([column.flow, given])) })),
    open: shape.open,
  };
}

/** A plan shows no rows; but a function in it may run while it is made, and then the plan shows what that returned. */
function explain(trace: Trace, { query, options }: Body): Shape {
  const inner: Trace = {
    ...trace,
    stores: new SourceSet(),
    touches: new SourceSet(),
    computes: new SourceSet(),
    rewrites: new SourceSet(),
  };
  const shape = statementShape(inner, query);
  trace.budget = inner.budget;
  const touches = inner.touches.sources;
  trace.touches.add(touches);
  trace.touches.add(wholeOf(shape));
  if (listOf(options).some(isAnalyze)) {
    trace.stores.add(inner.stores.sources);
    trace.computes.add(inner.computes.sources);
    trace.rewrites.add(inner.rewrites.sources);
    trace.computes.add(unionOf(shape.columns.map(({ flow }) => flow).filter(({ plain }) => !plain)));
  }
  return closed([{ name: 'QUERY PLAN', flow: touches === 'unknown' ? { sources: 'unknown', plain: false } : nothing }]);
}

function isAnalyze(option: unknown): boolean {
  const { defname, arg } = untag(option, 'DefElem') ?? {};
  if (defname !== 'analyze') return false;
  const word = textOf(untag(arg, 'String')?.['sval']).toLowerCase();
  const number = untag(arg, 'Integer');
  return !(word === 'false' || word === 'off' || (number !== undefined && (number['ival'] ?? 0) === 0));
}

/** Whoever reads the table asks what its conditions ask; whoever makes them may ask. */
function policy(trace: Trace, body: Body): Shape {
  touchNamed(trace, body);
  const outer = innerScope(undefined);
  const scope = withItems(outer, [tableItem(trace, outer, bodyOf(body['table']))]);
  probeAll(trace, scope, [body['qual'], body['with_check']]);
  return emptyShape;
}

function copyTo(trace: Trace, copy: Body): Shape {
  const shape = copy['query'] === undefined ? copiedTable(trace, copy) : statementShape(trace, copy['query']);
  // A file or a program: the client sees nothing of it now.
  return copy['filename'] === undefined && copy['is_program'] !== true ? shape : stored(trace, shape);
}

function copiedTable(trace: Trace, { relation, attlist }: Body): Shape {
  const { shape, relations } = tableItem(trace, innerScope(undefined), bodyOf(relation));
  const named = wordsOf(attlist);
  if (named.length > 0) return closed(named.map((name) => ({ name, flow: columnOf(shape, name) ?? nothing })));
  // Generated columns are left out.
  const generated = new Set(
    relations
      .flatMap(({ columns }) => columns.filter((column) => columnsIn(column).length > 0))
      .map(({ name }) => name),
  );
  // Whether one is generated cannot be told at the moment.
  const hidden = relations.some(({ columns }) => columns.some((column) => column.generated === ''));
  const columns = shape.columns.filter(({ name }) => !generated.has(name));
  return { columns, open: shape.open ?? (hidden ? derived(wholeOf(shape)) : undefined) };
}

function copyFrom(trace: Trace, { relation, whereClause }: Body): Shape {
  const target = new Target(trace, bodyOf(relation));
  probeAll(trace, withItems(innerScope(undefined), [target.item]), [whereClause]);
  return emptyShape;
}

/** Errors of what changes a definition can show rows of its tables: a CHECK that does not hold, a duplicate key. */
function touchNamed(trace: Trace, body: Body): void {
  const nodes: unknown[] = [body];
  while (nodes.length > 0) {
    const node = nodes.pop();
    if (typeof node !== 'object' || node === null) continue;
    spend(trace, 1);
    const fields = node as Body;
    if (typeof fields['relname'] === 'string' && fields['relpersistence'] !== undefined) touchTable(trace, fields);
    else nodes.push(...(Array.isArray(node) ? listOf(node) : Object.values(node)));
  }
}

function touchTable(trace: Trace, { schemaname, relname }: Body): void {
  const name = { schema: textOf(schemaname), name: textOf(relname) };
  for (const relation of resolveRelation(trace.catalog, trace.path, name)) {
    trace.touches.add(wholeOf(relationShape(trace, relation)));
  }
}
