import { duration, key, path } from '@onrecord/connector/settings';
import { z } from 'zod';
import { type ClaimPatterns, type SignatureAlgorithm, signatureAlgorithms } from './issuer.ts';
import { isTrustworthyUrl } from './trustworthy-url.ts';

/** `issuers.NAME` of the file, checked. */
export interface IssuerSettings {
  readonly issuer: string;
  readonly audience: string | readonly string[];
  readonly jwks?: string | undefined;
  readonly tls_ca?: string | undefined;
  readonly algorithms: readonly SignatureAlgorithm[];
  readonly clock_skew: number;
  readonly scope: string;
  readonly identities: readonly IdentityRuleSettings[];
  readonly groups?: string | readonly string[] | undefined;
  readonly on_behalf_of?: string | readonly string[] | undefined;
}

export interface IdentityRuleSettings {
  readonly claims: ClaimPatterns;
  readonly identity: string;
  readonly groups: readonly string[];
}

const url = z.string().refine(isTrustworthyUrl, { error: 'must be an https URL (http only to the loopback address)' });

const keys = z.string().refine((text) => isTrustworthyUrl(text) || /^file:[^\0]+$/.test(text), {
  error: 'must be an https URL (http only to the loopback address), or file:PATH',
});

const claimPath: z.ZodType<string | readonly string[], unknown> = z.union(
  [z.string().min(1), z.array(z.string().min(1)).min(1).max(8)],
  { error: 'must be the name of a claim, or a list of names from the outside in' },
);

/** How deep claims are looked into. */
const maximumDepth = 8;
const patternShape = 'must be what the claims must be: text, a number, true or false, or a map of the same';

function isClaimPatterns(value: unknown, depth: number): value is ClaimPatterns {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || depth > maximumDepth) return false;
  const patterns = Object.values(value);
  return (
    patterns.length > 0 &&
    patterns.every(
      (pattern) => ['string', 'number', 'boolean'].includes(typeof pattern) || isClaimPatterns(pattern, depth + 1),
    )
  );
}

const claimPatterns = z
  .record(z.string(), z.unknown(), { error: patternShape })
  .refine((value) => isClaimPatterns(value, 1), { error: patternShape }) as unknown as z.ZodType<
  ClaimPatterns,
  unknown
>;

const rule = z.strictObject({
  claims: claimPatterns.meta({
    description:
      "What the token's claims must be: all of them, to the letter. In text, `*` stands for any characters, slashes and none among them. A claim that is a list matches when one of its members does. A map looks into a claim that is one.",
    examples: [{ sub: 'repo:acme/app:ref:refs/heads/*' }],
  }),
  identity: z.string().min(1).meta({
    description: 'The identity whose tokens these are. The client must give its name as the user.',
  }),
  groups: z.array(z.string().min(1)).prefault([]).meta({
    description: 'Groups of the session on top of those of the identity.',
  }),
});

/** Name of an issuer; it stands in front of the token's id in the record. */
export const issuerName: z.ZodType<string, string> = key(
  /^[\p{L}\p{N}][\p{L}\p{M}\p{N}_.-]*$/u,
  'a letter or digit, then letters, digits and any of _ . -',
);

/** The schema of an issuer. */
export const issuer: z.ZodType<IssuerSettings, unknown> = z.strictObject({
  issuer: url.meta({
    description: 'URL of the issuer: what its tokens say as `iss`, to the letter, a slash at the end included.',
  }),
  audience: z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1)], { error: 'must be a name or a list of names' })
    .meta({
      description:
        'What its tokens must say as `aud`; one of several. Choose one that stands for this gateway alone, or a token that was given to another service opens sessions here.',
    }),
  jwks: keys.optional().meta({
    description:
      'Where its public keys are: an https URL, or `file:PATH`. They are fetched when first needed, again after 5 minutes, and at once (though not more often than every 10 s) when they are older than 10 minutes or a token names an unknown one. While the issuer cannot be reached, keys of up to 24 h ago stay in use.',
    'x-default': '`jwks_uri` of the metadata at `ISSUER/.well-known/openid-configuration`',
  }),
  tls_ca: path.optional().meta({
    description: 'PEM file with the authorities to trust when its keys are fetched.',
    'x-default': 'the authorities that come with Node',
  }),
  algorithms: z
    .array(z.enum(signatureAlgorithms))
    .min(1)
    .prefault([...signatureAlgorithms])
    .meta({
      description:
        'Algorithms that its tokens may be signed with. All are asymmetric: `none` and HS256 and its like cannot be allowed.',
    }),
  clock_skew: duration({ minimum: 0, maximum: 600_000 }).prefault('30s').meta({
    description: 'How far clocks may differ where a token says from when and until when it is valid.',
  }),
  scope: z
    .string()
    .regex(/^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/, {
      error: 'must be scopes with a space between',
    })
    .prefault('openid')
    .meta({ description: 'Scopes that a client with `login: oauth` is told to ask for.' }),
  identities: z.array(rule).min(1).meta({
    description:
      'Whose tokens these are: a list of rules, of which the first that matches decides. No match is no login.',
  }),
  groups: claimPath.optional().meta({
    description:
      'Claim with the groups of the session, text or a list of texts, on top of those of the identity: its name, or a list of names that leads into it. Roles of a connection go by groups, so the issuer decides on them then.',
    examples: ['groups', ['realm_access', 'roles']],
    'x-default': 'none',
  }),
  on_behalf_of: claimPath.optional().meta({
    description:
      'Claim that names the person whom an agent acts for: its name, or a list of names that leads into it. It is written to the record of the session as verified.',
    examples: ['email', ['act', 'sub']],
    'x-default': 'none',
  }),
});
