import { generateKeyPair, sign } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { LinkError } from './link-error.ts';
import { proofBytes, proofLabel } from './messages.ts';

/** A key pair of a connector. */
export interface NewKey {
  /** PEM, PKCS 8. */
  readonly privateKey: string;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array;
}

const generate = promisify(generateKeyPair);

/** A new key on P-256: what every TLS library takes. */
export async function newKey(): Promise<NewKey> {
  return await generate('ec', {
    namedCurve: 'prime256v1',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'der' },
  });
}

/**
 * The fields with which a message asks for a certificate: the public key, and proof that we have the private one here.
 * Throws a LinkError when the connection is gone.
 */
export function certificateRequest(
  { privateKey, publicKey }: NewKey,
  connection: TLSSocket,
): { readonly publicKey: string; readonly proof: string } {
  if (connection.destroyed) throw new LinkError('the gateway closed the connection');
  // Of this connection alone, so that a proof that somebody has overheard is of no use on another.
  const material = connection.exportKeyingMaterial(proofBytes, proofLabel, Buffer.alloc(0));
  const proof = sign('sha256', Buffer.concat([material, publicKey]), privateKey);
  return { publicKey: Buffer.from(publicKey).toString('base64'), proof: proof.toString('base64') };
}
