import type { TableMade } from '../analysis.ts';
import type { ForeignKey, Relation } from '../catalog.ts';
import { withSchemas } from '../catalog-with.ts';
import type { QualifiedName } from '../resolve.ts';
import { comesAlong } from './comes-along.ts';
import { addAll, type Draft } from './draft.ts';
import { tableEntry } from './from.ts';
import { goesAlong } from './goes-along.ts';
import { keysDropped } from './keys-dropped.ts';
import { levelWithin } from './level.ts';
import { readStatement } from './statement.ts';
import { fullName, listedName, possibleNames, type Surroundings } from './surroundings.ts';
import { rangeName } from './touch.ts';
import { fieldsOf, isNode, list, type Node, qualifiedName, text, words } from './tree.ts';
import { Walk } from './walk.ts';

/** What is defined for later: queries in it are not run. */
const queryFields = new Set(['query', 'actions', 'sql_body', 'qual', 'with_check', 'whenClause']);

/** Statements of their own; tables of another server. */
const notHere = new Set(['schemaElts', 'table_list']);

/** How many of the last words of an object's name are behind that of its relation. */
const relationObjects: { readonly [kind: string]: number } = {
  OBJECT_TABLE: 0,
  OBJECT_VIEW: 0,
  OBJECT_MATVIEW: 0,
  OBJECT_FOREIGN_TABLE: 0,
  OBJECT_SEQUENCE: 0,
  OBJECT_INDEX: 0,
  OBJECT_COLUMN: 1,
  OBJECT_TABCONSTRAINT: 1,
  OBJECT_TRIGGER: 1,
  OBJECT_RULE: 1,
  OBJECT_POLICY: 1,
};

const functionObjects = new Set(['OBJECT_FUNCTION', 'OBJECT_PROCEDURE', 'OBJECT_ROUTINE', 'OBJECT_AGGREGATE']);

/** They see the rows of the tables under a view, and may do what they like with them: as if put on those. */
const onRows = new Set(['CreateTrigStmt', 'RuleStmt']);

/** What a definition makes, changes and drops, and the names by which that is known. */
export class Definition {
  readonly #walk: Walk;
  readonly #draft: Draft;
  #seesRows = false;
  /** Foreign keys that are dropped with what they refer to. */
  #dropsKey: ((key: ForeignKey) => boolean) | undefined;
  /** What is defined, changed or dropped. */
  readonly names: Set<string> = new Set();
  /** `schema.name` of a relation that is made. */
  created = '';
  /** Other names of it, in other schemas of the path. */
  readonly #elsewhere = new Set<string>();
  /** What comes along with a table, and may be in any of those schemas. */
  readonly #along = new Set<string>();
  /** What may go with what is dropped, moved or renamed. */
  readonly #gone = new Set<string>();
  /** Functions are among them. */
  hasFunctions = false;

  constructor(walk: Walk) {
    this.#walk = walk;
    this.#draft = walk.draft;
  }

