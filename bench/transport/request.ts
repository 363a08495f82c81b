/** What a session asks of the target: to send back what it gets, or to send so many bytes as fast as they are taken. */
export type Request = { readonly type: 'echo' } | { readonly type: 'bulk'; readonly bytes: number };

/** Every request has this length. */
export const requestBytes = 9;

const types = { echo: 0, bulk: 1 } as const;

export function encodeRequest(request: Request): Uint8Array {
  const view = new DataView(new ArrayBuffer(requestBytes));
  view.setUint8(0, types[request.type]);
  view.setBigUint64(1, BigInt(request.type === 'bulk' ? request.bytes : 0));
  return new Uint8Array(view.buffer);
}

export function decodeRequest(bytes: Uint8Array): Request {
  const view = new DataView(bytes.buffer, bytes.byteOffset, requestBytes);
  return view.getUint8(0) === types.echo ? { type: 'echo' } : { type: 'bulk', bytes: Number(view.getBigUint64(1)) };
}
