import { ProtocolError } from '../protocol-error.ts';

const scramSha256 = 'SCRAM-SHA-256';
export const scramSha256Plus = 'SCRAM-SHA-256-PLUS';

export type ScramMechanism = typeof scramSha256 | typeof scramSha256Plus;

/** The one type of channel binding that Postgres knows (RFC 5929 section 4): the hash of the server's certificate. */
export const endPointBinding = 'tls-server-end-point';

/**
 * What a server offers, the best first: with channel binding only where the connection is TLS and its certificate has
 * a hash. Source: scram_get_mechanisms (backend/libpq/auth-scram.c).
 */
export function offeredMechanisms(endPoint: Uint8Array | undefined): readonly ScramMechanism[] {
  return endPoint === undefined ? [scramSha256] : [scramSha256Plus, scramSha256];
}

/**
 * Whether and how a client binds the exchange to its TLS connection; the letter is its gs2-cbind-flag.
 * `n`: it cannot. `y`: it could, but the server did not offer to; a server that did knows then that somebody between
 * them took the offer away. `p`: it does, with this hash of the server's certificate.
 */
export type ChannelBinding = { readonly flag: 'n' | 'y' } | { readonly flag: 'p'; readonly endPoint: Uint8Array };

/** What a client knows of its connection. */
export interface ClientConnection {
  readonly encrypted: boolean;
  /** Undefined without TLS, and where the certificate has no hash to bind to. */
  readonly endPoint: Uint8Array | undefined;
}

/** Chooses as libpq does with channel_binding=prefer (pg_SASL_init, interfaces/libpq/fe-auth.c). */
export function chooseMechanism(
  offered: readonly string[],
  connection: ClientConnection,
): { readonly mechanism: ScramMechanism; readonly binding: ChannelBinding } {
  const plus = offered.includes(scramSha256Plus);
  if (plus && !connection.encrypted) {
    throw new ProtocolError('the server offered SCRAM-SHA-256-PLUS authentication over a connection without TLS');
  }
  const { endPoint } = connection;
  if (plus && endPoint !== undefined) return { mechanism: scramSha256Plus, binding: { flag: 'p', endPoint } };
  if (offered.includes(scramSha256)) {
    return { mechanism: scramSha256, binding: { flag: endPoint === undefined ? 'n' : 'y' } };
  }
  throw new ProtocolError("none of the server's SASL authentication mechanisms are supported", '0A000');
}
