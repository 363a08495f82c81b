import type { CatalogRows } from '../../sql/catalog-index.ts';
import type { OwnSession } from '../own-session.ts';
import { attach } from './attachments.ts';
import { type CatalogFingerprint, catalogVersion, decodeFingerprint, fingerprintQuery } from './catalog-fingerprint.ts';
import { emptyPathQuery, placeQuery, settingsQuery } from './catalog-queries.ts';
import { catalogQueries, type Reading, readParts } from './read-parts.ts';

/** A session in which a catalog can be read. Its settings are its own. */
export interface CatalogSession {
  query(sql: string): Promise<(string | null)[][]>;
  /** One behind the other; the rows of each. */
  queryAll(texts: readonly string[]): Promise<(string | null)[][][]>;
  /** Asks for what `fingerprintQuery` says, again and again: the record has its text once. */
  fingerprint(): Promise<(string | null)[][]>;
  /** `server_version_num`. */
  readonly serverVersion: number;
  /** The same for sessions of the same database of the same server, until that is started anew; undefined where it does not say. */
  readonly place: string | undefined;
}

/** What `fingerprint` of a session's is prepared as. */
export const fingerprintName = 'fingerprint';

/** Makes a session of the gateway's own ready for reading, once. */
export async function prepareCatalogSession(
  session: Pick<OwnSession, 'query' | 'queryAs' | 'queryAll'>,
): Promise<CatalogSession> {
  await session.query(emptyPathQuery);
  const settings = await session.query(settingsQuery);
  // Everybody may ask, unless somebody has taken that right away.
  const place = await session.query(placeQuery).catch(() => []);
  return {
    query: (sql) => session.query(sql),
    queryAll: (texts) => session.queryAll(texts),
    fingerprint: () => session.queryAs(fingerprintName, fingerprintQuery),
    serverVersion: Number(settings[0]?.[0]),
    place: place[0]?.[0] ?? undefined,
  };
}

/** Which state the catalog is in now. */
export async function catalogFingerprint(session: Pick<CatalogSession, 'fingerprint'>): Promise<CatalogFingerprint> {
  return decodeFingerprint(await session.fingerprint());
}

/** Reads the whole catalog of the session's database, once. Rejects where Postgres would not answer. */
export async function readCatalog({
  queryAll,
  serverVersion,
}: Pick<CatalogSession, 'queryAll' | 'serverVersion'>): Promise<CatalogRows> {
  const reading = await readParts(queryAll, catalogQueries(serverVersion), ['own', 'system']);
  const { own, attachments } = reading;
  const system = attach(reading.system ?? { relations: [], functions: [] }, attachments);
  return {
    ...own,
    version: readVersion(reading),
    serverVersion,
    relations: [...own.relations, ...system.relations],
    functions: [...own.functions, ...system.functions],
  };
}

/** `Catalog.version` of what was read: where something could not be told, one that no fingerprint equals, so that it is read again. */
export function readVersion({ fingerprint, unknown }: Pick<Reading, 'fingerprint' | 'unknown'>): string {
  const version = catalogVersion(fingerprint);
  return unknown.length === 0 ? version : `${version} without ${unknown.join()}`;
}
