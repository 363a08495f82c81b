import { calleeOf } from './call.ts';
import { referenceFlow } from './reference.ts';
import type { Scope } from './scope.ts';
import type { Trace } from './trace.ts';
import { type Body, bodyOf, listOf, tagged, textOf, wordsOf } from './tree.ts';

/** OIDs of Postgres's array types whose elements are single values. */
const scalarArrays: ReadonlySet<number> = new Set([
  143, 199, 651, 1000, 1001, 1002, 1003, 1005, 1007, 1009, 1014, 1015, 1016, 1021, 1022, 1028, 1041, 1115, 1182, 1183,
  1185, 1187, 1231, 1270, 2951, 3807,
]);

const scalarTypes: ReadonlySet<string> = new Set(
  'bool bytea char name int2 int4 int8 text bpchar varchar float4 float8 oid timestamp date time timestamptz interval numeric timetz uuid json jsonb xml inet'.split(
    ' ',
  ),
);

/**
 * True for `unnest(…)` of an array of single values: then it has one column. Of an array of rows it has as many as the row
 * has, and of a tsvector three; so it counts which, and what cannot be told is neither.
 */
export function isUnnestOfScalars(trace: Trace, scope: Scope, call: Body): boolean {
  const words = wordsOf(call['funcname']);
  const args = listOf(call['args']);
  if (words.at(-1) !== 'unnest' || args.length !== 1) return false;
  const { candidates } = calleeOf(trace, call);
  return candidates.every(({ builtIn }) => builtIn) && isArrayOfScalars(trace, scope, args[0]);
}

function isArrayOfScalars(trace: Trace, scope: Scope, node: unknown): boolean {
  const { tag, body } = tagged(node) ?? { tag: '', body: {} };
  switch (tag) {
    case 'ColumnRef':
      return scalarArrays.has(referenceFlow(trace, scope, body).type ?? 0);
    case 'TypeCast':
      return bodyOf(body['typeName'])['arrayBounds'] !== undefined && isScalarType(trace, bodyOf(body['typeName']));
    case 'A_ArrayExpr': {
      const elements = listOf(body['elements']);
      return elements.length > 0 && elements.every((element) => isScalar(trace, element));
    }
    case 'FuncCall': {
      const { candidates } = calleeOf(trace, body);
      return candidates.length > 0 && candidates.every(({ returns }) => scalarArrays.has(returns));
    }
    default:
      return false;
  }
}

function isScalar(trace: Trace, node: unknown): boolean {
  const { tag, body } = tagged(node) ?? { tag: '', body: {} };
  if (tag === 'TypeCast') return isScalarType(trace, bodyOf(body['typeName']));
  // ARRAY[$1] takes its type from the parameter, which may be a row.
  return tag === 'A_Const';
}

/** A name without a schema is Postgres's own where pg_catalog is searched first, as it is unless the path says otherwise. */
function isScalarType({ path }: Trace, { names }: Body): boolean {
  const [schema, name] = wordsOf(names).length === 2 ? wordsOf(names) : ['', wordsOf(names)[0]];
  if (schema !== 'pg_catalog' && (schema !== '' || path?.[0] !== 'pg_catalog')) return false;
  return scalarTypes.has(textOf(name));
}
