/** Who signs tokens (JWT) that identities log in with. */
export interface Issuer {
  readonly name: string;
  /** What its tokens say as `iss`, to the letter. */
  readonly issuer: string;
  /** A token must be meant for one of these (`aud`). */
  readonly audience: readonly string[];
  readonly keys: IssuerKeySource;
  /** Path of a PEM file with the authorities to trust when its keys are fetched. */
  readonly tlsCa: string | undefined;
  readonly algorithms: readonly SignatureAlgorithm[];
  readonly clockSkewMs: number;
  /** Scopes that OAUTHBEARER tells a client to ask for, separated by spaces. */
  readonly scope: string;
  /** The first rule that matches decides. */
  readonly identities: readonly IdentityRule[];
  /** Claim with groups: a name or a list of names. */
  readonly groups: ClaimPath | undefined;
  /** Claim that names the person whom an agent acts for. */
  readonly onBehalfOf: ClaimPath | undefined;
}

/** Where the public keys are: behind `jwks_uri` of the issuer's metadata, at a URL of their own, in a file. */
export type IssuerKeySource =
  | { readonly type: 'discovery' }
  | { readonly type: 'url'; readonly url: string }
  | { readonly type: 'file'; readonly path: string };

/** Names from the outside in: `['realm_access', 'roles']`. */
export type ClaimPath = readonly string[];

export interface IdentityRule {
  readonly claims: ClaimPatterns;
  readonly identity: string;
  /** Groups that the session has on top of those of the identity. */
  readonly groups: readonly string[];
}

/** What claims must be, by name; a map looks into a claim that is one. */
export interface ClaimPatterns {
  readonly [claim: string]: string | number | boolean | ClaimPatterns;
}

/** All asymmetric: with a symmetric one, whoever can check a token can make one. */
export const signatureAlgorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const;

export type SignatureAlgorithm = (typeof signatureAlgorithms)[number];
