import { selfSigned } from '../../packages/connector/src/certificates.fixture.ts';

/** What one end needs for mutual TLS: its own certificate and key, and the certificate that it trusts, all PEM. */
export interface Credentials {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

const ecdsaSha256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** For both ends; each trusts exactly the other's certificate. The gateway's name is `localhost`. */
export async function makeCredentials(): Promise<{ readonly gateway: Credentials; readonly connector: Credentials }> {
  const gateway = await selfSigned(ecdsaSha256);
  const connector = await selfSigned(ecdsaSha256);
  return {
    gateway: { cert: gateway.certificate, key: gateway.key, ca: connector.certificate },
    connector: { cert: connector.certificate, key: connector.key, ca: gateway.certificate },
  };
}
