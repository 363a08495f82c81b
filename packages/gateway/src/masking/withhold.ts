import type { Analysis } from '../sql/analysis.ts';
import type { ActiveDetector } from './active-masks.ts';
import { replaceFound } from './detectors/replace-found.ts';
import type { Hmac } from './hash-value.ts';
import type { ResolvedMasks } from './resolved-masks.ts';
import { isWellKnown, keepsText, meaningOf } from './sqlstate.ts';
import { conditionsReadMasked, mayRead } from './touches-masked.ts';

const utf8 = new TextEncoder();
const ascii = new TextDecoder('latin1');

/**
 * Whether errors and notices of a statement may hold masked values: it can get at a masked column, it writes to a table
 * that has one (`Failing row contains …` shows the whole row), conditions of row security look at one, or it makes checks run
 * that were put off until now (COMMIT). With the `body` of an ErrorResponse or NoticeResponse also where that comes from code
 * that the analysis knows nothing of, such as an event trigger.
 */
export function withholds(masks: ResolvedMasks, analysis: Analysis | undefined, body?: Uint8Array): boolean {
  if (masks.active.columns.size === 0) return false;
  if (analysis === undefined || mayRead(masks, analysis)) return true;
  if (body !== undefined && analysis.commands.length === 1 && comesFromCode(body)) return true;
  return (
    analysis.commands.some((command) => {
      const { isTransactionControl, writes } = command;
      if (isTransactionControl || conditionsReadMasked(masks, command)) return true;
      return writes.some((name) => masks.relations.has(name));
    }) || setsConstraints(analysis)
  );
}

/** Raised, or run into, within a function: RAISE by its routine in Postgres's source, all else by its context. */
function comesFromCode(body: Uint8Array): boolean {
  return fieldsOf(body).some(({ code, text }) => {
    if (code === routineField) return ascii.decode(text) === 'exec_stmt_raise';
    return code === internalQueryField || (code === contextField && codeContext.test(ascii.decode(text)));
  });
}

const routineField = 0x52;
const internalQueryField = 0x71;
const contextField = 0x57;
/** Contexts of procedural languages and SQL functions; others are of COPY, of parameters, of locks. */
const codeContext = /(?:^|\n)(?:PL\/|SQL (?:function|statement|expression))|PL\/\w+ function/;

/** SET CONSTRAINTS is the one SET that sets nothing. */
function setsConstraints({ commands, effects }: Analysis): boolean {
  return commands[0].kind === 'set' && !effects.some(({ type }) => type === 'set' || type === 'reset all');
}

/** Fields of an ErrorResponse that name things and do not quote values (manual, "Error and Notice Message Fields"). */
const harmlessFields = new Set(Array.from('SVCPstcdnFLR', (code) => code.charCodeAt(0)));
const messageField = 0x4d;
const sqlstateField = 0x43;

/** Of those, what code that raises an error can fill in itself (RAISE … USING): names that need not be names of anything. */
const raisedFields = new Set(Array.from('stcdn', (code) => code.charCodeAt(0)));

/** Of PL/pgSQL's RAISE and PL/Python's plpy.error: what raises with fields of somebody's own. */
const raises = /^(?:exec_stmt_raise|PLy_)/;

/**
 * The body of an ErrorResponse or NoticeResponse without texts in which a value may stand: detail, hint, context and the
 * query of a function go, the message becomes a general one. What happened (SQLSTATE), where, and to which table, column
 * or constraint stays; so do messages that never quote a value, such as syntax errors. Of what code has raised neither
 * names nor a SQLSTATE of its own making stay.
 */
export function withheldError(body: Uint8Array): Uint8Array {
  const fields = fieldsOf(body);
  const told = fieldText(fields, sqlstateField);
  const isRaised = raises.test(fieldText(fields, routineField));
  const sqlstate = isRaised && !isWellKnown(told) ? 'P0001' : told;
  const has = (letters: string): boolean => fields.some(({ code }) => letters.includes(String.fromCharCode(code)));
  // Context (W) and internal query (q) are of functions, triggers, and what they run.
  const keeps = keepsText({ sqlstate, hasPosition: has('P'), isInner: isRaised || has('Wpq') });
  return bodyOf(
    fields.flatMap((field) => {
      if (isRaised && raisedFields.has(field.code)) return [];
      if (field.code === sqlstateField) return [{ code: sqlstateField, text: utf8.encode(sqlstate) }];
      if (harmlessFields.has(field.code)) return [field];
      if (field.code === messageField)
        return [keeps ? field : { code: messageField, text: utf8.encode(general(sqlstate)) }];
      return [];
    }),
  );
}

/** '' when there is none. */
function fieldText(fields: readonly Field[], wanted: number): string {
  const field = fields.find(({ code }) => code === wanted);
  return field === undefined ? '' : ascii.decode(field.text);
}

function general(sqlstate: string): string {
  return `${meaningOf(sqlstate)} (${sqlstate}); the text is withheld because the statement touches masked columns`;
}

/** Fields whose texts detectors look at. */
const texts = new Set(Array.from('MDHWq', (code) => code.charCodeAt(0)));

/** The body of an ErrorResponse or NoticeResponse with what detectors find in its texts replaced; the same when they find nothing. */
export function detectInError(
  body: Uint8Array,
  { detectors, hmac }: { readonly detectors: readonly ActiveDetector[]; readonly hmac: Hmac },
): Uint8Array {
  let found = false;
  const tell = (): void => {
    found = true;
  };
  const fields = fieldsOf(body).map(({ code, text }) => {
    if (!texts.has(code)) return { code, text };
    const replaced = replaceFound(text, 0, text.length, { detectors, hmac, tell });
    return { code, text: replaced === undefined ? text : (replaced ?? utf8.encode('[masked]')) };
  });
  return found ? bodyOf(fields) : body;
}

interface Field {
  readonly code: number;
  readonly text: Uint8Array;
}

/** What is not a list of fields ends it. */
function fieldsOf(body: Uint8Array): readonly Field[] {
  const fields: Field[] = [];
  for (let at = 0; at < body.length && body[at] !== 0; ) {
    const end = body.indexOf(0, at + 1);
    if (end === -1) break;
    fields.push({ code: body[at] as number, text: body.subarray(at + 1, end) });
    at = end + 1;
  }
  return fields;
}

function bodyOf(fields: readonly Field[]): Uint8Array {
  const length = fields.reduce((sum, { text }) => sum + text.length + 2, 1);
  const body = new Uint8Array(length);
  let at = 0;
  for (const { code, text } of fields) {
    body[at] = code;
    body.set(text, at + 1);
    at += text.length + 2;
  }
  return body;
}
