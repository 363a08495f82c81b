import {
  type CatalogFunction,
  type Constraint,
  type ForeignKey,
  firstNormalObjectId,
  type Relation,
} from '../../sql/catalog.ts';
import { firstNumber, numbersBy, type Row } from './row.ts';

/** What somebody has attached to relations and functions, Postgres's own among them: by the OID of these. */
export interface Attachments {
  readonly triggers: ReadonlyMap<number, readonly number[]>;
  /** Which transactions wrote the triggers of a relation. */
  readonly writers: ReadonlyMap<number, string>;
  readonly attached: ReadonlyMap<number, readonly number[]>;
  readonly beforeUpdate: ReadonlyMap<number, readonly number[]>;
  /** What aggregates are made of. */
  readonly madeOf: ReadonlyMap<number, readonly number[]>;
  readonly foreignKeys: ReadonlyMap<number, readonly ForeignKey[]>;
  readonly constraints: ReadonlyMap<number, readonly Constraint[]>;
  readonly parents: ReadonlyMap<number, readonly number[]>;
  readonly children: ReadonlyMap<number, readonly number[]>;
}

/** What catalog-queries.ts asks of them, as it comes. */
export interface AttachmentRows {
  readonly triggers: readonly Row[];
  readonly attached: readonly Row[];
  readonly aggregates: readonly Row[];
  readonly foreignKeys: readonly Row[];
  readonly constraints: readonly Row[];
  readonly inheritance: readonly Row[];
}

export function decodeAttachments(rows: AttachmentRows): Attachments {
  const { triggers, attached, aggregates, inheritance } = rows;
  return {
    triggers: numbersBy(triggers),
    writers: writersOf(triggers),
    attached: numbersBy(attached),
    beforeUpdate: numbersBy(triggers.filter(([, , isBefore]) => isBefore === 't')),
    madeOf: numbersBy(aggregates),
    foreignKeys: decodedBy(rows.foreignKeys, decodeForeignKey),
    constraints: decodedBy(rows.constraints, decodeConstraint),
    parents: numbersBy(inheritance),
    children: numbersBy(inheritance.map(([child, parent]) => [parent ?? '', child ?? ''])),
  };
}

function decodedBy<Value>(rows: readonly Row[], decode: (row: Row) => Value): ReadonlyMap<number, readonly Value[]> {
  const values = new Map<number, readonly Value[]>();
  for (const [oid, group] of Map.groupBy(rows, firstNumber)) values.set(oid, group.map(decode));
  return values;
}

function writersOf(triggers: readonly Row[]): ReadonlyMap<number, string> {
  const writers = new Map<number, string>();
  for (const [oid, rows] of Map.groupBy(triggers, firstNumber)) {
    const xids = rows.flatMap(([, , , xid]) => xid ?? []);
    writers.set(oid, xids.sort().join(' '));
  }
  return writers;
}

/** Of relations and functions to which nothing is attached. */
export const noAttachments: Attachments = decodeAttachments({
  triggers: [],
  attached: [],
  aggregates: [],
  foreignKeys: [],
  constraints: [],
  inheritance: [],
});

const none: readonly never[] = [];

export function relationAttachments(
  oid: number,
  { triggers, writers, beforeUpdate, attached, foreignKeys, constraints, parents, children }: Attachments,
): Pick<
  Relation,
  'triggers' | 'triggersBy' | 'beforeUpdate' | 'attached' | 'referredBy' | 'constraints' | 'parents' | 'children'
> {
  const writer = writers.get(oid);
  const changing = beforeUpdate.get(oid);
  const called = attached.get(oid);
  const referring = foreignKeys.get(oid);
  const apart = constraints.get(oid);
  return {
    triggers: triggers.get(oid) ?? none,
    ...(writer === undefined ? {} : { triggersBy: writer }),
    ...(changing === undefined ? {} : { beforeUpdate: changing }),
    ...(called === undefined ? {} : { attached: called }),
    ...(referring === undefined ? {} : { referredBy: referring }),
    ...(apart === undefined ? {} : { constraints: apart }),
    parents: parents.get(oid) ?? none,
    children: children.get(oid) ?? none,
  };
}

export function functionAttachments(
  oid: number,
  { attached, madeOf }: Attachments,
): Pick<CatalogFunction, 'attached' | 'madeOf'> {
  const called = attached.get(oid);
  const parts = madeOf.get(oid);
  return { ...(called === undefined ? {} : { attached: called }), ...(parts === undefined ? {} : { madeOf: parts }) };
}

interface Part {
  readonly relations: readonly Relation[];
  readonly functions: readonly CatalogFunction[];
}

/**
 * Relations and functions of Postgres's own, to which nothing was attached, with what is. The same value where that is
 * nothing: only superusers can.
 */
export function attach<Own extends Part>(part: Own, attachments: Attachments): Own | Part {
  const maps: readonly ReadonlyMap<number, unknown>[] = Object.values(attachments);
  if (!maps.some((map) => Array.from(map.keys()).some((oid) => oid < firstNormalObjectId))) return part;
  return {
    relations: part.relations.map((relation) => ({ ...relation, ...relationAttachments(relation.oid, attachments) })),
    functions: part.functions.map((entry) => ({ ...entry, ...functionAttachments(entry.oid, attachments) })),
  };
}

const changes: { readonly [action: string]: 'delete' | 'update' } = { c: 'delete', n: 'update', d: 'update' };

function decodeForeignKey([, relation, onDelete, onUpdate, referring, columns]: Row): ForeignKey {
  const does = changes[onDelete ?? ''];
  return {
    relation: Number(relation),
    referring: JSON.parse(referring ?? '[]') as string[],
    columns: JSON.parse(columns ?? '[]') as string[],
    ...(does === undefined ? {} : { onDelete: does }),
    ...(changes[onUpdate ?? ''] === undefined ? {} : { onUpdate: 'update' as const }),
    ...(onDelete === 'd' || onUpdate === 'd' ? { setsDefault: true } : {}),
  };
}

function decodeConstraint([, name, columns]: Row): Constraint {
  return { name: name ?? '', columns: JSON.parse(columns ?? '[]') as number[] };
}
