import { type Cascade, type CatalogFunction, firstNormalObjectId, type Relation } from '../../sql/catalog.ts';
import { firstNumber, numbersBy, type Row } from './row.ts';

/** What somebody has attached to relations and functions, Postgres's own among them: by the OID of these. */
export interface Attachments {
  readonly triggers: ReadonlyMap<number, readonly number[]>;
  readonly attached: ReadonlyMap<number, readonly number[]>;
  readonly cascades: ReadonlyMap<number, readonly Cascade[]>;
  readonly parents: ReadonlyMap<number, readonly number[]>;
  readonly children: ReadonlyMap<number, readonly number[]>;
}

/** What catalog-queries.ts asks of them, as it comes. */
export interface AttachmentRows {
  readonly triggers: readonly Row[];
  readonly attached: readonly Row[];
  readonly cascades: readonly Row[];
  readonly inheritance: readonly Row[];
}

export function decodeAttachments({ triggers, attached, cascades, inheritance }: AttachmentRows): Attachments {
  const cascadesOf = new Map<number, readonly Cascade[]>();
  for (const [oid, rows] of Map.groupBy(cascades, firstNumber)) cascadesOf.set(oid, rows.map(decodeCascade));
  return {
    triggers: numbersBy(triggers),
    attached: numbersBy(attached),
    cascades: cascadesOf,
    parents: numbersBy(inheritance),
    children: numbersBy(inheritance.map(([child, parent]) => [parent ?? '', child ?? ''])),
  };
}

/** Of relations and functions to which nothing is attached. */
export const noAttachments: Attachments = decodeAttachments({
  triggers: [],
  attached: [],
  cascades: [],
  inheritance: [],
});

const none: readonly never[] = [];

export function relationAttachments(
  oid: number,
  { triggers, attached, cascades, parents, children }: Attachments,
): Pick<Relation, 'triggers' | 'attached' | 'cascades' | 'parents' | 'children'> {
  const called = attached.get(oid);
  const cascading = cascades.get(oid);
  return {
    triggers: triggers.get(oid) ?? none,
    ...(called === undefined ? {} : { attached: called }),
    ...(cascading === undefined ? {} : { cascades: cascading }),
    parents: parents.get(oid) ?? none,
    children: children.get(oid) ?? none,
  };
}

export function functionAttachments(oid: number, { attached }: Attachments): Pick<CatalogFunction, 'attached'> {
  const called = attached.get(oid);
  return called === undefined ? {} : { attached: called };
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

function decodeCascade([, relation, onDelete, onUpdate, columns]: Row): Cascade {
  const does = changes[onDelete ?? ''];
  return {
    relation: Number(relation),
    ...(does === undefined ? {} : { onDelete: does }),
    ...(changes[onUpdate ?? ''] === undefined ? {} : { onUpdate: 'update' as const }),
    columns: JSON.parse(columns ?? '[]') as string[],
    ...(onDelete === 'd' || onUpdate === 'd' ? { setsDefault: true } : {}),
  };
}
