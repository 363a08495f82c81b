/**
 * Protocol versions and the request codes that stand in their place: major version in the upper 16 bits, minor in the
 * lower ones. Source: PG_PROTOCOL, CANCEL_REQUEST_CODE, NEGOTIATE_SSL_CODE and NEGOTIATE_GSS_CODE
 * (include/libpq/pqcomm.h, include/libpq/protocol.h).
 */
export const protocolVersion = { v3_0: 196_608, v3_2: 196_610 } as const;

export const requestCode = { cancel: 80_877_102, ssl: 80_877_103, gssEncryption: 80_877_104 } as const;

export function majorVersion(version: number): number {
  return version >>> 16;
}

export function minorVersion(version: number): number {
  return version & 0xffff;
}
