import { bodyOf, tagged, textOf, wordsOf } from './tree.ts';

/**
 * The name that Postgres gives a result column without an alias (FigureColname in parse_target.c). `subquery` names the
 * first column of a subquery that stands for a value.
 */
export function columnName(node: unknown, subquery: (select: unknown) => string | undefined): string {
  return figure(node, subquery)?.name ?? '?column?';
}

/** `weak` names give way to that of a cast around them, or of CASE. */
interface Figured {
  readonly name: string;
  readonly weak: boolean;
}

const fixedNames: { readonly [tag: string]: string } = {
  GroupingFunc: 'grouping',
  MergeSupportFunc: 'merge_action',
  A_ArrayExpr: 'array',
  RowExpr: 'row',
  CoalesceExpr: 'coalesce',
  XmlSerialize: 'xmlserialize',
  JsonParseExpr: 'json',
  JsonScalarExpr: 'json_scalar',
  JsonSerializeExpr: 'json_serialize',
  JsonObjectConstructor: 'json_object',
  JsonArrayConstructor: 'json_array',
  JsonArrayQueryConstructor: 'json_array',
  JsonObjectAgg: 'json_objectagg',
  JsonArrayAgg: 'json_arrayagg',
};

const namesOfOperations: { readonly [op: string]: string } = {
  IS_GREATEST: 'greatest',
  IS_LEAST: 'least',
  IS_XMLCONCAT: 'xmlconcat',
  IS_XMLELEMENT: 'xmlelement',
  IS_XMLFOREST: 'xmlforest',
  IS_XMLPARSE: 'xmlparse',
  IS_XMLPI: 'xmlpi',
  IS_XMLROOT: 'xmlroot',
  JSON_EXISTS_OP: 'json_exists',
  JSON_QUERY_OP: 'json_query',
  JSON_VALUE_OP: 'json_value',
  SVFOP_CURRENT_TIME_N: 'current_time',
  SVFOP_CURRENT_TIMESTAMP_N: 'current_timestamp',
  SVFOP_LOCALTIME_N: 'localtime',
  SVFOP_LOCALTIMESTAMP_N: 'localtimestamp',
};

function strong(name: string | undefined): Figured | undefined {
  return name === undefined || name === '' ? undefined : { name, weak: false };
}

function figure(node: unknown, subquery: (select: unknown) => string | undefined): Figured | undefined {
  const { tag, body } = tagged(node) ?? { tag: '', body: {} };
  switch (tag) {
    case 'ColumnRef':
      return strong(wordsOf(body['fields']).at(-1));
    case 'A_Indirection':
      return strong(wordsOf(body['indirection']).findLast((word) => word !== '')) ?? figure(body['arg'], subquery);
    case 'FuncCall':
      return strong(wordsOf(body['funcname']).at(-1));
    case 'A_Expr':
      return body['kind'] === 'AEXPR_NULLIF' ? strong('nullif') : undefined;
    case 'TypeCast':
      return overruled(figure(body['arg'], subquery), wordsOf(bodyOf(body['typeName'])['names']).at(-1));
    case 'CollateClause':
      return figure(body['arg'], subquery);
    case 'CaseExpr':
      return overruled(figure(body['defresult'], subquery), 'case');
    case 'SubLink':
      return figureSubquery(textOf(body['subLinkType']), () => subquery(body['subselect']));
    case 'MinMaxExpr':
    case 'XmlExpr':
    case 'JsonFuncExpr':
      return strong(namesOfOperations[textOf(body['op'])]);
    case 'SQLValueFunction':
      return strong(namesOfOperations[textOf(body['op'])] ?? textOf(body['op']).slice('SVFOP_'.length).toLowerCase());
    default:
      return strong(fixedNames[tag]);
  }
}

function overruled(inner: Figured | undefined, name: string | undefined): Figured | undefined {
  if (inner !== undefined && !inner.weak) return inner;
  return name === undefined ? inner : { name, weak: true };
}

function figureSubquery(type: string, name: () => string | undefined): Figured | undefined {
  if (type === 'EXISTS_SUBLINK') return strong('exists');
  if (type === 'ARRAY_SUBLINK') return strong('array');
  return type === 'EXPR_SUBLINK' ? strong(name()) : undefined;
}
