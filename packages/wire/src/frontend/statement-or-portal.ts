import { ProtocolError } from '../protocol-error.ts';

/** What Describe and Close are about; their first byte, `S` or `P`. */
export type StatementOrPortal = 'statement' | 'portal';

export function decodeStatementOrPortal(byte: number, message: 'DESCRIBE' | 'CLOSE'): StatementOrPortal {
  if (byte === 0x53) return 'statement';
  if (byte === 0x50) return 'portal';
  throw new ProtocolError(`invalid ${message} message subtype ${byte}`);
}

export function encodeStatementOrPortal(target: StatementOrPortal): number {
  return target === 'statement' ? 0x53 : 0x50;
}
