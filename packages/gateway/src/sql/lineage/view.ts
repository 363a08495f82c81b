import type { Sources } from '../analysis.ts';
import { type Catalog, columnKey, firstNormalObjectId, type Relation } from '../catalog.ts';
import { parserFor } from '../older-server.ts';
import { loadedParser } from '../parser.ts';
import { closed, type Flow, type Named, nothing, type Shape, unknown, unknownShape } from './flow.ts';
import { queryShape } from './query.ts';
import { baseShape } from './row-type.ts';
import { type Pure, startTrace, type Trace } from './trace.ts';

/** What a view shows and depends on, whoever reads it. */
interface View {
  readonly shape: Shape;
  readonly probes: Sources;
  /** What `set_config` and the like in it leave behind. */
  readonly stores: Sources;
  readonly touches: Sources;
  /** What code of somebody's is given by it. */
  readonly given: Sources;
  /** What it computes with whichever of its columns are asked for. */
  readonly computes: Sources;
}

/** By the functions that are pure as well: how code reads depends on settings of the session. */
const views: WeakMap<Catalog, WeakMap<Pure, Map<number, View>>> = new WeakMap();

/** The columns of a relation by name: of a view, those of the tables under it. Notes what a view's conditions depend on. */
export function relationShape(trace: Trace, relation: Relation): Shape {
  if (relation.kind !== 'view' && relation.kind !== 'materialized view') return baseShape(trace.catalog, relation);
  const { shape, probes, stores, touches, computes, given } = viewOf(trace, relation);
  trace.given.add(given);
  trace.probes.add(probes);
  trace.stores.add(stores);
  trace.touches.add(touches);
  trace.computes.add(computes);
  return shape;
}

/** Stands for a view while it is being followed: one that shows itself shows anything. */
const endless: View = {
  shape: unknownShape,
  probes: 'unknown',
  stores: 'unknown',
  touches: 'unknown',
  computes: 'unknown',
  given: 'unknown',
};

function viewOf(trace: Trace, relation: Relation): View {
  const followed = followedViews(trace);
  const known = followed.get(relation.oid);
  if (known !== undefined) return known;
  followed.set(relation.oid, endless);
  try {
    const made = followView(trace, relation);
    const view = isOfPostgres(relation) ? ownWhereUnknown(relation, made) : made;
    followed.set(relation.oid, view);
    return view;
  } catch (error) {
    followed.delete(relation.oid);
    throw error;
  }
}

function followedViews({ catalog, pure }: Trace): Map<number, View> {
  const ofCatalog = views.get(catalog) ?? new WeakMap<Pure, Map<number, View>>();
  const followed = ofCatalog.get(pure) ?? new Map<number, View>();
  views.set(catalog, ofCatalog.set(pure, followed));
  return followed;
}

function followView({ catalog, context, pure }: Trace, relation: Relation): View {
  const parser = parserFor(loadedParser, catalog);
  const parsed = relation.definition === undefined ? [] : parser.parse(relation.definition);
  const query = typeof parsed === 'string' ? undefined : parsed[0]?.node;
  if (query === undefined) return { ...endless, shape: unknownColumns(relation) };
  // Every name in a definition is qualified, but those of pg_catalog.
  const trace = startTrace(context, { catalog, path: ['pg_catalog'], pure });
  const shape = queryShape(trace, undefined, query);
  return {
    shape: asColumns(relation, shape),
    probes: trace.probes.sources,
    stores: trace.stores.sources,
    touches: trace.touches.sources,
    given: trace.given.sources,
    computes: trace.callsVolatile ? trace.computes.sources : nothing.sources,
  };
}

function unknownColumns({ columns }: Relation): Shape {
  return closed(columns.map(({ name }) => ({ name, flow: unknown })));
}

/** The columns of the query under the names and types of the view's. */
function asColumns(relation: Relation, { columns, open }: Shape): Shape {
  if (open !== undefined || columns.length !== relation.columns.length) return unknownColumns(relation);
  return closed(
    relation.columns.map(({ name, type }, index): Named => {
      const { sources, plain } = columns[index]?.flow ?? unknown;
      return { name, flow: { sources, plain, type } };
    }),
  );
}

function isOfPostgres({ oid, schema }: Relation): boolean {
  return oid < firstNormalObjectId && (schema === 'pg_catalog' || schema === 'information_schema');
}

/**
 * Views of Postgres over functions that show the server's state (`pg_stat_activity`, `pg_locks` …) are where such a value
 * has a name; so each column that cannot be followed further is a source of its own, which a mask can name.
 */
function ownWhereUnknown({ oid, columns }: Relation, { shape, probes, stores, touches, computes, given }: View): View {
  const own = (index: number): Flow => ({
    sources: new Set([columnKey(oid, columns[index]?.number ?? 0)]),
    plain: true,
    type: columns[index]?.type,
  });
  const known = (sources: Sources): Sources => (sources === 'unknown' ? nothing.sources : sources);
  return {
    shape: closed(
      shape.columns.map(({ name, flow }, index) => ({ name, flow: flow.sources === 'unknown' ? own(index) : flow })),
    ),
    probes: known(probes),
    stores: known(stores),
    touches: known(touches),
    computes: known(computes),
    given: known(given),
  };
}
