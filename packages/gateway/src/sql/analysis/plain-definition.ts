import type { Sources } from '../analysis.ts';
import type { Catalog } from '../catalog.ts';
import { lineageOf } from '../lineage/lineage.ts';
import { hasOnly, isPlainConstraint, isTelling, typeMade } from './simple-table.ts';
import type { Surroundings } from './surroundings.ts';
import { fieldsOf, isNode, list, type Node, text, unwrap, words } from './tree.ts';

/**
 * Whether a definition runs no code of anybody's and computes nothing over rows: whatever its names mean, it can tell of rows
 * only what keys and indexes of plain columns tell. What it leaves in the catalog (defaults, checks of a new table) is not
 * computed by it.
 */
export function isPlain(type: string, fields: Node, around: Surroundings): boolean {
  if (around.catalog === undefined || around.catalog.eventTriggers.length > 0 || around.isCondensed) return false;
  return plain[type]?.(fields, around) ?? false;
}

const ofRelations = /^OBJECT_(TABLE|VIEW|MATVIEW|INDEX|SEQUENCE|COLUMN|TABCONSTRAINT)$/;

const plain: { readonly [type: string]: (fields: Node, around: Surroundings) => boolean } = {
  DropStmt: ({ removeType }) => ofRelations.test(text(removeType)),
  RenameStmt: ({ renameType, relation }) => ofRelations.test(text(renameType)) && isNode(relation),
  AlterObjectSchemaStmt: ({ objectType }) => ofRelations.test(text(objectType)),
  CreateSeqStmt: () => true,
  AlterSeqStmt: () => true,
  CreateTrigStmt: ({ whenClause }) => whenClause === undefined,
  IndexStmt: (fields, around) =>
    hasOnly(fields, plainIndex) &&
    plainMethods.has(text(fields['accessMethod'])) &&
    list(fields['indexParams']).every((item) => isPlainColumn(item, around)),
  CreateStmt: isPlainTable,
  AlterTableStmt: ({ cmds }, around) => list(cmds).every((item) => isPlainChange(item, around)),
};

const plainIndex = new Set(
  'idxname relation accessMethod indexParams indexIncludingParams unique concurrent if_not_exists options'.split(' '),
);
/** Those that call nothing of a range type's own (`subtype_diff`). */
const plainMethods = new Set(['btree', 'hash', 'brin', 'gin']);
const plainKey = new Set(['name', 'ordering', 'nulls_ordering', 'opclass']);
const plainOperators = /^((text|varchar|bpchar)_pattern|jsonb_path)_ops$/;

/** A column of an index, by operators of Postgres or those that its type has of its own. */
function isPlainColumn(item: Node, around: Surroundings): boolean {
  const key = fieldsOf(item, 'IndexElem') ?? {};
  const [operators, ...more] = words(key['opclass']);
  if (!hasOnly(key, plainKey) || more.length > 0) return false;
  return operators === undefined || (plainOperators.test(operators) && isTelling(around));
}

const plainTable = new Set(['relation', 'tableElts', 'oncommit', 'if_not_exists']);

function isPlainTable(fields: Node, around: Surroundings): boolean {
  if (!hasOnly(fields, plainTable) || !isTelling(around)) return false;
  const elements = list(fields['tableElts']).map(unwrap);
  if (!elements.every(([type]) => type === 'ColumnDef' || type === 'Constraint')) return false;
  const columns = elements.flatMap(([type, body]) => (type === 'ColumnDef' ? [body] : []));
  const constraints = elements.flatMap(([type, body]) => (type === 'Constraint' ? [body] : constraintsOf(body)));
  const hasCheck = constraints.some(({ contype }) => contype === 'CONSTR_CHECK');
  return (
    constraints.every((constraint) => isKey(constraint) || isPlainConstraint(constraint, around)) &&
    constraints.every(({ raw_expr: expression }) => castsPlainly(expression, around)) &&
    columns.every((column) => isPlainType(column, around, hasCheck))
  );
}

/** Literals for columns of other types run what reads values of those while the text is read. */
function isPlainType(column: Node, around: Surroundings, hasCheck: boolean): boolean {
  if (typeMade(column['typeName'], around) !== undefined) return true;
  const [name = ''] = isNode(column['typeName']) ? words(column['typeName']['names']).slice(-1) : [];
  const hasLiteral = hasCheck || constraintsOf(column).some(({ contype }) => contype === 'CONSTR_DEFAULT');
  return !hasLiteral && around.catalog?.typeRunsCode(name) === false;
}

