import type { Reader } from '../reader.ts';
import { backendTag } from '../tag.ts';
import type { Writer } from '../writer.ts';

/** The row limit of Execute was reached; the portal can be executed again. */
export interface PortalSuspended {
  readonly type: 'portalSuspended';
}

export function decodePortalSuspended(body: Reader): PortalSuspended {
  body.end();
  return { type: 'portalSuspended' };
}

export function encodePortalSuspended(_message: PortalSuspended, writer: Writer): void {
  writer.begin(backendTag.portalSuspended).end();
}