  /** In order; of a plain table (`makes`) it is told elsewhere where it may be. */
  namesOf(makes: TableMade | undefined): readonly string[] {
    const elsewhere = makes === undefined ? this.#elsewhere : [];
    return Array.from(new Set([...this.names, ...this.#along, ...this.#gone, ...elsewhere])).sort();
  }

  /** It is not certain that all of the names are gone when one is dropped. */
  get takesAlong(): boolean {
    return this.#gone.size > 0;
  }

  read(type: string, fields: Node): void {
    this.#seesRows = onRows.has(type);
    this.#dropsKey = keysDropped(type, fields);
    const created = createdRange(type, fields);
    if (created !== undefined) this.create(created);
    this.#ranges(fields, created);
    this.#objects(fields);
    if (type === 'CreateFunctionStmt') this.#defineFunction(words(fields['funcname']));
    if (type === 'DefineStmt' && fields['kind'] === 'OBJECT_AGGREGATE') this.#defineFunction(words(fields['defnames']));
    if (type === 'RenameStmt' || type === 'AlterObjectSchemaStmt') this.#renames(fields);
    if (type === 'AlterTableStmt') this.#changesColumns(fields);
    if (type === 'CreateSchemaStmt') this.#schemaElements(fields);
    if (type === 'CreateStmt' || type === 'AlterTableStmt') for (const name of comesAlong(fields)) this.#comes(name);
    for (const relation of goesAlong(type, fields, this.#walk.around)) this.#gone.add(fullName(relation));
    if (type === 'IndexStmt') this.#index(fields);
    if (type === 'RenameStmt' && fields['renameType'] === 'OBJECT_SCHEMA') this.#renamesSchema(text(fields['subname']));
    this.#types(type, fields);
  }

  /** A relation that will be there: no name that the catalog lacks. */
  create(range: Node): void {
    const { around } = this.#walk;
    const given = rangeName(range);
    const isTemporary = range['relpersistence'] === 't' && given.schema === '';
    const name = isTemporary ? `pg_temp.${given.name}` : listedName(around, given);
    this.names.add(name);
    this.created = name;
    if (!isTemporary) addAll(this.#elsewhere, possibleNames(around, given));
    this.#draft.writes.add(name);
    const [schema = ''] = name.split('.');
    const present = isTemporary ? undefined : around.catalog?.find(schema, given.name);
    if (present !== undefined) this.#walk.writeRelation(present, { event: 'definition', inherits: true });
  }

  /** Every table that is named is changed, but for those that are copied from, and those in queries for later. */
  #ranges(root: Node, created: Node | undefined): void {
    const stack: Node[] = [root];
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      if (node === created) continue;
      if (typeof node['relname'] === 'string' && node['relpersistence'] !== undefined) {
        this.#change(node);
        continue;
      }
      const like = fieldsOf(node, 'TableLikeClause');
      if (like !== undefined && isNode(like['relation'])) {
        this.#walk.readRange(like['relation']);
        continue;
      }
      for (const field in node) {
        const child = node[field];
        if (!isNode(child) || notHere.has(field)) continue;
        if (queryFields.has(field)) this.#later({ [field]: child });
        else stack.push(child);
      }
    }
  }

  #change(range: Node): void {
    this.#walk.writeRange(range, this.#seesRows ? undefined : 'definition');
    const relations = this.#walk.resolved(range);
    for (const relation of relations) this.names.add(fullName(relation));
    for (const relation of relations) this.#changesReferring(relation);
    if (relations.length === 0) this.names.add(listedName(this.#walk.around, rangeName(range)));
  }

  /** Tables in a query that will run another time are as if read; of a view's, a rule's, a policy's, a function's. */
  #later(node: Node): void {
    const { around, findings } = this.#walk;
    const before = findings.drafts.length;
    const later = findings.draft('select');
    new Walk({ ...around, isPlanOnly: true }, later, findings).read(node, undefined);
    for (const { reads, writes } of findings.drafts.splice(before)) addAll(this.#draft.reads, [...reads, ...writes]);
  }

  #objects(fields: Node): void {
    const kind = text(fields['removeType'] ?? fields['objtype'] ?? fields['objectType'] ?? fields['renameType']);
    const objects = fields['objects'] === undefined ? [fields['object']] : list(fields['objects']);
    const behind = relationObjects[kind];
    for (const object of objects) {
      if (fields['targtype'] === 'ACL_TARGET_ALL_IN_SCHEMA') {
        if (behind !== undefined) this.#schema(words([object])[0] ?? '');
      } else if (kind === 'OBJECT_SCHEMA') {
        if (fields['behavior'] === 'DROP_CASCADE' && fields['removeType'] !== undefined)
          this.#schema(words([object])[0] ?? '');
      } else if (functionObjects.has(kind)) {
        this.#defineFunction(words(fieldsOf(object, 'ObjectWithArgs')?.['objname']));
      } else if (behind !== undefined) {
        const parts = words(object);
        if (parts.length > behind) this.#changeNamed(qualifiedName(parts.slice(0, parts.length - behind)));
      }
    }
  }

  #changeNamed({ schema, name }: QualifiedName): void {
    this.#change({ relname: name, ...(schema === '' ? {} : { schemaname: schema }), relpersistence: 'p', inh: true });
  }

  #schema(schema: string): void {
    for (const relation of this.#walk.around.catalog?.relations ?? []) {
      if (relation.schema !== schema) continue;
      this.#walk.writeRelation(relation, { event: 'definition', inherits: true });
      this.names.add(fullName(relation));
      this.#changesReferring(relation);
    }
  }

  /** Its relations have other names from then on; what else is in it, and what stands behind it, is not told. */
  #renamesSchema(schema: string): void {
    for (const relation of this.#walk.around.catalog?.relations ?? []) {
      if (relation.schema === schema) this.#walk.writeRelation(relation, { event: 'definition', inherits: false });
    }
  }

  /** Foreign keys that refer to what is dropped go with it: the tables that have them are changed. */
  #changesReferring(dropped: Relation): void {
    const { catalog, knowledge } = this.#walk.around;
    const drops = this.#dropsKey;
    if (drops === undefined) return;
    for (const { referredBy = [] } of knowledge?.family(dropped, true) ?? []) {
      for (const key of referredBy) {
        const referring = drops(key) ? catalog?.relation(key.relation) : undefined;
        if (referring === undefined) continue;
        this.#walk.writeRelation(referring, { event: 'definition', inherits: true });
        this.names.add(fullName(referring));
      }
    }
  }