function constraintsOf(column: Node): readonly Node[] {
  return list(column['constraints']).map((item) => fieldsOf(item, 'Constraint') ?? {});
}

/** It casts to types of Postgres alone. */
function castsPlainly(expression: unknown, around: Surroundings): boolean {
  const nodes: unknown[] = [expression];
  while (nodes.length > 0) {
    const node = nodes.pop();
    if (!isNode(node)) continue;
    const type = node['typeName'] ?? node['TypeName'];
    if (type !== undefined && typeMade(type, around) === undefined) return false;
    nodes.push(...Object.values(node));
  }
  return true;
}

const keys = new Set(['CONSTR_PRIMARY', 'CONSTR_UNIQUE', 'CONSTR_FOREIGN']);
const attributes = /^CONSTR_(NULL|NOTNULL|ATTR_(NOT_)?(DEFERRABLE|ENFORCED)|ATTR_(DEFERRED|IMMEDIATE))$/;

function isKey({ contype }: Node): boolean {
  return keys.has(text(contype)) || attributes.test(text(contype));
}

const plainChanges =
  /^AT_(DropColumn|DropConstraint|SetNotNull|DropNotNull|AddIdentity|SetIdentity|DropIdentity|ChangeOwner|ClusterOn|DropCluster|SetStatistics|SetStorage)$/;

function isPlainChange(item: Node, around: Surroundings): boolean {
  const { subtype, def } = fieldsOf(item, 'AlterTableCmd') ?? {};
  const kind = text(subtype);
  if (plainChanges.test(kind)) return true;
  if (kind === 'AT_AddConstraint') return isKey(fieldsOf(def, 'Constraint') ?? {});
  if (kind === 'AT_AddColumn') return isPlainAddition(fieldsOf(def, 'ColumnDef') ?? {}, around);
  // A literal is read as a value of the column's type, which is not known here.
  return kind === 'AT_ColumnDefault' && (def === undefined || isOwnConstant(def));
}

/** A column that is added with a constant for all rows, or none: the table is not written anew. */
function isPlainAddition(column: Node, around: Surroundings): boolean {
  const constraints = constraintsOf(column);
  const { raw_expr: initial } = constraints.find(({ contype }) => contype === 'CONSTR_DEFAULT') ?? {};
  return (
    isTelling(around) &&
    !isSerial(column) &&
    constraints.every((constraint) => isKey(constraint) || constraint['contype'] === 'CONSTR_DEFAULT') &&
    isPlainType(column, around, false) &&
    (initial === undefined || isConstant(initial, around))
  );
}

function isSerial({ typeName }: Node): boolean {
  const [name = ''] = isNode(typeName) ? words(typeName['names']).slice(-1) : [];
  return /serial/.test(name);
}

function isConstant(expression: unknown, around: Surroundings): boolean {
  const { arg, typeName } = fieldsOf(expression, 'TypeCast') ?? {};
  if (typeName !== undefined) return typeMade(typeName, around) !== undefined && isConstant(arg, around);
  return fieldsOf(expression, 'A_Const') !== undefined || fieldsOf(expression, 'SQLValueFunction') !== undefined;
}

/** Of a type of its own: a number, true or false, NULL. */
function isOwnConstant(expression: unknown): boolean {
  const constant = fieldsOf(expression, 'A_Const');
  return constant !== undefined && constant['sval'] === undefined && constant['bsval'] === undefined;
}

/** As if no schema hid what stands behind it: a name may come to mean that when what is in front of it is gone. */
export function behindAll(around: Surroundings): Surroundings {
  const { catalog } = around;
  return catalog === undefined ? around : { ...around, catalog: withoutOpenSchemas(catalog) };
}

const closed = new WeakMap<Catalog, Catalog>();

function withoutOpenSchemas(catalog: Catalog): Catalog {
  const known = closed.get(catalog) ?? { ...catalog, isOpen: () => false };
  closed.set(catalog, known);
  return known;
}

/** All columns that are behind what a definition names; views are followed. */
export function columnsNamed(fields: Node, around: Surroundings): Sources {
  const { catalog, path, prepared, cursor, isEscaping, knowledge } = around;
  const context = { catalog, searchPath: path, prepared, cursor, standardConformingStrings: !isEscaping };
  // A statement that does no more than name them.
  return lineageOf({ LockStmt: fields }, context, knowledge?.pure).touches;
}
