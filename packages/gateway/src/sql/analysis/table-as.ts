import { Definition } from './definition.ts';
import { type Place, readSelect } from './dml.ts';
import type { Findings } from './draft.ts';
import { noteLater } from './later.ts';
import { runEventTriggers } from './read-definition.ts';
import { simpleTableOf } from './simple-table.ts';
import { readStatement } from './statement.ts';
import type { Surroundings } from './surroundings.ts';
import { fieldsOf, isNode, type Node } from './tree.ts';
import { Walk } from './walk.ts';

/** CREATE TABLE AS, SELECT INTO, CREATE MATERIALIZED VIEW: a table is made, and a query is run. */
export function readTableAs(fields: Node, around: Surroundings, findings: Findings, place: Place): void {
  const draft = findings.draft('ddl', place.via);
  draft.isDdl = true;
  draft.isWrite = true;
  const walk = new Walk(around, draft, findings);
  runEventTriggers(walk);
  const definition = new Definition(walk);
  const into = isNode(fields['into']) ? fields['into'] : {};
  if (isNode(into['rel'])) definition.create(into['rel']);
  const at = findings.effects.length;
  findings.effects.push({ type: 'define', names: definition.namesOf(undefined) });
  if (fields['objtype'] === 'OBJECT_MATVIEW') noteLater('CreateTableAsStmt', fields, around, findings);
  const query = fieldsOf(fields['query'], 'SelectStmt');
  if (query !== undefined) readSelect(query, around, findings, { into: draft, level: place.level });
  else if (isNode(fields['query'])) readStatement(fields['query'], around, findings, { via: 'CREATE TABLE AS' });
  const makes = simpleTableOf(fields, draft, around);
  if (makes !== undefined) {
    const listed = { ...makes, listed: definition.created };
    findings.effects[at] = { type: 'define', names: definition.namesOf(makes), makes: listed };
  }
}
