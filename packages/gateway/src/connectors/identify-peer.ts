import { linkVersion } from '@onrecord/connector/link';
import { type Authority, fingerprintOf } from './authority.ts';
import type { Peer } from './connector-listener.ts';
import type { CertificateState, Enrollments } from './enrollments.ts';
import type { ShownCertificate } from './link.ts';
import { LinkRefusal } from './link-refusal.ts';

/** A connector whose certificate is good. */
export interface KnownPeer {
  readonly connector: string;
  readonly shown: ShownCertificate;
}

export interface IdentifyPeerOptions {
  readonly authority: Authority | undefined;
  readonly enrollments: Enrollments;
  readonly nowUs: number;
}

/** What to say of a certificate that is not good. */
export const whyNotGood: { readonly [Type in Exclude<CertificateState['type'], 'valid'>]: string } = {
  expired: 'its certificate has expired; enrol it again',
  revoked: 'its certificate was revoked',
  unknown: 'its certificate is not known here (any more)',
};

/**
 * Whose connection it is. The handshake has shown that the other end has the key of its certificate; that the certificate
 * is one of ours, and good, only the state can say. Throws a LinkRefusal.
 */
export function identifyPeer(
  { certificate }: Peer,
  first: { readonly link: number },
  { authority, enrollments, nowUs }: IdentifyPeerOptions,
): KnownPeer {
  if (certificate === undefined) throw new LinkRefusal('it showed no certificate');
  const fingerprint = fingerprintOf(certificate);
  const state = enrollments.certificate(fingerprint, nowUs);
  if (state.type === 'unknown') {
    const ours = authority?.signed(certificate) === true;
    throw new LinkRefusal(ours ? whyNotGood.unknown : 'its certificate was not issued by this gateway');
  }
  const { connector, notAfter } = state;
  if (state.type !== 'valid') throw new LinkRefusal(whyNotGood[state.type], { connector });
  refuseOtherVersions(first, connector);
  return { connector, shown: { certificate: fingerprint, notAfter } };
}

/** Throws a LinkRefusal for another version of the link protocol than ours. */
export function refuseOtherVersions({ link }: { readonly link: number }, connector?: string): void {
  if (link === linkVersion) return;
  throw new LinkRefusal(
    `it speaks version ${link} of the link protocol, and this gateway version ${linkVersion}: update the older one`,
    { connector },
  );
}
