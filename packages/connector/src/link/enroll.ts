import { X509Certificate } from 'node:crypto';
import type { HostPort } from '../config/address.ts';
import { type LinkCredentials, linkCredentials } from './credentials.ts';
import { dialGateway, shownAuthority } from './dial-gateway.ts';
import { authorityPin, type EnrollmentToken } from './enrollment-token.ts';
import { ask } from './link-connection.ts';
import { LinkError } from './link-error.ts';
import { linkVersion } from './messages.ts';
import { certificateRequest, newKey } from './new-key.ts';

export interface EnrollOptions {
  /**
   * Of which one may be for this gateway: a token names the authority of its own. It is taken out when it has let us in, or
   * never will.
   */
  readonly tokens: Set<EnrollmentToken>;
  /** Of the connector's program. */
  readonly version: string;
  readonly signal: AbortSignal;
}

/**
 * Gets credentials from a gateway for a token. The gateway proves first that it is the one that issued the token; no
 * other hears of it. Rejects with a LinkError.
 */
export async function enroll(address: HostPort, { tokens, version, signal }: EnrollOptions): Promise<LinkCredentials> {
  const shown = await shownAuthority(address, signal);
  const pin = authorityPin(shown);
  const token = [...tokens].find(({ authority }) => authority === pin);
  if (token === undefined) throw new LinkError(strange, { final: true });
  const authority = new X509Certificate(shown).toString();
  const socket = await dialGateway(address, { trust: { authority, own: undefined }, signal });
  const key = await newKey();
  const request = { link: linkVersion, token: token.text, ...certificateRequest(key, socket), version };
  const { certificate } = await ask(socket, { type: 'enroll', ...request }, 'enrolled').catch((error: unknown) => {
    if (error instanceof LinkError && error.final) tokens.delete(token);
    throw error;
  });
  tokens.delete(token);
  return linkCredentials({ key: key.privateKey, certificate, authority }, Date.now());
}

const strange =
  'it is not the gateway that the enrolment token is from: its authority is another one. The token was not shown to it. ' +
  'Check the address, or make a token at this gateway: onrecord connectors enroll NAME';
