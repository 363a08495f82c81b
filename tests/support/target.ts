/** Something that speaks Postgres to clients: a server itself, or what stands in front of one. */
export interface Target {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/** The same as libpq's environment, for programs that are started. */
export function libpqEnvironment(target: Target): { readonly [name: string]: string } {
  return {
    PGHOST: target.host,
    PGPORT: String(target.port),
    PGUSER: target.user,
    PGPASSWORD: target.password,
    PGDATABASE: target.database,
    PGCONNECT_TIMEOUT: '10',
    PGTZ: 'UTC',
  };
}
