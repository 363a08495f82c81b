import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { type Enroll, parseEnrollmentToken, proofBytes, proofLabel } from '@onrecord/connector/link';
import type { Authority } from './authority.ts';
import type { Peer } from './connector-listener.ts';
import type { EnrollmentState, Enrollments } from './enrollments.ts';
import { LinkRefusal } from './link-refusal.ts';

export interface EnrollConnectorOptions {
  readonly authority: Authority;
  readonly enrollments: Enrollments;
  readonly lifetimeMs: number;
  readonly nowUs: () => number;
  /** Resolves when what was done to enrolments before now is on the record. */
  readonly settle: () => Promise<void>;
}

/**
 * Gives a connector its first certificate for its token, and ends the connection. The token is used up, and the record
 * says so, before the connector has the certificate. Throws a LinkRefusal.
 */
export async function enrollConnector(peer: Peer, enroll: Enroll, options: EnrollConnectorOptions): Promise<void> {
  const { authority, enrollments, lifetimeMs, nowUs, settle } = options;
  const token = parseEnrollmentToken(enroll.token);
  if (token === undefined) throw new LinkRefusal('what it showed is no enrolment token');
  if (token.authority !== authority.pin) throw new LinkRefusal('its enrolment token is from another gateway');
  const { connector } = refuseUnlessValid(enrollments.enrollment(token, nowUs()));
  const publicKey = provenKey(peer.stream.socket, enroll);
  if (publicKey === undefined) {
    throw new LinkRefusal('it did not prove that it has the private key of its public key', { connector });
  }
  const certificate = await authority.issue(connector, publicKey, { nowMs: nowUs() / 1000, lifetimeMs });
  refuseUnlessValid(enrollments.use(token, { certificate, client: peer.client, nowUs: nowUs() }));
  await settle();
  const { certificate: pem, notAfter } = certificate;
  peer.stream.close({ type: 'enrolled', connector, certificate: pem, authority: authority.certificate, notAfter });
}

/** The key (SubjectPublicKeyInfo, DER) that the other end of this very connection, while it is open, has proved to have. */
export function provenKey(
  socket: TLSSocket,
  { publicKey, proof }: { readonly publicKey: string; readonly proof: string },
): Uint8Array | undefined {
  const spki = Buffer.from(publicKey, 'base64');
  let key: KeyObject;
  try {
    key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  } catch {
    return undefined;
  }
  if (socket.destroyed) return undefined;
  if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') return undefined;
  // In TLS 1.3, an empty context is none (RFC 8446, section 7.5).
  const material = socket.exportKeyingMaterial(proofBytes, proofLabel, Buffer.alloc(0));
  const signed = verify('sha256', Buffer.concat([material, spki]), key, Buffer.from(proof, 'base64'));
  // As we write it: one key has several encodings.
  return signed ? key.export({ format: 'der', type: 'spki' }) : undefined;
}

const reasons: { readonly [Type in Exclude<EnrollmentState['type'], 'valid'>]: string } = {
  used: 'its enrolment token was used before; if that was not you, revoke the connector',
  expired: 'its enrolment token has expired',
  revoked: 'its enrolment token was revoked',
  unknown: 'its enrolment token is not one of this gateway',
};

function refuseUnlessValid(state: EnrollmentState): { readonly connector: string } {
  switch (state.type) {
    case 'valid':
      return state;
    case 'unknown':
      throw new LinkRefusal(reasons.unknown);
    default:
      throw new LinkRefusal(reasons[state.type], { connector: state.connector });
  }
}
