import type { Reader } from '../reader.ts';
import { frontendTag } from '../tag.ts';
import type { Writer } from '../writer.ts';
import { decodeStatementOrPortal, encodeStatementOrPortal, type StatementOrPortal } from './statement-or-portal.ts';

/** Asks for the parameter types of a prepared statement, or the columns of a portal. */
export interface Describe {
  readonly type: 'describe';
  readonly target: StatementOrPortal;
  /** Empty for the unnamed one. */
  readonly name: Uint8Array;
}

/** Source: PostgresMain (backend/tcop/postgres.c), which looks at the rest before it looks at the target. */
export function decodeDescribe(body: Reader): Describe {
  const target = body.uint8();
  const name = body.cstringBytes();
  body.end();
  return { type: 'describe', target: decodeStatementOrPortal(target, 'DESCRIBE'), name };
}

export function encodeDescribe(message: Describe, writer: Writer): void {
  writer.begin(frontendTag.describe).uint8(encodeStatementOrPortal(message.target)).cstring(message.name).end();
}
