import type { Catalog, Relation } from '../catalog.ts';
import { fullName, named, type Surroundings } from './surroundings.ts';
import { rangeName } from './touch.ts';
import { fieldsOf, isNode, list, type Node, qualifiedName, text, words } from './tree.ts';

/**
 * Relations that may be dropped, moved or renamed along with what a definition names, and that hide others: their names may
 * mean those behind it. Which sequences and indexes belong to what is not known; of views it is known what they read.
 */
export function goesAlong(type: string, fields: Node, around: Surroundings): readonly Relation[] {
  const { catalog } = around;
  if (catalog === undefined || !takesAlong.has(type)) return none;
  const { parts, others } = hidingIn(catalog);
  if (others.length === 0) return parts;
  const reach = reachOf(type, fields);
  if (reach === undefined) return parts;
  const given = reach.names.flatMap((name) => named(around, name).relations);
  const family = new Set(given.flatMap((relation) => around.knowledge?.family(relation, true) ?? []));
  const names = Array.from(family, fullName);
  const goes = (relation: Relation): boolean => {
    if (family.has(relation)) return reach.children;
    const isView = relation.kind === 'view' || relation.kind === 'materialized view';
    if (!reach.cascades || !(isView || reach.isAny)) return false;
    const whole = isView ? around.knowledge?.view(relation)?.whole : undefined;
    return !reach.isKnown || whole === undefined || names.some((name) => whole.reads.has(name));
  };
  return [...parts, ...others.filter(goes)];
}

const none: readonly Relation[] = [];

const takesAlong = new Set(['DropStmt', 'DropOwnedStmt', 'RenameStmt', 'AlterObjectSchemaStmt', 'AlterTableStmt']);

/** They belong to a table, a column or a constraint, or are types: nothing can be written to them. */
const partKinds = new Set(['sequence', 'index', 'composite type']);

interface Hiding {
  /** Sequences, indexes and types that hide what is none of these. */
  readonly parts: readonly Relation[];
  readonly others: readonly Relation[];
}

const known = new WeakMap<Catalog, Hiding>();

function hidingIn(catalog: Catalog): Hiding {
  const before = known.get(catalog);
  if (before !== undefined) return before;
  const parts: Relation[] = [];
  const others: Relation[] = [];
  for (const relation of catalog.relations) {
    const { schema, name, kind } = relation;
    if (schema === 'pg_catalog' || kind === 'toast table') continue;
    const hidden = catalog.named(name).filter((other) => other.schema !== schema);
    if (hidden.length === 0) continue;
    if (!partKinds.has(kind)) others.push(relation);
    else if (hidden.some((other) => !partKinds.has(other.kind))) parts.push(relation);
  }
  const found = { parts, others };
  known.set(catalog, found);
  return found;
}

/** How far dropping something goes. */
interface Reach {
  /** The relations that are named. */
  readonly names: ReturnType<typeof qualifiedName>[];
  /** It is all about relations, so that it is known which views depend on it. */
  readonly isKnown: boolean;
  /** Partitions go with their table, and with CASCADE all children. */
  readonly children: boolean;
  readonly cascades: boolean;
  /** Tables may depend on it as well. */
  readonly isAny: boolean;
}

const relations = /^OBJECT_(TABLE|VIEW|MATVIEW|FOREIGN_TABLE)$/;

function reachOf(type: string, fields: Node): Reach | undefined {
  if (type === 'DropOwnedStmt') return { names: [], isKnown: false, children: true, cascades: true, isAny: true };
  const kind = text(fields['removeType'] ?? fields['objtype']);
  const isKnown = relations.test(kind);
  if (type === 'DropStmt') {
    const names = isKnown ? list(fields['objects']).map((object) => qualifiedName(words(object))) : [];
    const isAny = kind === 'OBJECT_TYPE' || kind === 'OBJECT_EXTENSION';
    const cascades = fields['behavior'] === 'DROP_CASCADE' || kind === 'OBJECT_EXTENSION';
    return { names, isKnown, children: true, cascades, isAny };
  }
  const cascades = list(fields['cmds']).some(
    (item) => fieldsOf(item, 'AlterTableCmd')?.['behavior'] === 'DROP_CASCADE',
  );
  if (!cascades) return undefined;
  const names = isNode(fields['relation']) ? [rangeName(fields['relation'])] : [];
  return { names, isKnown, children: false, cascades, isAny: false };
}
