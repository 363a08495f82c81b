import type { CopyForm } from '../analysis.ts';
import { columnWords, defaults, type Place, readSelect, writeColumns } from './dml.ts';
import type { Findings } from './draft.ts';
import { tableEntry } from './from.ts';
import { levelWithin } from './level.ts';
import { readStatement } from './statement.ts';
import { named, type Surroundings } from './surroundings.ts';
import { rangeName } from './touch.ts';
import { constantText, fieldsOf, isNode, list, type Node, text } from './tree.ts';
import { Walk } from './walk.ts';

/** COPY of a table or of a query, with the client, a file, or a program. */
export function readCopy(fields: Node, around: Surroundings, findings: Findings, place: Place): void {
  const draft = findings.draft('copy', place.via);
  const form = copyForm(fields);
  findings.copy = form;
  draft.isOutside = !form.withClient;
  if (fields['is_program'] === true) draft.isUnreadable();
  // A file of the server is written.
  if (form.direction === 'out' && !form.withClient) draft.isWrite = true;
  const query = fieldsOf(fields['query'], 'SelectStmt');
  if (query !== undefined) readSelect(query, around, findings, { into: draft });
  else if (isNode(fields['query'])) readStatement(fields['query'], around, findings, { via: 'COPY' });
  else readTable(fields, new Walk(around, draft, findings), form.direction);
}

function readTable(fields: Node, walk: Walk, direction: CopyForm['direction']): void {
  const { around, draft } = walk;
  const range = isNode(fields['relation']) ? fields['relation'] : {};
  const columns = columnWords(fields['attlist']);
  if (direction === 'in') {
    draft.isWrite = true;
    walk.writeRange(range, 'CMD_INSERT');
    writeColumns(walk, range, columns);
    defaults(walk, range, columns);
    const entry = { ...tableEntry(range, around), isTarget: false };
    walk.read({ whereClause: fields['whereClause'] }, levelWithin(undefined, [entry]));
    return;
  }
  walk.readRange(range);
  for (const relation of named(around, rangeName(range)).relations) {
    for (const name of columns ?? relation.columns.map((column) => column.name)) {
      for (const full of around.knowledge?.columnNames(relation, name) ?? []) draft.readsColumns.add(full);
    }
  }
}

/** How the data of a COPY reads: ProcessCopyOptions of copy.c. */
function copyForm(fields: Node): CopyForm {
  const options = new Map<string, unknown>();
  for (const option of list(fields['options'])) {
    const { defname, arg } = fieldsOf(option, 'DefElem') ?? {};
    options.set(text(defname), arg);
  }
  const given = (name: string, otherwise: string): string => optionText(options.get(name)) ?? otherwise;
  const format = given('format', 'text').toLowerCase();
  const isCsv = format === 'csv';
  const quote = given('quote', '"');
  return {
    direction: fields['is_from'] === true ? 'in' : 'out',
    withClient: fields['filename'] === undefined && fields['is_program'] !== true,
    format: isCsv ? 'csv' : format === 'binary' ? 'binary' : 'text',
    delimiter: given('delimiter', isCsv ? ',' : '\t'),
    nullText: given('null', isCsv ? '' : '\\N'),
    header: options.has('header') && !/^(false|off|0)$/i.test(given('header', 'true')),
    quote,
    escape: given('escape', quote),
  };
}

/** An option is given as a String, a number, or nothing at all. */
function optionText(arg: unknown): string | undefined {
  const string = fieldsOf(arg, 'String');
  if (string !== undefined) return text(string['sval']);
  const integer = fieldsOf(arg, 'Integer');
  if (integer !== undefined) return String(integer['ival'] ?? 0);
  const flag = fieldsOf(arg, 'Boolean');
  if (flag !== undefined) return flag['boolval'] === true ? 'true' : 'false';
  return constantText(arg) ?? undefined;
}
