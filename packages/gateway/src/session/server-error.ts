import { latin1 } from './latin1.ts';

/** What the session needs to know of an ErrorResponse. */
export interface ServerError {
  /** Not localized (field `V`); `S` from servers before 9.6. */
  readonly severity: string;
  readonly sqlstate: string;
}

const code = { severity: 0x53, severityNonLocalized: 0x56, sqlstate: 0x43 };

/** Reads severity and SQLSTATE from the body of an ErrorResponse; empty strings where they are missing. */
export function readServerError(body: Uint8Array): ServerError {
  let severity = '';
  let sqlstate = '';
  for (let at = 0; at < body.length && body[at] !== 0; ) {
    const field = body[at];
    let end = body.indexOf(0, at + 1);
    if (end === -1) end = body.length;
    if (field === code.severityNonLocalized || (field === code.severity && severity === '')) {
      severity = latin1(body.subarray(at + 1, end));
    } else if (field === code.sqlstate) {
      sqlstate = latin1(body.subarray(at + 1, end));
    }
    at = end + 1;
  }
  return { severity, sqlstate };
}
