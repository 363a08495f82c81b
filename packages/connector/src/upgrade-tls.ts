import { isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { encodeStartup } from '@onrecord/wire';
import { DialError } from './dial-error.ts';
import { Incoming } from './incoming.ts';
import { addressOf, isUnixSocket, type Target } from './target.ts';

const accepted = 0x53;
const declined = 0x4e;
const alpnProtocol = 'postgresql';

/**
 * Asks the server for TLS as the target wants it. Undefined when the connection stays as it is: the target has none, or
 * prefers it and the server declined. Source: Postgres manual, "SSL Session Encryption".
 */
export async function upgradeTls(socket: Socket, target: Target): Promise<TLSSocket | undefined> {
  if (target.tls === 'disable' || isUnixSocket(target)) return undefined;
  const incoming = new Incoming(socket);
  socket.write(encodeStartup({ type: 'sslRequest' }).finish());
  const answer = await incoming.onlyByte();
  if (answer === accepted) {
    incoming.release();
    return await handshake(socket, target);
  }
  if (answer !== declined) {
    throw new DialError({ type: 'protocol' }, `${addressOf(target)} did not answer the SSL request`);
  }
  if (target.tls !== 'prefer') {
    throw new DialError({ type: 'tls', code: 'TLS_DECLINED' }, `${addressOf(target)} does not support TLS`);
  }
  incoming.release();
  return undefined;
}

function handshake(socket: Socket, target: Target): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const secure = begin(socket, target);
    const stop = (): void => {
      secure.off('secureConnect', onSecure).off('error', onError).off('close', onClose);
    };
    const onSecure = (): void => {
      stop();
      resolve(secure);
    };
    const fail = (code: string, cause?: unknown): void => {
      stop();
      // What comes after the first error is of no interest, and must not be thrown at the process.
      secure.on('error', () => {});
      const message = `no TLS connection to ${addressOf(target)} that can be trusted: ${code}`;
      reject(new DialError({ type: 'tls', code }, message, cause));
    };
    const onError = (error: NodeJS.ErrnoException): void => fail(error.code ?? 'unknown', error);
    const onClose = (): void => fail('ECONNRESET');
    secure.on('secureConnect', onSecure).on('error', onError).on('close', onClose);
  });
}

/** Throws a DialError when OpenSSL cannot use what the target has for it. */
function begin(socket: Socket, target: Target): TLSSocket {
  try {
    return connect({ socket, ...tlsOptions(target) });
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    const message = `the certificate, its key or the authorities for ${addressOf(target)} cannot be used (${code})`;
    throw new DialError({ type: 'credential' }, message);
  }
}

function tlsOptions(target: Target): ConnectionOptions {
  const verifies = target.tls === 'verify-ca' || target.tls === 'verify-full' || target.ca !== undefined;
  return {
    host: target.host,
    // An address is no server name (RFC 6066 section 3).
    ...(isIP(target.host) === 0 ? { servername: target.host } : {}),
    ...(target.ca === undefined ? {} : { ca: target.ca }),
    ...(target.certificate === undefined ? {} : { cert: target.certificate.certificate, key: target.certificate.key }),
    ...(target.tls === 'verify-full' ? {} : { checkServerIdentity: () => undefined }),
    rejectUnauthorized: verifies,
    minVersion: 'TLSv1.2',
    ALPNProtocols: [alpnProtocol],
  };
}
