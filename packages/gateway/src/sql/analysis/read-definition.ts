import { kindOf } from '../kind.ts';
import { Definition } from './definition.ts';
import type { Place } from './dml.ts';
import { Findings } from './draft.ts';
import { codeDefined } from './function-body.ts';
import { noteLater } from './later.ts';
import { behindAll, columnsNamed, isPlain } from './plain-definition.ts';
import { simpleTable } from './simple-table.ts';
import { named, type Surroundings } from './surroundings.ts';
import { list, type Node, qualifiedName, text, unwrap, words } from './tree.ts';
import { Walk } from './walk.ts';

/** Definitions that the catalog of names does not hold: roles, privileges, comments, servers' settings. */
const notInCatalog =
  /^(Grant|GrantRole|Comment|SecLabel|(Create|Alter|Drop)(Role|RoleSet|db|Database|DatabaseSet|DatabaseRefreshColl|TableSpace|TableSpaceOptions|Subscription|Publication|UserMapping|System|DefaultPrivileges|dbStmt)|AlterSystem|AlterDefaultPrivileges|ReassignOwned)Stmt$/;

/** Statements that run scripts or load code that cannot be read. */
const runsScripts = new Set(['CreateExtensionStmt', 'AlterExtensionStmt']);

/** Statements that reach another server, or name files of this one. */
const reachesOut = new Set([
  'CreateFdwStmt',
  'AlterFdwStmt',
  'CreateForeignServerStmt',
  'AlterForeignServerStmt',
  'CreateForeignTableStmt',
  'CreateUserMappingStmt',
  'AlterUserMappingStmt',
  'CreateSubscriptionStmt',
  'AlterSubscriptionStmt',
  'DropSubscriptionStmt',
  'ImportForeignSchemaStmt',
  'CreateTableSpaceStmt',
  // archive_command and its like are programs.
  'AlterSystemStmt',
]);

/** Statements whose expressions run over the rows that are there. */
const computes = new Set(['AlterTableStmt', 'IndexStmt', 'AlterDomainStmt']);

/** CREATE, ALTER, DROP, GRANT, COMMENT and all else that changes definitions. */
export function readDefinition(node: Node, around: Surroundings, findings: Findings, place: Place): void {
  const [type, fields] = unwrap(node);
  const draft = findings.draft(kindOf({ location: 0, length: 0, node }), place.via);
  draft.isDdl = true;
  draft.isWrite = true;
  draft.isOutside = reachesOut.has(type);
  if (runsScripts.has(type)) draft.isOpaque = true;
  // What depends on it, or belongs to a role, goes with it: which, is not known here.
  if (fields['behavior'] === 'DROP_CASCADE' && type === 'DropStmt') draft.isOpaque = true;
  if (type === 'DropOwnedStmt' || type === 'ReassignOwnedStmt') draft.isOpaque = true;
  if (type === 'CreateFunctionStmt' && /^(c|internal)$/.test(codeDefined(fields).language)) draft.isOutside = true;
  const walk = new Walk(around, draft, findings);
  runEventTriggers(walk);
  const definition = new Definition(walk);
  const unresolved = new Set(findings.unresolved);
  definition.read(type, fields);
  // IF EXISTS: what is not there is left alone.
  if (fields['missing_ok'] === true) {
    for (const name of findings.unresolved) if (!unresolved.has(name)) findings.unresolved.delete(name);
  }
  if (computes.has(type)) definition.computes(fields);
  noteLater(type, fields, around, findings);
  if (type === 'GrantStmt' && fields['objtype'] === 'OBJECT_SCHEMA' && fields['is_grant'] !== true)
    findings.effects.push({ type: 'define', names: undefined });
  if (notInCatalog.test(type)) return;
  // An operator, a cast, a domain, the name of a schema … can be behind any other text.
  const isTold = !draft.isOpaque && definition.names.size > 0;
  const makes = type === 'CreateStmt' && isTold ? simpleTable(fields, around) : undefined;
  const names = isTold ? definition.namesOf(makes) : undefined;
  const withAllBehind = behindAll(around);
  const behind = changedBehind(type, fields, withAllBehind).filter((name) => !draft.writes.has(name));
  findings.effects.push({
    type: 'define',
    names,
    ...(makes === undefined ? {} : { makes: { ...makes, listed: definition.created } }),
    ...(behind.length === 0 ? {} : { behind }),
    ...(isPlain(type, fields, around) ? { plain: columnsNamed(fields, withAllBehind) } : {}),
    ...(definition.hasFunctions ? { functions: true } : {}),
    ...(isTold && dropsRelations(type, fields)
      ? { drops: !definition.takesAlong && dropsSurely(fields, around) ? 'surely' : 'perhaps' }
      : {}),
  });
}

/** All that it would change if no schema hid what stands behind it. */
function changedBehind(type: string, fields: Node, around: Surroundings): readonly string[] {
  const findings = new Findings();
  const draft = findings.draft('ddl');
  new Definition(new Walk(around, draft, findings)).read(type, fields);
  return Array.from(draft.writes).sort();
}

function dropsRelations(type: string, { removeType }: Node): boolean {
  return type === 'DropStmt' && /^OBJECT_(TABLE|VIEW|MATVIEW|FOREIGN_TABLE)$/.test(text(removeType));
}

/** It names one relation, and its name can mean no other. */
function dropsSurely({ objects }: Node, around: Surroundings): boolean {
  const [object, ...others] = list(objects);
  const name = qualifiedName(words(object));
  const [found, ...more] = named(around, name).relations;
  if (found === undefined || more.length + others.length > 0) return false;
  return name.schema !== '' || (around.path !== undefined && around.catalog?.isOpen(found.schema) === true);
}

/** Event triggers run with every definition; which of them, and when, is not told apart. */
export function runEventTriggers(walk: Walk): void {
  for (const oid of walk.around.catalog?.eventTriggers ?? []) walk.trigger(oid);
}
