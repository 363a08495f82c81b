import { connect, type TLSSocket } from 'node:tls';
import type { HostPort } from '../config/address.ts';
import { emitReads } from '../emit-reads.ts';
import { LinkError } from './link-error.ts';
import { gatewayServerName, linkProtocol } from './messages.ts';

/** Whom to believe to be the gateway, and who we are. */
export interface GatewayTrust {
  /** PEM. */
  readonly authority: string;
  /** Undefined before the enrolment. */
  readonly own: { readonly key: string; readonly certificate: string } | undefined;
}

export interface DialGatewayOptions {
  readonly trust: GatewayTrust;
  readonly signal: AbortSignal;
}

/** From the name to the end of the handshake. */
const dialMs = 10_000;
/** How long a gateway may take to end a connection that we have ended. */
const farewellMs = 1_000;
/** When the first keep-alive probe of an idle connection is sent: devices on the way forget connections after minutes. */
const keepAliveMs = 30_000;

/**
 * A connection to a gateway that has proved to be the one that is trusted: to be read by `data` events alone. Listens for
 * `error`, and to nothing else. Rejects with a LinkError.
 */
export async function dialGateway(address: HostPort, { trust, signal }: DialGatewayOptions): Promise<TLSSocket> {
  const { authority, own } = trust;
  return await handshake(address, signal, {
    ca: authority,
    ...(own === undefined ? {} : { key: own.key, cert: own.certificate }),
  });
}

/**
 * The certificate (DER) of the authority that a gateway shows, whoever it is: nothing is said to it, and nothing that it
 * shows is believed. Rejects with a LinkError.
 */
export async function shownAuthority(address: HostPort, signal: AbortSignal): Promise<Uint8Array> {
  const socket = await handshake(address, signal, { rejectUnauthorized: false });
  let certificate = socket.getPeerCertificate(true);
  await leave(socket);
  // The last one of a chain is its own issuer.
  while (certificate.issuerCertificate !== undefined && certificate.issuerCertificate !== certificate) {
    certificate = certificate.issuerCertificate;
  }
  return certificate.raw;
}

/** Ends a connection in order, so that the other side does not wait for what it would be for. */
async function leave(socket: TLSSocket): Promise<void> {
  const timer = setTimeout(() => socket.destroy(), farewellMs);
  await new Promise<void>((resolve) => {
    socket.once('close', () => resolve()).once('end', () => socket.destroy());
    socket.resume().end();
  });
  clearTimeout(timer);
}

interface Verification {
  readonly ca?: string;
  readonly key?: string;
  readonly cert?: string;
  readonly rejectUnauthorized?: boolean;
}

const fixed = {
  servername: gatewayServerName,
  minVersion: 'TLSv1.3',
  allowHalfOpen: true,
} as const;

function handshake(address: HostPort, signal: AbortSignal, options: Verification): Promise<TLSSocket> {
  const { host, port } = address;
  return new Promise((resolve, reject) => {
    const fail = (error: LinkError): void => {
      stop();
      socket.destroy();
      reject(error);
    };
    // Its type does not know that TLS sockets take it, too.
    const onread: object = { onread: emitReads(() => socket) };
    const socket = connect({ host, port, ...fixed, ALPNProtocols: [linkProtocol], ...options, ...onread });
    socket.setNoDelay(true).setKeepAlive(true, keepAliveMs);
    const onSecure = (): void => {
      stop();
      if (socket.alpnProtocol === linkProtocol) return resolve(socket);
      socket.destroy();
      reject(notThePort());
    };
    const onError = (error: NodeJS.ErrnoException): void => fail(explain(error));
    const onClose = (): void => fail(new LinkError('it closed the connection'));
    const onAbort = (): void => fail(new LinkError('the attempt was given up'));
    const timer = setTimeout(() => fail(new LinkError(`it did not answer within ${dialMs} ms`)), dialMs);
    const stop = (): void => {
      clearTimeout(timer);
      socket.off('secureConnect', onSecure).off('error', onError).off('close', onClose);
      signal.removeEventListener('abort', onAbort);
    };
    // Whoever has the socket hears of its end by `close`.
    socket.on('error', () => {});
    socket.once('secureConnect', onSecure).once('error', onError).once('close', onClose);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}

function notThePort(): LinkError {
  return new LinkError('it is no port for connectors; name the address that the gateway has in listen.connectors', {
    final: true,
  });
}

/** Codes of OpenSSL and Node for a certificate that is not the trusted gateway's. */
const untrusted = /^(UNABLE_TO|CERT_|SELF_SIGNED|DEPTH_ZERO|ERR_TLS_CERT|INVALID_|HOSTNAME_MISMATCH)/;
/** Codes of an end that does not speak TLS 1.3, or none of our protocol. */
const otherProtocol =
  /^ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|.*NO_APPLICATION_PROTOCOL|.*PROTOCOL_VERSION)/;

function explain(error: NodeJS.ErrnoException): LinkError {
  const code = error.code ?? 'unknown error';
  if (otherProtocol.test(code)) return notThePort();
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    return new LinkError(`its certificate is not valid now (${code}): compare the clocks of both machines`);
  }
  if (untrusted.test(code)) {
    return new LinkError(
      `it is not the gateway that this connector knows (${code}): somebody is in between, or the gateway has a ` +
        'new authority and this connector must be enrolled again',
      { final: true },
    );
  }
  return new LinkError(`it cannot be reached (${code})`);
}
