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
  | { readonly type: 'doctor'; readonly connection: string }
  /** The catalog of a connection's database, or of another one of its server. */
  | { readonly type: 'catalog'; readonly connection: string; readonly database?: string }
  | ApprovalRequest;

/** What `onrecord approvals` asks. */
export type ApprovalRequest =
  /** Those that wait; with `all`, those that are remembered as well. */
  | { readonly type: 'approvals list'; readonly all?: boolean }
  | { readonly type: 'approvals show'; readonly approval: string }
  /** `as` decides, who proves it with `token`. */
  | {
      readonly type: 'approvals vote';
      readonly approval: string;
      readonly vote: 'approve' | 'deny';
      readonly reason: string;
      readonly as: string;
      readonly token: string;
    }
  /** `by` is the operating-system user who ran the command. */
  | { readonly type: 'approvals revoke'; readonly approval: string; readonly by: string }
  /** What happened since a look before; waits until something does. Without one: what waits now. */
  | { readonly type: 'approvals watch'; readonly after?: { readonly run: string; readonly next: number } };

export type ControlAnswer =
  | { readonly type: 'answer'; readonly value: unknown }
  | { readonly type: 'error'; readonly message: string; readonly hint?: string };

/** A question is a line of at most this many bytes. */
export const maxRequestBytes: number = 64 * 1024;

/** The socket's name in the data directory. */
export const controlSocketName = 'control.sock';
