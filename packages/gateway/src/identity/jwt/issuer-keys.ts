import { readFile } from 'node:fs/promises';
import { createLocalJWKSet, type JSONWebKeySet, type LocalJWKSet } from 'jose';
import type { Issuer } from '../../config/issuer.ts';
import { isTrustworthyUrl } from '../../config/trustworthy-url.ts';
import { fetchJson } from './fetch-json.ts';

export interface IssuerKeysOptions {
  /** Milliseconds of a clock that only goes forward. */
  readonly nowMs: () => number;
  /** Something that an operator should know. */
  readonly log: (message: string) => void;
}

/** How long keys are used before the issuer is asked again, in the background. */
export const freshMs = 300_000;
/** From when on a login waits for the answer: a key that was taken back must not open sessions after a quiet night. */
export const oldMs = 600_000;
/** How long keys are used while the issuer cannot be asked. */
export const staleMs = 86_400_000;
/** Between two attempts to ask it: strangers can name keys that do not exist. */
export const attemptMs = 10_000;
const timeoutMs = 5_000;
const maxBytes = 1_048_576;
const maximumKeys = 256;

/**
 * The public keys of one issuer: fetched when first needed, asked for again in the background when they get old, and
 * before they are used when they are older or a token names one that is not among them. While the issuer is away, keys that are not too old stay in use.
 */
export class IssuerKeys {
  readonly #issuer: Issuer;
  readonly #options: IssuerKeysOptions;
  #keys: LocalJWKSet | undefined;
  #fetchedMs = Number.NEGATIVE_INFINITY;
  #triedMs = Number.NEGATIVE_INFINITY;
  #trying: Promise<void> | undefined;

  constructor(issuer: Issuer, options: IssuerKeysOptions) {
    this.#issuer = issuer;
    this.#options = options;
  }

  /** Keys to check a token with; undefined when there are none that may be used, which the log has heard why. */
  async current(): Promise<LocalJWKSet | undefined> {
    const age = this.#options.nowMs() - this.#fetchedMs;
    if (age < freshMs) return this.#keys;
    const attempt = this.#refresh();
    if (age >= oldMs) await attempt;
    return this.#options.nowMs() - this.#fetchedMs < staleMs ? this.#keys : undefined;
  }

  /** Keys fetched after `known` did not have the right one; undefined when there are no others. */
  async newerThan(known: LocalJWKSet): Promise<LocalJWKSet | undefined> {
    if (this.#keys === known) await this.#refresh();
    return this.#keys === known ? undefined : this.#keys;
  }

  /** Never rejects. One attempt at a time, which whoever needs it waits for. */
  #refresh(): Promise<void> {
    const now = this.#options.nowMs();
    if (this.#trying !== undefined) return this.#trying;
    if (now - this.#triedMs < attemptMs) return Promise.resolve();
    this.#triedMs = now;
    this.#trying = this.#fetch()
      .then(createLocalJWKSet)
      .then(
        (keys) => {
          this.#keys = keys;
          this.#fetchedMs = this.#options.nowMs();
        },
        (error: Error) => this.#options.log(`the keys of issuers.${this.#issuer.name} were not read: ${error.message}`),
      )
      .finally(() => {
        this.#trying = undefined;
      });
    return this.#trying;
  }

  async #fetch(): Promise<JSONWebKeySet> {
    const { keys, tlsCa } = this.#issuer;
    if (keys.type === 'file') return keySet(parsed(await readFile(keys.path, 'utf8'), keys.path));
    const ca = tlsCa === undefined ? undefined : await readFile(tlsCa, 'utf8');
    const options = { ca, timeoutMs, maxBytes };
    const url = keys.type === 'url' ? keys.url : await this.#discover(options);
    return keySet(await fetchJson(url, options));
  }

  /** OpenID Connect Discovery 1.0, section 4.3: metadata that is another issuer's is not believed. */
  async #discover(options: Parameters<typeof fetchJson>[1]): Promise<string> {
    const url = metadataUrl(this.#issuer.issuer);
    const metadata = (await fetchJson(url, options)) as {
      readonly issuer?: unknown;
      readonly jwks_uri?: unknown;
    } | null;
    if (metadata?.issuer !== this.#issuer.issuer)
      throw new Error(`${url} is not the metadata of ${this.#issuer.issuer}`);
    if (typeof metadata.jwks_uri !== 'string' || !isTrustworthyUrl(metadata.jwks_uri)) {
      throw new Error(`${url} names no https URL as jwks_uri`);
    }
    return metadata.jwks_uri;
  }
}

/** Where an issuer's metadata stands (OpenID Connect Discovery 1.0, section 4). */
export function metadataUrl(issuer: string): string {
  return `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
}

function parsed(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`${file} is not JSON`);
  }
}

function keySet(value: unknown): JSONWebKeySet {
  const keys = (value as { readonly keys?: unknown } | null)?.keys;
  if (!Array.isArray(keys)) throw new Error('there is no list `keys` in the key set');
  if (keys.length > maximumKeys) throw new Error(`there are more than ${maximumKeys} keys in the key set`);
  return { keys };
}
