import type { ClaimPath, Issuer } from '../../config/issuer.ts';
import { type Claims, claimAt, matchesClaims } from './claims.ts';

/** Who a token's claims are, by the rules of its issuer. */
export type Mapped =
  | {
      readonly type: 'mapped';
      /** Name of an identity. */
      readonly identity: string;
      readonly groups: readonly string[];
      /** The person whom the agent acts for. */
      readonly onBehalfOf: string | undefined;
    }
  /** `reason` is for operators; it quotes nothing of the token. */
  | { readonly type: 'refused'; readonly reason: string };

/** Bounds on what a token may bring into the record of a session. */
const maximumGroups = 256;
const maximumNameBytes = 256;

const printable = /^[^\p{C}\p{Zl}\p{Zp}\ufffd]+$/u;

/** Pure: the same claims and the same rules give the same answer, so that it can be asked again after a reload. */
export function mapClaims(claims: Claims, issuer: Issuer): Mapped {
  const rule = issuer.identities.find(({ claims: patterns }) => matchesClaims(claims, patterns));
  if (rule === undefined) return refused(`no rule of issuers.${issuer.name}.identities matches the token's claims`);
  const groups = groupsIn(claims, issuer.groups);
  if (groups === undefined) {
    return refused(
      `the claim of issuers.${issuer.name}.groups is not a name or a list of up to ${maximumGroups} names of up to ${maximumNameBytes} bytes`,
    );
  }
  const person = issuer.onBehalfOf === undefined ? undefined : (claimAt(claims, issuer.onBehalfOf) ?? undefined);
  if (person !== undefined && !isName(person)) {
    return refused(
      `the claim of issuers.${issuer.name}.on_behalf_of is not a name of up to ${maximumNameBytes} printable bytes`,
    );
  }
  const all = [...new Set([...rule.groups, ...groups])];
  return { type: 'mapped', identity: rule.identity, groups: all, onBehalfOf: person };
}

/** Undefined when the claim is there and is not what it should be: a group is a right, and is not guessed. */
function groupsIn(claims: Claims, path: ClaimPath | undefined): readonly string[] | undefined {
  const value = path === undefined ? undefined : claimAt(claims, path);
  if (value === undefined || value === null) return [];
  const names: readonly unknown[] = Array.isArray(value) ? value : [value];
  return names.length <= maximumGroups && names.every(isName) ? names : undefined;
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && Buffer.byteLength(value) <= maximumNameBytes && printable.test(value);
}

function refused(reason: string): Mapped {
  return { type: 'refused', reason };
}
