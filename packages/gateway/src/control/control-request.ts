/**
 * What a command may ask of the running gateway, over `control.sock` in the data directory: one JSON object and a line
 * end each way, one question a connection. Only the owner of the data directory can connect.
 */
export type ControlRequest =
  /** Which connectors are connected. */
  | { readonly type: 'connectors' }
  /** Open a session of the gateway's own on a connection, in the role of an identity, and say what was found. */
  | { readonly type: 'test connection'; readonly connection: string; readonly identity?: string }
  /** What the doctor looks at, read by the role that watches the connection. */
  | { readonly type: 'doctor'; readonly connection: string };

export type ControlAnswer =
  | { readonly type: 'answer'; readonly value: unknown }
  | { readonly type: 'error'; readonly message: string; readonly hint?: string };

/** A question is a line of at most this many bytes. */
export const maxRequestBytes: number = 64 * 1024;

/** The socket's name in the data directory. */
export const controlSocketName = 'control.sock';
