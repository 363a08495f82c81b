/**
 * Conditions whose messages name things that the client has named itself, or say what state the server is in, and never
 * quote a value (errcodes.txt). Messages of all others may: 22P02 quotes what could not be read, P0001 what a function says.
 */
const named: ReadonlySet<string> = new Set([
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
  '42P07', // duplicate table
  '42710', // duplicate object
  '42712', // duplicate alias
  '42803', // grouping error
  '42P20', // windowing error
  '42804', // datatype mismatch
  '42846', // cannot coerce
  '42501', // insufficient privilege
  '42809', // wrong object type
  '42P10', // invalid column reference
  '42P18', // indeterminate datatype
  '26000', // invalid SQL statement name
  '34000', // invalid cursor name
  '42P05', // duplicate prepared statement
  '42P03', // duplicate cursor
  '0A000', // feature not supported
  '55P03', // lock not available
  '57014', // query canceled
]);

/** Connections, transaction states and rollbacks, resources, the operator's doing, protocol. */
const classes: ReadonlySet<string> = new Set(['08', '25', '40', '53', '54', '57']);

/** Whether the message of an error of that SQLSTATE can be shown as it is. */
export function keepsText(sqlstate: string): boolean {
  return named.has(sqlstate) || classes.has(sqlstate.slice(0, 2));
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
  '00000': 'a notice',
  '01': 'a warning',
  '02': 'no data',
  P0: 'a function raised an error',
};

/** What happened, in words that no value is in. */
export function meaningOf(sqlstate: string): string {
  return meanings[sqlstate] ?? meanings[sqlstate.slice(0, 2)] ?? 'the statement failed';
}
