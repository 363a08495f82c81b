/** As libpq's sslmode. */
export type TlsMode = 'disable' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';

/** A Postgres server and how far it is trusted. */
export interface Target {
  /** A name, an address, or the absolute path of the directory of its Unix socket. */
  readonly host: string;
  readonly port: number;
  /**
   * `prefer` goes on without TLS when the server declines it; a session that was refused over TLS is not tried again
   * without. Unix sockets have no TLS, whatever this says (libpq ignores sslmode there, too).
   */
  readonly tls: TlsMode;
  /**
   * Authorities to trust, PEM, instead of the ones that Node carries. As in libpq, `require` checks the chain as
   * `verify-ca` does when they are given.
   */
  readonly ca?: string | undefined;
  /** Of the client, for servers that ask for one; PEM. */
  readonly certificate?: { readonly certificate: string; readonly key: string } | undefined;
  /** The password may cross a network without TLS when the server asks for it in the clear. */
  readonly allowCleartext?: boolean | undefined;
}

export function isUnixSocket(target: Target): boolean {
  return target.host.startsWith('/');
}

/** For people. */
export function addressOf(target: Target): string {
  if (isUnixSocket(target)) return socketPath(target);
  return target.host.includes(':') ? `[${target.host}]:${target.port}` : `${target.host}:${target.port}`;
}

/** UNIXSOCK_PATH (include/libpq/pqcomm.h). */
export function socketPath(target: Target): string {
  return `${target.host}/.s.PGSQL.${target.port}`;
}
