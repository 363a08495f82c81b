import { Refusal } from '../../errors.ts';
import { errorBody, errorResponse } from '../error-response.ts';
import type { OpenStatement } from '../open-statement.ts';
import type { FromServer } from './from-server.ts';

/** The ErrorResponse of a statement that returns more rows than it may. */
export function tooManyRows(limit = 0): Uint8Array {
  return errorResponse(
    new Refusal('54000', `the statement returns more than ${limit} rows, which is the limit for this session`, {
      hint: 'Ask for fewer rows, with LIMIT or a narrower condition.',
    }),
  );
}

/** A result was longer than it may be, and the server had sent all of it before it could be told to stop. */
export function endOverLimit({ state, client, outcomes }: FromServer, open: OpenStatement): void {
  const error = open.givesUp ?? tooManyRows(state.options.guard?.rowLimit);
  client.insert(error);
  state.muted = true;
  outcomes.end(open, { outcome: 'cancelled', error: errorBody(error) });
}