  #defineFunction(parts: readonly string[]): void {
    if (parts.length === 0) return;
    this.hasFunctions = true;
    this.names.add(listedName(this.#walk.around, qualifiedName(parts)));
    addAll(this.#elsewhere, possibleNames(this.#walk.around, qualifiedName(parts)));
  }

  /** An index is in the schema of its table. */
  #index({ idxname, relation }: Node): void {
    const name = text(idxname);
    if (name === '' || !isNode(relation)) return;
    for (const { schema } of this.#walk.resolved(relation)) this.#along.add(fullName({ schema, name }));
    this.#comes({ schema: rangeName(relation).schema, name });
  }

  /**
   * Types without code, and what is taken away with nothing that depends on it: texts mean the same but for that name. Types of
   * a name are looked for in all schemas.
   */
  #types(type: string, { typeName, objects, removeType }: Node): void {
    const isEnum = type === 'CreateEnumStmt' || type === 'AlterEnumStmt';
    const isDropped = type === 'DropStmt' && /^OBJECT_(TYPE|DOMAIN)$/.test(text(removeType));
    const named = isEnum ? [words(typeName)] : [];
    if (isDropped) named.push(...list(objects).map((object) => words(fieldsOf(object, 'TypeName')?.['names'])));
    for (const parts of named) this.names.add(listedName(this.#walk.around, qualifiedName(parts)));
  }

  #comes(name: QualifiedName): void {
    addAll(this.#along, possibleNames(this.#walk.around, name));
  }

  #renames(fields: Node): void {
    const range = isNode(fields['relation']) ? fields['relation'] : undefined;
    if (range === undefined) return this.#renamesFunction(fields);
    const present = this.#walk.resolved(range)[0];
    const schema = text(fields['newschema']) || (present?.schema ?? rangeName(range).schema);
    const isColumn = fields['subname'] !== undefined;
    const name = isColumn ? rangeName(range).name : text(fields['newname']) || rangeName(range).name;
    this.names.add(listedName(this.#walk.around, { schema, name }));
    this.#draft.writes.add(listedName(this.#walk.around, { schema, name }));
  }

  #renamesFunction(fields: Node): void {
    const kind = text(fields['renameType'] ?? fields['objectType']);
    const parts = words(fieldsOf(fields['object'], 'ObjectWithArgs')?.['objname']);
    if (!functionObjects.has(kind) || parts.length === 0) return;
    this.hasFunctions = true;
    const { schema, name } = qualifiedName(parts);
    const moved = { schema: text(fields['newschema']) || schema, name: text(fields['newname']) || name };
    this.names.add(listedName(this.#walk.around, moved));
  }

  #changesColumns(fields: Node): void {
    const range = isNode(fields['relation']) ? fields['relation'] : {};
    for (const item of list(fields['cmds'])) {
      const { name } = fieldsOf(item, 'AlterTableCmd') ?? {};
      for (const relation of this.#walk.resolved(range)) {
        for (const full of this.#walk.around.knowledge?.columnNames(relation, text(name)) ?? []) {
          this.#draft.writesColumns.add(full);
        }
      }
    }
  }

  #schemaElements(fields: Node): void {
    const { around, findings } = this.#walk;
    const schemas = schemasMade(fields, around);
    const elements = list(fields['schemaElts']);
    // An empty schema changes the meaning of no name.
    if (elements.length === 0) addAll(this.names, schemas);
    else findings.effects.push({ type: 'define', names: schemas });
    const path = [...schemas, ...(around.path ?? [])];
    const catalog = around.catalog && withSchemas(around.catalog, schemas);
    for (const element of elements) {
      readStatement(element, { ...around, path, catalog }, findings, { via: 'CREATE SCHEMA' });
    }
  }

  /** Expressions that are computed for the rows that the table has. */
  computes(fields: Node): void {
    const entries = isNode(fields['relation'])
      ? [{ ...tableEntry(fields['relation'], this.#walk.around), isTarget: false }]
      : [];
    const { cmds, indexParams, whereClause, def } = fields;
    this.#walk.read({ cmds, indexParams, whereClause, def }, levelWithin(undefined, entries));
  }
}

/** The schema that CREATE SCHEMA makes; of a role that it does not name, one of the path that is not there, if it matters. */
function schemasMade({ schemaname, authrole }: Node, { path = [], catalog }: Surroundings): readonly string[] {
  const name = text(schemaname) || text(isNode(authrole) ? authrole['rolename'] : '');
  return name === '' ? path.filter((schema) => catalog?.hasSchema(schema) === false) : [name];
}

/** What a statement makes that was not there. */
function createdRange(type: string, fields: Node): Node | undefined {
  if (type === 'CreateStmt') return isNode(fields['relation']) ? fields['relation'] : undefined;
  if (type === 'ViewStmt') return isNode(fields['view']) ? fields['view'] : undefined;
  if (type === 'CreateSeqStmt') return isNode(fields['sequence']) ? fields['sequence'] : undefined;
  if (type === 'CompositeTypeStmt') return isNode(fields['typevar']) ? fields['typevar'] : undefined;
  if (type !== 'CreateForeignTableStmt') return undefined;
  const base = isNode(fields['base']) ? fields['base'] : fields['baseStmt'];
  return isNode(base) && isNode(base['relation']) ? base['relation'] : undefined;
}
