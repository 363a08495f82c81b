import { createPrivateKey, X509Certificate } from 'node:crypto';
import { LinkError } from './link-error.ts';

/** What a connector proves to one gateway with who it is, and what it knows that gateway by. PEM. */
export interface CredentialTexts {
  readonly key: string;
  readonly certificate: string;
  /** The gateway's own authority: nothing else is trusted to be that gateway. */
  readonly authority: string;
}

/** What the texts say. */
export interface LinkCredentials extends CredentialTexts {
  /** Name of the connector, as the certificate has it. */
  readonly connector: string;
  /** When they came, and when they end: milliseconds since 1970, by our clock and by the gateway's. */
  readonly since: number;
  readonly notAfter: number;
}

/**
 * Credentials of the three texts, which came at `since`. Throws a LinkError when they do not belong together: a gateway that answers with
 * somebody else's certificate is not to be believed.
 */
export function linkCredentials({ key, certificate, authority }: CredentialTexts, since: number): LinkCredentials {
  const own = readCertificate(certificate);
  const signer = readCertificate(authority);
  if (!own.checkPrivateKey(createPrivateKey(key))) {
    throw new LinkError('the certificate is not for the key of this connector', { final: true });
  }
  if (!own.verify(signer.publicKey)) {
    throw new LinkError("the certificate is not signed by the gateway's authority", { final: true });
  }
  return {
    key,
    // As we write it: what else a gateway puts into its text is not kept.
    certificate: own.toString(),
    authority: signer.toString(),
    connector: /^CN=(.*)$/m.exec(own.subject)?.[1] ?? '',
    since,
    notAfter: own.validToDate.getTime(),
  };
}

/** When they are to be renewed: two thirds into their life. */
export function renewAt({ since, notAfter }: LinkCredentials): number {
  return since + ((notAfter - since) * 2) / 3;
}

function readCertificate(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new LinkError('what should be a certificate is none', { final: true, cause });
  }
}
