import type { Catalog } from './catalog.ts';
import { bodyOf, listOf, type Tagged, tagged, textOf, untag, wordsOf } from './lineage/tree.ts';
import type { Parser, RawStatement } from './parser.ts';

/**
 * The parser is that of Postgres 18. A word that has become part of its grammar is a name to an older server: what reads like
 * JSON_SCALAR(…) calls a function of somebody's there. Pure.
 *
 * Versions are `server_version_num`. Sources: the keyword lists of the manuals (appendix C), gram.y.
 */
const since = { jsonQueries: 170_000, jsonConstructors: 160_000, systemUser: 160_000 } as const;

/** What cannot be meant otherwise is not looked through. */
const mayDiffer = /json|merge_action|system_user/i;

type Server = Pick<Catalog, 'serverVersion'>;

/** Reads texts as the server of the catalog does, where it can tell; without one it is the parser's own. */
export function parserFor(parser: Parser, server: Server | undefined): Parser {
  if (server?.serverVersion === undefined || server.serverVersion >= since.jsonQueries) return parser;
  return {
    parse: (sql) => {
      const parsed = parser.parse(sql);
      if (typeof parsed !== 'string' && mayDiffer.test(sql)) for (const statement of parsed) reread(statement, server);
      return parsed;
    },
  };
}

/** In place: the tree has just been made. Without recursion, because it can be deep. */
function reread(statement: RawStatement, server: Server): void {
  const open: object[] = [statement];
  for (let parent = open.pop(); parent !== undefined; parent = open.pop()) {
    for (const [key, child] of Object.entries(parent)) {
      if (typeof child !== 'object' || child === null) continue;
      const node = tagged(child);
      const meant = node === undefined ? undefined : meaning(node, server);
      if (meant !== undefined) (parent as { [key: string]: unknown })[key] = meant;
      open.push(meant ?? child);
    }
  }
}

/** What the node is to the server; undefined: the same. */
function meaning({ tag, body }: Tagged, { serverVersion = since.jsonQueries }: Server): object | undefined {
  switch (tag) {
    case 'JsonScalarExpr':
      return call('json_scalar', [body['expr']]);
    case 'JsonSerializeExpr':
      return call('json_serialize', [body['expr']]);
    case 'JsonParseExpr':
      return call('json', [body['expr']]);
    case 'JsonFuncExpr':
      return call(queries[textOf(body['op'])] ?? 'json_query', [body['context_item'], body['pathspec']]);
    case 'MergeSupportFunc':
      return call('merge_action', []);
  }
  if (serverVersion >= since.jsonConstructors) return undefined;
  switch (tag) {
    case 'JsonObjectConstructor':
      return call('json_object', listOf(body['exprs']));
    case 'JsonArrayConstructor':
      return call('json_array', listOf(body['exprs']));
    case 'JsonArrayAgg':
      return call('json_arrayagg', [body['arg']], bodyOf(body['constructor']));
    case 'FuncCall':
      return named(body);
    case 'RangeFunction':
      return isSystemUser(soleFunction(body)) ? table('system_user', body['alias']) : undefined;
  }
  return undefined;
}

const queries: { readonly [op: string]: string } = {
  JSON_EXISTS_OP: 'json_exists',
  JSON_QUERY_OP: 'json_query',
  JSON_VALUE_OP: 'json_value',
};

/** Functions that the grammar names itself, without the schema being written. */
function named(body: Tagged['body']): object | undefined {
  if (isSystemUser({ FuncCall: body }))
    return { ColumnRef: { fields: [word('system_user')], location: body['location'] } };
  const isJsonObject = wordsOf(body['funcname']).join('.') === 'pg_catalog.json_object';
  return isJsonObject ? { FuncCall: { ...body, funcname: [word('json_object')] } } : undefined;
}

/** SYSTEM_USER, not `pg_catalog.system_user()`. */
function isSystemUser(node: unknown): boolean {
  const body = untag(node, 'FuncCall');
  if (body === undefined || body['funcformat'] !== 'COERCE_SQL_SYNTAX') return false;
  return wordsOf(body['funcname']).at(-1) === 'system_user';
}

/** Of FROM: the function, where there is one without ROWS FROM. */
function soleFunction(body: Tagged['body']): unknown {
  return listOf(untag(listOf(body['functions'])[0], 'List')?.['items'])[0];
}

function table(relname: string, alias: unknown): object {
  return { RangeVar: { relname, inh: true, relpersistence: 'p', ...(alias === undefined ? {} : { alias }) } };
}

/** `rest`: ORDER BY, FILTER and OVER of an aggregate, which have the same names in both nodes. */
function call(name: string, args: readonly unknown[], rest: object = {}): object {
  const given = args.filter((arg) => arg !== undefined).map(rawOf);
  const some = given.length === 0 ? {} : { args: given };
  return { FuncCall: { ...rest, funcname: [word(name)], ...some, funcformat: 'COERCE_EXPLICIT_CALL' } };
}

/** An argument as it was written: the grammar wraps those of SQL/JSON. */
function rawOf(node: unknown): unknown {
  const body = untag(node, 'JsonValueExpr') ?? (tagged(node) === undefined ? bodyOf(node) : undefined);
  return body?.['raw_expr'] ?? node;
}

function word(sval: string): object {
  return { String: { sval } };
}
