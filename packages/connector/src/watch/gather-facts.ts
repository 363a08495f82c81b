import {
  type DatabaseFacts,
  type DoctorFacts,
  doctorSettings,
  type HbaRule,
  hiddenSecret,
  type RoleFacts,
} from './doctor-facts.ts';
import type { Rows } from './poll.ts';
import { QueryError } from './query.ts';

/** What the facts are gathered for, and with. */
export interface Gathering {
  readonly connection: string;
  readonly user: string;
  readonly uses: readonly string[];
  query(sql: string): Promise<readonly Rows[]>;
}

/** insufficient_privilege */
const denied = '42501';

const serverSql = `select pg_catalog.current_setting('server_version_num'),
  (extract(epoch from pg_catalog.pg_conf_load_time()) * 1000000)::pg_catalog.int8,
  pg_catalog.host(pg_catalog.inet_client_addr()),
  (select ssl from pg_catalog.pg_stat_ssl where pid = pg_catalog.pg_backend_pid()),
  pg_catalog.has_table_privilege('pg_catalog.pg_authid', 'select');
select name, setting from pg_catalog.pg_settings where name in ('${doctorSettings.join("', '")}');
select datname, datallowconn from pg_catalog.pg_database order by datname;
select distinct usename, pg_catalog.host(client_addr) from pg_catalog.pg_stat_activity where backend_type = 'walsender'`;

/** Members of members are members; a role is never one of itself. */
const rolesSql = `with recursive membership (member, roleid) as (
  select member, roleid from pg_catalog.pg_auth_members
  union
  select membership.member, granted.roleid
  from membership join pg_catalog.pg_auth_members granted on granted.member = membership.roleid
)
select rolname, rolcanlogin, rolsuper, oid = 10, rolreplication, rolconnlimit,
  (extract(epoch from nullif(rolvaliduntil, 'infinity')) * 1000000)::pg_catalog.int8,
  (select pg_catalog.json_agg(pg_catalog.pg_get_userbyid(roleid)) from membership where member = oid)
from pg_catalog.pg_roles where rolname !~ '^pg_' order by rolname`;

const passwordsSql = 'select rolname from pg_catalog.pg_authid where rolpassword is not null';
const rulesSql = 'select pg_catalog.row_to_json(rules) from pg_catalog.pg_hba_file_rules rules';

/** Asks a server what the doctor wants to know. What the role may not read is left out and said in `limits`. */
export async function gatherFacts({ connection, user, uses, query }: Gathering): Promise<DoctorFacts> {
  const [about = [], settingRows = [], databases = [], replicas = []] = await query(serverSql);
  const [version, loadedAt, address, tls, readsPasswords] = about[0] ?? [];
  const passwords = readsPasswords === 't' ? new Set((await query(passwordsSql))[0]?.map(([name]) => name)) : undefined;
  const [roles = []] = await query(rolesSql);
  const rules = await readRules(query);
  const settings = Object.fromEntries(settingRows.map(([name = '', setting]) => [name, setting ?? '']));
  return {
    connection,
    server: { version: Number(version), loadedAt: Number(loadedAt), settings },
    via: { address: address ?? undefined, tls: tls === 't', user },
    uses,
    rules,
    roles: roles.map((row) => roleFacts(row, passwords)),
    databases: databases.map(
      ([name, allows]): DatabaseFacts => ({ name: name ?? '', allowsConnections: allows === 't' }),
    ),
    replicas: replicas.map(([name, from]) => ({ user: name ?? '', address: from ?? undefined })),
    limits: [...ruleLimits(rules, user), ...settingLimits(settings, user)],
  };
}

async function readRules(query: Gathering['query']): Promise<readonly HbaRule[] | undefined> {
  try {
    return (await query(rulesSql))[0]?.map(([json]) => hbaRule(JSON.parse(json ?? '{}')));
  } catch (error) {
    if (error instanceof QueryError && error.sqlstate === denied) return undefined;
    throw error;
  }
}

function hbaRule(row: { readonly [column: string]: unknown }): HbaRule {
  const text = (name: string): string | undefined => (typeof row[name] === 'string' ? row[name] : undefined);
  const list = (name: string): readonly string[] => (Array.isArray(row[name]) ? row[name].map(String) : []);
  return {
    file: text('file_name'),
    line: Number(row['line_number']),
    type: text('type') ?? '',
    databases: list('database'),
    users: list('user_name'),
    address: text('address'),
    netmask: text('netmask'),
    method: text('auth_method') ?? '',
    options: list('options').map(withoutSecret),
    error: text('error'),
  };
}

/** Some ways to authenticate keep a password in the line itself. */
function withoutSecret(option: string): string {
  return option.replace(/^(ldapbindpasswd|radiussecrets)=.*$/s, `$1=${hiddenSecret}`);
}

function roleFacts(row: readonly (string | null)[], passwords: ReadonlySet<unknown> | undefined): RoleFacts {
  const [name, canLogin, isSuperuser, isBootstrap, canReplicate, connectionLimit, validUntil, memberOf] = row;
  return {
    name: name ?? '',
    canLogin: canLogin === 't',
    isSuperuser: isSuperuser === 't',
    isBootstrap: isBootstrap === 't',
    canReplicate: canReplicate === 't',
    connectionLimit: Number(connectionLimit),
    validUntil: typeof validUntil === 'string' ? Number(validUntil) : undefined,
    hasPassword: passwords?.has(name),
    memberOf: typeof memberOf === 'string' ? JSON.parse(memberOf) : [],
  };
}

function ruleLimits(rules: readonly HbaRule[] | undefined, user: string): readonly string[] {
  if (rules !== undefined) return [];
  const grants = 'GRANT SELECT ON pg_hba_file_rules and GRANT EXECUTE ON FUNCTION pg_hba_file_rules()';
  return [`the role "${user}" may not read pg_hba.conf; ${grants} let it`];
}

function settingLimits(settings: { readonly [name: string]: string }, user: string): readonly string[] {
  const hidden = doctorSettings.filter((name) => settings[name] === undefined);
  if (hidden.length === 0) return [];
  return [`the role "${user}" may not read ${hidden.join(', ')}; GRANT pg_read_all_settings lets it`];
}
