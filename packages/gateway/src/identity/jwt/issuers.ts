import type { Config } from '../../config/config.ts';
import { IssuerKeys, type IssuerKeysOptions } from './issuer-keys.ts';
import { type TrustedIssuer, type Verified, verifyToken } from './verify-token.ts';

/** The issuers of the configuration in force, with the keys that were fetched of them. */
export class Issuers {
  readonly #options: IssuerKeysOptions;
  /** By what tokens say as `iss`. */
  #trusted: ReadonlyMap<string, TrustedIssuer> = new Map();

  constructor(config: Config, options: IssuerKeysOptions) {
    this.#options = options;
    this.configure(config);
  }

  /** Takes another configuration. Keys stay where they come from the same place. */
  configure(config: Config): void {
    const before = this.#trusted;
    this.#trusted = new Map(
      [...config.issuers.values()].map((issuer) => {
        const known = before.get(issuer.issuer);
        const same = known !== undefined && sourceOf(known.issuer) === sourceOf(issuer);
        return [issuer.issuer, { issuer, keys: same ? known.keys : new IssuerKeys(issuer, this.#options) }];
      }),
    );
  }

  /** `nowMs` is the wall clock. */
  verify(token: string, nowMs: number): Promise<Verified> {
    return verifyToken(token, this.#trusted, nowMs);
  }
}

function sourceOf({ name, keys, tlsCa }: TrustedIssuer['issuer']): string {
  return JSON.stringify([name, keys, tlsCa]);
}
