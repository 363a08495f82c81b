import { type OAuthDiscovery, oauthBearer, offeredMechanisms } from '@onrecord/wire';
import type { Config } from '../../config/config.ts';
import { metadataUrl } from '../../identity/jwt/issuer-keys.ts';
import type { Ask } from '../../session/authentication.ts';
import type { AskedMethod } from './methods-for.ts';

export interface AskOptions {
  readonly encrypted: boolean;
  /** Hash of the certificate that the client sees. */
  readonly endPoint: Uint8Array | undefined;
  readonly config: Pick<Config, 'issuers'>;
}

/**
 * How to ask for one of several methods. What comes from an issuer can be used by whoever reads it, so it is only asked
 * for where nobody can: undefined when the client must come with TLS first.
 */
export function askFor(methods: readonly AskedMethod[], { encrypted, endPoint, config }: AskOptions): Ask | undefined {
  const discovery = discoveryOf(config);
  if (!encrypted) {
    if (!methods.includes('token')) return undefined;
    return { type: 'sasl', mechanisms: offeredMechanisms(undefined), endPoint: undefined, discovery };
  }
  if (methods.includes('jwt')) return { type: 'password' };
  // libpq takes the first that it knows, but SCRAM with channel binding before all others (pg_SASL_init, fe-auth.c).
  const bound = methods[0] === 'oauth' ? undefined : endPoint;
  const mechanisms = methods.flatMap<string>((method) => (method === 'oauth' ? oauthBearer : offeredMechanisms(bound)));
  return { type: 'sasl', mechanisms, endPoint: bound, discovery };
}

/** The first issuer of the file: a client that asks has not said for whom. */
function discoveryOf({ issuers }: AskOptions['config']): OAuthDiscovery {
  const [first] = issuers.values();
  return { openidConfiguration: first === undefined ? '' : metadataUrl(first.issuer), scope: first?.scope ?? '' };
}
