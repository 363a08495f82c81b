import type { ClaimPath, Issuer, IssuerKeySource } from './issuer.ts';
import type { IssuerSettings } from './issuer-settings.ts';

/** An issuer as the settings mean it; paths are as they were written. */
export function issuerOf(name: string, settings: IssuerSettings): Issuer {
  const { issuer, audience, tls_ca, algorithms, clock_skew, scope, identities } = settings;
  return {
    name,
    issuer,
    audience: typeof audience === 'string' ? [audience] : audience,
    keys: keySource(settings.jwks),
    tlsCa: tls_ca,
    algorithms,
    clockSkewMs: clock_skew,
    scope,
    identities,
    groups: claimPath(settings.groups),
    onBehalfOf: claimPath(settings.on_behalf_of),
  };
}

/** The same with absolute paths. */
export function withIssuerPaths(issuer: Issuer, path: (written: string) => string): Issuer {
  const { keys, tlsCa } = issuer;
  return {
    ...issuer,
    keys: keys.type === 'file' ? { type: 'file', path: path(keys.path) } : keys,
    tlsCa: tlsCa === undefined ? undefined : path(tlsCa),
  };
}

function keySource(jwks: string | undefined): IssuerKeySource {
  if (jwks === undefined) return { type: 'discovery' };
  return jwks.startsWith('file:') ? { type: 'file', path: jwks.slice('file:'.length) } : { type: 'url', url: jwks };
}

function claimPath(written: string | readonly string[] | undefined): ClaimPath | undefined {
  return typeof written === 'string' ? [written] : written;
}
