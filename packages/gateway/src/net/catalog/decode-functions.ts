import type { CatalogFunction, CatalogOperator, CodeType } from '../../sql/catalog.ts';
import { type Attachments, functionAttachments } from './attachments.ts';
import { firstNumber, type Row } from './row.ts';

const functionKinds: { readonly [prokind: string]: CatalogFunction['kind'] } = {
  f: 'function',
  p: 'procedure',
  a: 'aggregate',
  w: 'window',
};
const volatilities: { readonly [provolatile: string]: CatalogFunction['volatility'] } = {
  i: 'immutable',
  s: 'stable',
  v: 'volatile',
};

/** Rows of `functionsQuery`. */
export function decodeFunctions(rows: readonly Row[], attachments: Attachments): CatalogFunction[] {
  return rows.map((row) => ({ ...decodeFunction(row), ...functionAttachments(firstNumber(row), attachments) }));
}

function decodeFunction(row: Row): CatalogFunction {
  const [
    oid,
    schema,
    name,
    kind,
    volatility,
    language,
    definer,
    returns,
    builtIn,
    body,
    modes,
    argumentNames,
    settings,
    defaults,
    parameters,
    writer,
  ] = row;
  const outputs = outputNames(modes, argumentNames);
  return {
    oid: Number(oid),
    schema: schema ?? '',
    name: name ?? '',
    kind: functionKinds[kind ?? ''] ?? 'function',
    volatility: volatilities[volatility ?? ''] ?? 'volatile',
    language: language ?? '',
    securityDefiner: definer === 't',
    ...(body === null || body === undefined ? {} : { body }),
    builtIn: builtIn === 't',
    returns: Number(returns),
    ...(outputs.length === 0 ? {} : { outputs }),
    ...(settings === null || settings === undefined ? {} : { settings: JSON.parse(settings) as string[] }),
    ...(defaults === null || defaults === undefined
      ? {}
      : { defaults: { expressions: defaults, parameters: Number(parameters) } }),
    ...(writer === null || writer === undefined ? {} : { writtenBy: writer }),
  };
}

/** Source: `proargmodes` (catalogs/pg_proc.h): `o` OUT, `b` INOUT, `t` TABLE. */
function outputNames(modes: string | null | undefined, names: string | null | undefined): readonly string[] {
  if (modes === null || modes === undefined) return [];
  const all = names === null || names === undefined ? [] : (JSON.parse(names) as string[]);
  return (JSON.parse(modes) as string[]).flatMap((mode, at) => ('obt'.includes(mode) ? [all[at] ?? ''] : []));
}

/** A row of `operatorsQuery`. */
export function decodeOperator([name, schema, code]: Row): CatalogOperator {
  return { name: name ?? '', schema: schema ?? '', function: Number(code) };
}

/** A row of `codeTypesQuery`. */
export function decodeCodeType([oid, name, from, to]: Row): CodeType {
  const oids = (list: string | null | undefined): readonly number[] => JSON.parse(list ?? '[]') as number[];
  return { oid: Number(oid), name: name ?? '', from: oids(from), to: oids(to) };
}
