import type { Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import { ProtocolError } from '@onrecord/wire';

/** What the gateway shows to clients that ask for TLS. */
export interface ServerTls {
  readonly context: SecureContext;
  /** Hash of the certificate, for tls-server-end-point channel binding (RFC 5929). */
  readonly endPoint: Uint8Array | undefined;
  readonly required: boolean;
}

/** What libpq asks for with `sslnegotiation=direct` (PG_ALPN_PROTOCOL, include/libpq/libpq-be.h). */
const alpn = 'postgresql';

/**
 * Makes a plain connection a TLS one, as the server. `first` is what has been read of the handshake. Rejects when the
 * handshake fails, and when a client that did not ask first does not name the protocol: its ClientHello may have been
 * meant for another kind of server (ALPACA).
 */
export function startTls(
  socket: Socket,
  tls: ServerTls,
  { first, direct }: { readonly first: Uint8Array; readonly direct: boolean },
): Promise<TLSSocket> {
  if (first.length > 0) socket.unshift(first);
  const secured = new TLSSocket(socket, {
    isServer: true,
    secureContext: tls.context,
    ALPNCallback: ({ protocols }) => (protocols.includes(alpn) ? alpn : undefined),
  });
  secured.setNoDelay(true);
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      reject(new ProtocolError(`could not accept TLS connection: ${error.message}`));
    };
    secured.once('error', fail);
    secured.once('close', () => fail(new Error('the client closed it')));
    secured.once('secure', () => {
      secured.off('error', fail);
      secured.removeAllListeners('close');
      if (direct && secured.alpnProtocol !== alpn) {
        secured.destroy();
        reject(new ProtocolError('received direct TLS connection request without ALPN protocol negotiation extension'));
        return;
      }
      resolve(secured);
    });
  });
}
