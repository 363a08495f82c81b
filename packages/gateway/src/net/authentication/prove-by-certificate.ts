import type { Identity } from '../../config/config.ts';
import { isMapped } from '../../identity/certificate-mapping.ts';
import type { Proof } from '../../identity/proved.ts';
import type { ClientCertificate } from '../client-tls.ts';

/**
 * Whether the certificate that a client showed is that of the identity it says it is; undefined when it showed none and none
 * was to be had.
 */
export function proveByCertificate(
  shown: ClientCertificate | undefined,
  identity: Identity | undefined,
): Proof | undefined {
  if (shown === undefined) {
    return identity?.login.includes('certificate') === true
      ? { type: 'refused', reason: 'it showed no certificate' }
      : undefined;
  }
  if (shown.type === 'untrusted')
    return { type: 'refused', reason: `its certificate is not trusted (${shown.reason})` };
  const { certificate } = shown;
  const user = identity?.name;
  const mapping = identity?.certificate;
  if (user === undefined || mapping === undefined || !isMapped(certificate, mapping)) {
    return { type: 'refused', reason: 'its certificate is not that of this identity' };
  }
  return {
    type: 'proved',
    proved: {
      method: 'certificate',
      credential: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
      // One that never ends says the year 9999 (RFC 5280, section 4.1.2.5), which is more microseconds than a number holds.
      expiresAt: Math.min(certificate.validToDate.getTime() * 1000, Number.MAX_SAFE_INTEGER),
      issuer: undefined,
      onBehalfOf: undefined,
      groups: [],
      certificate,
      holds: ({ identities }) => {
        const now = identities.get(user);
        return now?.login.includes('certificate') === true && now.certificate !== undefined
          ? isMapped(certificate, now.certificate)
          : false;
      },
    },
  };
}
