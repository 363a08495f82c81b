import type { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import { ProtocolError } from '@onrecord/wire';

/** What the gateway shows to clients that ask for TLS. */
export interface ServerTls {
  readonly context: SecureContext;
  /** Hash of the certificate, for tls-server-end-point channel binding (RFC 5929). */
  readonly endPoint: Uint8Array | undefined;
  readonly required: boolean;
  /** Which certificates of clients were taken back; undefined when clients are not asked for one. */
  readonly isRevoked: ((certificate: X509Certificate) => boolean) | undefined;
}

/** The certificate that a client showed, by a key that it has. */
export type ClientCertificate =
  | { readonly type: 'trusted'; readonly certificate: X509Certificate }
  /** `reason` is OpenSSL's. */
  | { readonly type: 'untrusted'; readonly reason: string };

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
    // A client without one is asked for something else, and so is one with a certificate that is not for us.
    requestCert: tls.isRevoked !== undefined,
    rejectUnauthorized: false,
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

/**
 * What a client showed in its handshake; undefined when nothing. Node tells OpenSSL's verdict on it (authority, dates,
 * purpose, revocation) to its own TLS server only, so it is asked for where that one gets it.
 */
export function clientCertificate(socket: TLSSocket): ClientCertificate | undefined {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return undefined;
  const { _handle: handle } = socket as unknown as { readonly _handle?: { verifyError?(): Error | null } | null };
  if (handle?.verifyError === undefined) return { type: 'untrusted', reason: 'unknown' };
  const error = handle.verifyError() as NodeJS.ErrnoException | null;
  return error === null ? { type: 'trusted', certificate } : { type: 'untrusted', reason: error.code ?? error.message };
}
