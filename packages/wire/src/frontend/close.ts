import type { Reader } from '../reader.ts';
import { frontendTag } from '../tag.ts';
import type { Writer } from '../writer.ts';
import { decodeStatementOrPortal, encodeStatementOrPortal, type StatementOrPortal } from './statement-or-portal.ts';

/** Forgets a prepared statement or a portal; one that does not exist is no error. */
export interface Close {
  readonly type: 'close';
  readonly target: StatementOrPortal;
  /** Empty for the unnamed one. */
  readonly name: Uint8Array;
}

/** Source: PostgresMain (backend/tcop/postgres.c), which looks at the rest before it looks at the target. */
export function decodeClose(body: Reader): Close {
  const target = body.uint8();
  const name = body.cstringBytes();
  body.end();
  return { type: 'close', target: decodeStatementOrPortal(target, 'CLOSE'), name };
}

export function encodeClose(message: Close, writer: Writer): void {
  writer.begin(frontendTag.close).uint8(encodeStatementOrPortal(message.target)).cstring(message.name).end();
}
