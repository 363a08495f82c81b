/** How a session of Postgres begins: what its names and settings are before the client has said anything. */
export interface SessionStart {
  /** `session_user` and `current_user`. */
  readonly user: string;
  readonly role: string;
  /** Value of `search_path`. */
  readonly searchPath: string;
  readonly standardConformingStrings: boolean;
  /** The schema of its temporary tables, whether it has any or not: `pg_temp_7`. */
  readonly temporarySchema: string;
  /** Settings that are its own: the client's, the role's and the database's. Names in lower case. */
  readonly settings: { readonly [name: string]: string };
}

/**
 * To be run in the session itself, before the client is greeted; one row with one column for `readSessionStart`. The
 * session's own search_path is in force: every function, type and operator is qualified, so that nothing of somebody's is
 * called. It comes as the hexadecimal form of UTF-8, whatever the client_encoding is. A backend's number, by which its
 * temporary schema is called, is in its virtual transaction.
 */
export const sessionStartQuery = `SELECT pg_catalog.encode(pg_catalog.convert_to(pg_catalog.json_build_object(
  'user', session_user, 'role', current_user,
  'searchPath', pg_catalog.current_setting('search_path'),
  'strings', pg_catalog.current_setting('standard_conforming_strings'),
  'transaction', (SELECT l.virtualtransaction FROM pg_catalog.pg_locks l
    WHERE l.pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid() LIMIT 1),
  'settings', (SELECT pg_catalog.json_object_agg(pg_catalog.lower(s.name), s.setting) FROM pg_catalog.pg_settings s
    WHERE s.source OPERATOR(pg_catalog.=)
      ANY ('{client,user,database,"database user",global,session}'::pg_catalog.text[]))
)::pg_catalog.text, 'UTF8'), 'hex') /* onrecord: how the session begins */`;

/** What the query's one value says. Throws an Error when it is not what the query returns. */
export function readSessionStart(hex: string | null | undefined): SessionStart {
  const bytes = Uint8Array.from(hex?.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  const said = JSON.parse(new TextDecoder().decode(bytes)) as {
    readonly user: string;
    readonly role: string;
    readonly searchPath: string;
    readonly strings: string;
    readonly transaction: string;
    readonly settings: { readonly [name: string]: string } | null;
  };
  const [backend] = said.transaction.split('/');
  return {
    user: said.user,
    role: said.role,
    searchPath: said.searchPath,
    standardConformingStrings: said.strings !== 'off',
    temporarySchema: `pg_temp_${backend}`,
    settings: said.settings ?? {},
  };
}
