import type { Catalog } from '../../sql/catalog.ts';
import { type CatalogPart, indexCatalog, indexPart } from '../../sql/catalog-index.ts';
import { attach } from './attachments.ts';
import { catalogVersion } from './catalog-fingerprint.ts';
import type { CatalogPartName } from './catalog-queries.ts';
import { type CatalogSession, catalogFingerprint, fingerprintName, readVersion } from './read-catalog.ts';
import { type CatalogQueries, catalogQueries, type Reading, readParts } from './read-parts.ts';

/**
 * Reads the catalog of a session's database again and again: all of it once, and from then on only what is not Postgres's
 * own, as long as nobody changes that. What has been read serves another session as well, if that is of the same database
 * of the same server: of another one's catalog no fingerprint tells anything.
 */
export class CatalogReader {
  readonly #session: CatalogSession;
  #catalog: Catalog | undefined;
  /** What comes with Postgres, and the fingerprint that it stays the same under. */
  #system: { readonly fingerprint: string; readonly part: CatalogPart } | undefined;
  #prepared: CatalogQueries | undefined;

  /** `before`: one that has read in a session before this one. */
  constructor(session: CatalogSession, before?: CatalogReader) {
    this.#session = session;
    if (before === undefined || session.place === undefined || before.#session.place !== session.place) return;
    this.#catalog = before.#catalog;
    this.#system = before.#system;
  }

  /** The catalog as it is now: the same value for as long as nothing has changed. Rejects where Postgres would not answer. */
  async read(): Promise<Catalog> {
    const fingerprint = await catalogFingerprint(this.#session);
    if (this.#catalog?.version === catalogVersion(fingerprint)) return this.#catalog;
    let reading = await this.#readParts(fingerprint.system === this.#system?.fingerprint ? ['own'] : ['own', 'system']);
    // Somebody has changed what comes with Postgres in between.
    if (reading.system === undefined && reading.fingerprint.system !== this.#system?.fingerprint) {
      reading = await this.#readParts(['own', 'system']);
    }
    this.#catalog = this.#catalogOf(reading);
    return this.#catalog;
  }

  async #readParts(parts: readonly CatalogPartName[]): Promise<Reading> {
    const { queryAll, serverVersion } = this.#session;
    this.#prepared ??= await prepare(this.#session, catalogQueries(serverVersion));
    return readParts(queryAll, this.#prepared, parts);
  }

  #catalogOf(reading: Reading): Catalog {
    const { fingerprint, system, own, attachments } = reading;
    const { serverVersion } = this.#session;
    const part = system === undefined ? this.#system?.part : indexPart(system);
    if (system !== undefined) {
      this.#system = system.isLasting && part !== undefined ? { fingerprint: fingerprint.system, part } : undefined;
    }
    const attached = part && attach(part, attachments);
    return indexCatalog(
      { ...own, version: readVersion(reading), serverVersion },
      attached === undefined || attached === part ? part : indexPart(attached),
    );
  }
}

/**
 * Has Postgres keep what is asked in each reading: to plan it takes longer than to answer it, and its text is on record
 * once. Returns what stands for the queries.
 */
async function prepare({ queryAll }: CatalogSession, { own, system }: CatalogQueries): Promise<CatalogQueries> {
  const texts: string[] = [];
  const prepared = <Queries extends { readonly [name: string]: string }>(part: string, queries: Queries): Queries => {
    const named = Object.entries(queries).map(([name, text]) => {
      texts.push(`PREPARE ${part}_${name} AS ${text}`);
      return [name, `EXECUTE ${part}_${name}`];
    });
    return Object.fromEntries(named) as Queries;
  };
  const all = {
    fingerprint: `EXECUTE ${fingerprintName}`,
    own: prepared('own', own),
    system: prepared('system', system),
  };
  await queryAll(texts);
  return all;
}
