import type { Config } from '../../config/config.ts';
import { askGateway } from '../../control/ask-gateway.ts';
import type { ControlRequest } from '../../control/control-request.ts';
import type { Catalog } from '../../sql/catalog.ts';
import { type CatalogRows, indexCatalog } from '../../sql/catalog-index.ts';

/** The catalog of a database; or why the running gateway could not say it. */
export type ConnectedCatalog =
  | { readonly catalog: Catalog; readonly problem?: undefined }
  | { readonly catalog: undefined; readonly problem: string };

/** Asks the running gateway for the catalog of a connection's database. */
export async function connectedCatalog(
  config: Config,
  connection: string,
  database?: string,
): Promise<ConnectedCatalog> {
  const named = database === undefined || database === '' ? {} : { database };
  try {
    const request: ControlRequest = { type: 'catalog', connection, ...named };
    const rows = await askGateway<CatalogRows>(config.data, request);
    if (rows !== undefined) return { catalog: indexCatalog(rows) };
    return { catalog: undefined, problem: 'no gateway runs on this configuration' };
  } catch (error) {
    return { catalog: undefined, problem: (error as Error).message };
  }
}
