import { type GatewayError, Refusal } from '../../errors.ts';
import { errorResponse } from '../error-response.ts';
import type { Judged } from '../guard.ts';
import type { OpenStatement } from '../open-statement.ts';

/** Gives statements the error that the client gets for them; something that fails has to be forwarded in their place. */
export function refuse(statements: readonly OpenStatement[], judged: Judged): void {
  const error = errorResponse(denial(judged));
  for (const statement of statements) statement.refusal = error;
}

/** What the client is told of a statement that was denied. */
export function denial({ verdict }: Judged): GatewayError {
  return verdict.error ?? new Refusal('42501', 'the statement was refused');
}
