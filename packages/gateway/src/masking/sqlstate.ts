/**
 * Conditions of a text that was not understood: when they come with a position in the client's own text, their messages
 * quote what stands there and nothing else (errcodes.txt). Without one they can be about a value: `email::regclass`,
 * `nextval(email)`, `query_to_xml(email, …)`.
 */
const ofText: ReadonlySet<string> = new Set([
  '42601', // syntax error
  '42P01', // undefined table
  '42703', // undefined column
  '42883', // undefined function
  '42704', // undefined object
  '42P02', // undefined parameter
  '3D000', // invalid catalog name
  '3F000', // invalid schema name
  '42702', // ambiguous column
  '42725', // ambiguous function
  '42P08', // ambiguous parameter
  '42P09', // ambiguous alias
  '42701', // duplicate column
  '42712', // duplicate alias
  '42803', // grouping error
  '42P20', // windowing error
  '42804', // datatype mismatch
  '42846', // cannot coerce
  '42809', // wrong object type
  '42P10', // invalid column reference
  '42P18', // indeterminate datatype
  '0A000', // feature not supported
]);

/** Conditions whose messages say what state the server is in, or name a relation, and never quote a value. */
const ofState: ReadonlySet<string> = new Set([
  '42501', // insufficient privilege
  '26000', // invalid SQL statement name
  '55P03', // lock not available
  '08006', // connection failure
  '08P01', // protocol violation
  '54001', // statement too complex: the depth of the stack
]);

/**
 * Transaction states and rollbacks, resources, the operator's doing. Not limits (54): some of them quote what is too long
 * (`operand is too long in tsquery: "…"`).
 */
const classesOfState: ReadonlySet<string> = new Set(['25', '40', '53', '57']);

export interface ErrorOrigin {
  readonly sqlstate: string;
  /** It has a position in the text that the client sent. */
  readonly hasPosition: boolean;
  /** It comes from within a function or another query: code can raise whatever SQLSTATE and text it likes. */
  readonly isInner: boolean;
}

/** Whether the message of an error can be shown as it is. */
export function keepsText({ sqlstate, hasPosition, isInner }: ErrorOrigin): boolean {
  if (isInner) return false;
  if (ofState.has(sqlstate) || classesOfState.has(sqlstate.slice(0, 2))) return true;
  return hasPosition && ofText.has(sqlstate);
}

/** By SQLSTATE, else by its class. */
const meanings: { readonly [code: string]: string | undefined } = {
  '22012': 'division by zero',
  '22003': 'a number is out of range',
  '22001': 'a value is too long for its type',
  '22007': 'a date or time is not written right',
  '22008': 'a date or time is out of range',
  '22P02': 'a value cannot be read as its type',
  '22': 'a value was refused',
  '23502': 'a column that must have a value would be null',
  '23503': 'a row refers to one that does not exist, or is referred to',
  '23505': 'a value exists already where it must be unique',
  '23514': 'a row would not satisfy a check',
  '23P01': 'a row would conflict with another',
  '23': 'a constraint would be violated',
  '21000': 'a subquery returned more than one row',
  '40001': 'the transaction could not be serialized',
  '40P01': 'deadlock detected',
  '42P01': 'a relation does not exist',
  '42883': 'a function does not exist',
  '42704': 'an object does not exist',
  '42601': 'a syntax error',
  '54': 'a limit of the server is exceeded',
  '57014': 'the statement was canceled',
  '00000': 'a notice',
  '01': 'a warning',
  '02': 'no data',
  P0: 'a function raised an error',
};

/** Five characters of somebody's choice are five characters of a value; a condition that stands here is one of few. */
export function isWellKnown(sqlstate: string): boolean {
  return meanings[sqlstate] !== undefined || /^P000[0-4]$/.test(sqlstate);
}

/** What happened, in words that no value is in. */
export function meaningOf(sqlstate: string): string {
  return meanings[sqlstate] ?? meanings[sqlstate.slice(0, 2)] ?? 'the statement failed';
}
