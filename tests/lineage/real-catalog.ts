import pg from 'pg';
import { prepareCatalogSession, readCatalog } from '../../packages/gateway/src/net/catalog/read-catalog.ts';
import type { Catalog } from '../../packages/gateway/src/sql/catalog.ts';
import { indexCatalog } from '../../packages/gateway/src/sql/catalog-index.ts';
import type { Target } from '../support/target.ts';

/** The catalog of a real database, read as the gateway reads it. */
export async function realCatalog(client: pg.Client): Promise<Catalog> {
  const query = async (text: string): Promise<(string | null)[][]> => {
    const asText = { getTypeParser: () => (value: string) => value } as unknown as pg.CustomTypesConfig;
    return (await client.query({ text, rowMode: 'array', types: asText })).rows as (string | null)[][];
  };
  const queryAll = async (texts: readonly string[]): Promise<(string | null)[][][]> => {
    const results: (string | null)[][][] = [];
    for (const text of texts) results.push(await query(text));
    return results;
  };
  const session = await prepareCatalogSession({ query, queryAll, queryAs: (_name, sql) => query(sql) });
  const catalog = indexCatalog(await readCatalog(session));
  // The reading left settings of its own behind.
  await client.query('RESET ALL');
  return catalog;
}

/** Opens a session; the caller ends it. */
export async function openClient({ host, port, user, password, database }: Target): Promise<pg.Client> {
  const client = new pg.Client({ host, port, user, password, database, ssl: false });
  await client.connect();
  return client;
}
