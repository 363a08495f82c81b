import { setImmediate } from 'node:timers/promises';
import type { Column, Relation, RelationKind } from '../../sql/catalog.ts';
import { type Attachments, relationAttachments } from './attachments.ts';
import { firstNumber, type Row } from './row.ts';

/** What catalog-queries.ts asks of relations, as it comes. */
export interface RelationRows {
  readonly relations: readonly Row[];
  readonly columns: readonly Row[];
  readonly expressions: readonly Row[];
  readonly rules: readonly Row[];
  readonly policies: readonly Row[];
}

/** Relations after which sessions get their turn: reading must not hold them up. */
const atOnce = 500;

/** Relations with all that belongs to them. */
export async function decodeRelations(rows: RelationRows, attachments: Attachments): Promise<Relation[]> {
  const columns = await columnsByRelation(rows);
  const rules = Map.groupBy(rows.rules, firstNumber);
  const policies = Map.groupBy(rows.policies, firstNumber);
  const relations: Relation[] = [];
  for (const row of rows.relations) {
    const oid = firstNumber(row);
    const parts = { columns: columns.get(oid), rules: rules.get(oid), policies: policies.get(oid), attachments };
    relations.push(...decodeRelation(row, parts));
    if (relations.length % atOnce === 0) await setImmediate();
  }
  return relations;
}

/** OIDs of relations of which something cannot be told at the moment. */
export function standIns({ expressions, rules, policies }: RelationRows): readonly number[] {
  return [...expressions, ...rules, ...policies].filter(([, , , standIn]) => standIn === 't').map(firstNumber);
}

/** `pg_class.relkind`; what is not here is no relation that a statement could name. */
const relationKinds: { readonly [relkind: string]: RelationKind } = {
  r: 'table',
  p: 'partitioned table',
  v: 'view',
  m: 'materialized view',
  f: 'foreign table',
  S: 'sequence',
  i: 'index',
  I: 'index',
  t: 'toast table',
  c: 'composite type',
};

interface RelationParts {
  readonly columns: readonly Column[] | undefined;
  readonly rules: readonly Row[] | undefined;
  readonly policies: readonly Row[] | undefined;
  readonly attachments: Attachments;
}

const none: readonly never[] = [];

function decodeRelation(
  row: Row,
  { columns = none, rules = none, policies = none, attachments }: RelationParts,
): Relation[] {
  const [, schema, name, relkind, rowType] = row;
  const oid = firstNumber(row);
  const kind = relationKinds[relkind ?? ''];
  if (kind === undefined) return [];
  const definition = rules.find(([, select]) => select === 't')?.[2];
  const actions = rules.filter(([, select]) => select !== 't').map(([, , text]) => text ?? '');
  return [
    {
      oid,
      schema: schema ?? '',
      name: name ?? '',
      kind,
      columns: kind === 'toast table' ? toastColumns : columns,
      ...(definition ? { definition } : {}),
      rules: actions.length === 0 ? none : actions.sort(),
      ...(policies.length === 0 ? {} : { policies: policies.map(([, , text]) => text ?? '').sort() }),
      ...(rowType === '0' ? {} : { rowType: Number(rowType) }),
      ...relationAttachments(oid, attachments),
    },
  ];
}

/** Of TOAST tables (toasting.c). */
const toastColumns: readonly Column[] = [
  { number: 1, name: 'chunk_id', type: 26 },
  { number: 2, name: 'chunk_seq', type: 23 },
  { number: 3, name: 'chunk_data', type: 17 },
];

async function columnsByRelation({
  columns: rows,
  expressions,
}: RelationRows): Promise<ReadonlyMap<number, readonly Column[]>> {
  const expressionsOf = Map.groupBy(expressions, firstNumber);
  const columnsOf = new Map<number, readonly Column[]>();
  for (const [oid, numbers, columnNames, types] of rows) {
    const relation = Number(oid);
    const generated = new Map(expressionsOf.get(relation)?.map(([, number, text]) => [Number(number), text ?? '']));
    const parsedNames = JSON.parse(columnNames ?? '[]') as string[];
    const parsedTypes = JSON.parse(types ?? '[]') as number[];
    const columns = (JSON.parse(numbers ?? '[]') as number[]).map((number, at): Column => {
      const column = { number, name: parsedNames[at] ?? '', type: parsedTypes[at] ?? 0 };
      const expression = generated.get(number);
      return expression === undefined ? column : { ...column, generated: expression };
    });
    columnsOf.set(
      relation,
      columns.sort((a, b) => a.number - b.number),
    );
    if (columnsOf.size % atOnce === 0) await setImmediate();
  }
  return columnsOf;
}
