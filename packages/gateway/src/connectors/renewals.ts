import { Rate, type Renew } from '@onrecord/connector/link';
import type { Authority } from './authority.ts';
import { provenKey } from './enroll-connector.ts';
import type { Enrollments } from './enrollments.ts';
import { whyNotGood } from './identify-peer.ts';
import type { Link } from './link.ts';

export interface RenewalsOptions {
  readonly authority: Authority;
  readonly enrollments: Enrollments;
  readonly lifetimeMs: () => number;
  readonly nowUs: () => number;
  /** Resolves when what was done in the state before now is on the record. */
  readonly settle: () => Promise<void>;
  readonly log: (message: string) => void;
}

/** For one connector: it may ask again when an answer was lost on the way. */
const perSecond = 0.1;
const burst = 10;

/** Gives connectors that are connected new certificates, for new keys, before the old ones end. */
export class Renewals {
  readonly #options: RenewalsOptions;
  readonly #rates = new Map<string, Rate>();
  /** Those of which the log says that they ask too often. */
  readonly #told = new Set<string>();

  constructor(options: RenewalsOptions) {
    this.#options = options;
  }

  /** The record says so before the connector has it. Never rejects: a connector that gets no answer asks again. */
  async renew(link: Link, renew: Renew): Promise<void> {
    const { connector, client } = link.about;
    const { enrollments, authority, lifetimeMs, nowUs, settle, log } = this.#options;
    if (!this.#allows(connector)) return this.#tooOften(connector);
    this.#told.delete(connector);
    const publicKey = provenKey(link.socket, renew);
    if (publicKey === undefined) return link.end('it did not prove that it has its new key');
    try {
      const life = { nowMs: nowUs() / 1000, lifetimeMs: lifetimeMs() };
      const certificate = await authority.issue(connector, publicKey, life);
      if (link.ended !== undefined) return;
      const state = enrollments.renew(link.certificate.certificate, { certificate, client, nowUs: nowUs() });
      if (state.type !== 'valid') return link.end(whyNotGood[state.type], { final: true });
      await settle();
      const { fingerprint, notAfter } = certificate;
      link.certificate = { certificate: fingerprint, notAfter: notAfter * 1000 };
      link.send({ type: 'renewed', id: renew.id, certificate: certificate.certificate, notAfter });
    } catch (error) {
      log(`the certificate of connector "${connector}" was not renewed: ${(error as Error).message}`);
    }
  }

  #tooOften(connector: string): void {
    if (!this.#told.has(connector)) this.#options.log(`connector "${connector}" asks for certificates too often`);
    this.#told.add(connector);
  }

  #allows(connector: string): boolean {
    const rate = this.#rates.get(connector) ?? new Rate(perSecond, burst);
    this.#rates.set(connector, rate);
    return rate.take(this.#options.nowUs() / 1000);
  }
}
