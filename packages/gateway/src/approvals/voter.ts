import type { Identity } from '../config/config.ts';
import { Refusal } from '../errors.ts';
import { findVerifier } from '../identity/scram-verifier.ts';
import type { Tokens } from '../identity/tokens.ts';

export interface VoterOptions {
  readonly tokens: Tokens;
  readonly identities: () => ReadonlyMap<string, Identity>;
  /** Makes sure that what was done to tokens before now is on record, and in force. */
  readonly settleTokens: () => Promise<void>;
  /** Wall-clock milliseconds since 1970. */
  readonly nowMs: () => number;
  readonly log: (message: string) => void;
}

/** Wrong tokens of one identity in any minute; after that its right one has to wait, too. */
const wrongPerMinute = 5;
const minuteMs = 60_000;
/** Longer ones are no tokens. */
const tokenCharacters = 256;

/** Checks who decides: by a token of their own, as a login does. */
export class Voters {
  readonly #options: VoterOptions;
  /** When wrong tokens came, by identity; all that are not configured share one. */
  readonly #wrong = new Map<string, number[]>();

  constructor(options: VoterOptions) {
    this.#options = options;
  }

  /**
   * Returns when the token is one of the identity. Throws a Refusal otherwise, the same for an unknown name as for a
   * wrong token.
   */
  async prove(name: string, token: string): Promise<void> {
    const { tokens, settleTokens, nowMs, log } = this.#options;
    await settleTokens();
    const identity = this.#options.identities().get(name);
    const who = identity === undefined ? '' : `identity ${name}`;
    if (this.#wrongOf(who).length >= wrongPerMinute) {
      throw new Refusal('53300', `too many wrong tokens for "${name}"`, { hint: 'Try again in a minute.' });
    }
    const found = tokens.lookup(name, nowMs());
    const isKnown = identity?.login.includes('token') === true;
    const candidates = isKnown ? found : { ...found, verifiers: [] };
    // Counted before the wait, so that many at once are no way around it.
    const wrong = this.#wrongOf(who);
    const at = nowMs();
    this.#wrong.set(who, [...wrong, at]);
    const verifier = token.length > tokenCharacters ? undefined : await findVerifier(token, candidates);
    if (verifier === undefined || !tokens.isValid(verifier.id, nowMs())) {
      log(`somebody who decides as ${JSON.stringify(name.slice(0, 100))} has no token of it`);
      throw new Refusal('28P01', `the token is not one of "${name}"`, {
        hint: 'Use a valid token of the identity that --as names: `onrecord tokens create IDENTITY` makes one.',
      });
    }
    const kept = this.#wrongOf(who);
    kept.splice(kept.indexOf(at), 1);
    this.#wrong.set(who, kept);
  }

  #wrongOf(who: string): number[] {
    const since = this.#options.nowMs() - minuteMs;
    return (this.#wrong.get(who) ?? []).filter((at) => at > since);
  }
}
