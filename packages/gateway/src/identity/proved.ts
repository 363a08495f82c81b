import type { X509Certificate } from 'node:crypto';
import type { Config } from '../config/config.ts';

/** What a client has proved: who it is, by which credential. */
export interface Proved {
  /** How, as the record of the session has it. */
  readonly method: 'token' | 'jwt' | 'oauth' | 'certificate';
  /** Which credential, never the credential itself: the id of a token, `issuer/jti`, the SHA-256 of a certificate. */
  readonly credential: string;
  /** When the credential ends by itself, in microseconds since 1970. */
  readonly expiresAt: number | undefined;
  /** Name of the issuer whose token it was; undefined when the gateway issued it. */
  readonly issuer: string | undefined;
  /** The person whom the agent acts for, by the word of the issuer. */
  readonly onBehalfOf: string | undefined;
  /** Groups that the credential gives, on top of those of the identity. */
  readonly groups: readonly string[];
  /** The certificate, where it was one. */
  readonly certificate?: X509Certificate;
  /** Whether a configuration would still let this credential in as the same identity with the same groups. */
  readonly holds: (config: Config) => boolean;
}

/** How a proof ended. `reason` is for operators and the record; it quotes nothing of the credential. */
export type Proof =
  | { readonly type: 'proved'; readonly proved: Proved }
  | { readonly type: 'refused'; readonly reason: string }
  /** Nobody can tell now: keys cannot be had. */
  | { readonly type: 'unavailable'; readonly reason: string };
