import { Admin } from '../support/admin.ts';
import type { Postgres } from '../support/postgres.ts';
import { ownerRole, shopSchema } from './shop.ts';

const template = 'shop';

/** A database of the corpus, with a session of the superuser's on it. */
export interface ShopDatabase {
  readonly name: string;
  readonly admin: Admin;
}

/** Copies of the shop's database: a case gets the last one when nothing has changed in it, otherwise a new one. */
export class ShopDatabases {
  readonly #postgres: Postgres;
  readonly #admin: Admin;
  readonly #maker: Admin;
  readonly #pids: number[];
  #last: ShopDatabase | undefined;
  #fingerprint = '';
  /** Whose writes were visible when it was last seen that everything is as it was made. */
  #snapshot = '';
  #newest = '0';
  #made = 0;
  #next: Promise<string>;

  private constructor(postgres: Postgres, admin: Admin, maker: Admin) {
    this.#postgres = postgres;
    this.#admin = admin;
    this.#maker = maker;
    this.#pids = [admin.pid, maker.pid];
    this.#next = this.#copy();
  }

  static async make(postgres: Postgres): Promise<ShopDatabases> {
    const admin = await Admin.login(postgres);
    await admin.query(
      `create role ${ownerRole} login password '${postgres.password}' createrole
         in role pg_read_all_stats, pg_read_all_settings`,
    );
    await admin.query(`create database ${template} owner ${ownerRole}`);
    const owner = await Admin.login({ ...postgres, user: ownerRole, database: template });
    await owner.query(shopSchema);
    owner.close();
    await admin.waitFor(`select count(*) = 0 from pg_stat_activity where datname = '${template}'`);
    const databases = new ShopDatabases(postgres, admin, await Admin.login(postgres));
    databases.#pids.push(owner.pid);
    return databases;
  }

  /** Backends of sessions of its own. */
  get pids(): readonly number[] {
    return this.#pids;
  }

  /** One in which everything is as it was made. `fresh`: nobody has been connected to it before. */
  async clean({ fresh }: { readonly fresh: boolean }): Promise<ShopDatabase> {
    const last = this.#last;
    if (last !== undefined && !fresh && (await this.#isClean(last))) return last;
    last?.admin.close();
    const name = await this.#next;
    this.#next = this.#copy();
    const database = { name, admin: await Admin.login({ ...this.#postgres, database: name }) };
    this.#pids.push(database.admin.pid);
    this.#last = database;
    this.#snapshot = await snapshot(database.admin);
    this.#fingerprint = await fingerprint(database.admin);
    this.#newest = await newest(database.admin);
    return database;
  }

  /** What was made is dropped; what was changed stays so, and shows. */
  async #isClean({ admin }: ShopDatabase): Promise<boolean> {
    if ((await snapshot(admin)) === this.#snapshot) return true;
    await admin.query(dropNew(this.#newest));
    const now = await snapshot(admin);
    if ((await fingerprint(admin)) !== this.#fingerprint) return false;
    this.#snapshot = now;
    return true;
  }

  /** One is always made ahead. */
  async #copy(): Promise<string> {
    const name = `shop_${this.#made}`;
    this.#made += 1;
    await this.#maker.query(`create database ${name} template ${template} owner ${ownerRole}`);
    return name;
  }

  /** Waits until the sessions of these backends are over. */
  async gone(pids: readonly number[]): Promise<void> {
    const list = ['0', ...pids.map(String)].join(', ');
    await this.#admin.waitFor(`select count(*) = 0 from pg_stat_activity where pid in (${list})`);
  }

  /** A text that the server's log holds when it holds all that was run before. */
  async mark(): Promise<string> {
    const mark = `the end of the log ${process.hrtime.bigint()}`;
    await this.#admin.query(`select '${mark}'`);
    return mark;
  }

  async close(): Promise<void> {
    await this.#next;
    this.#last?.admin.close();
    this.#maker.close();
    this.#admin.close();
  }
}

/** Objects that are dropped by `pg_identify_object`'s words for them, those first that others depend on. */
const kinds: readonly string[] = [
  'pg_extension',
  'pg_event_trigger',
  'pg_foreign_server',
  'pg_rewrite',
  'pg_trigger',
  'pg_policy',
  'pg_class',
  'pg_cast',
  'pg_operator',
  'pg_proc',
  'pg_type',
  'pg_statistic_ext',
  'pg_namespace',
];

/** The OID after which everything is somebody's who tried. */
async function newest(admin: Admin): Promise<string> {
  const greatest = kinds.map((kind) => `(select coalesce(max(oid), 0) from ${kind})`).join(', ');
  return (await admin.query(`select greatest(${greatest})`))[0]?.[0] ?? '0';
}

function dropNew(than: string): string {
  const found = kinds.map(
    (kind, at) => `select ${at} as place, '${kind}'::regclass as class, oid from ${kind} where oid > ${than}`,
  );
  return `do $$ declare one record; found record; begin
    perform lo_unlink(oid) from pg_largeobject_metadata;
    for one in select * from (${found.join(' union all ')}) f order by place loop
      begin
        select * into found from pg_identify_object(one.class, one.oid, 0);
        continue when found.type is null;
        execute format('drop %s if exists %s cascade', found.type, found.identity);
      exception when others then null;
      end;
    end loop;
  end $$`;
}

/** Says which transactions' writes are visible. While it stays the same no row is another, and a fingerprint, which costs much more, cannot be. */
async function snapshot(admin: Admin): Promise<string> {
  return (await admin.query('select pg_current_snapshot()'))[0]?.[0] ?? '';
}

/** Differs when anything is different: rows, definitions, large objects, settings of roles and databases. */
async function fingerprint(admin: Admin): Promise<string> {
  const catalogs = ['pg_class', 'pg_attribute', 'pg_proc', 'pg_type', 'pg_rewrite', 'pg_trigger', 'pg_namespace'];
  const others = ['pg_operator', 'pg_cast', 'pg_attrdef', 'pg_constraint', 'pg_extension', 'pg_db_role_setting'];
  const more = [
    'pg_largeobject_metadata',
    'pg_foreign_server',
    'pg_statistic',
    'pg_policy',
    'pg_authid',
    'pg_inherits',
  ];
  const tables = ['customers', 'invoices', 'payments', 'wishes', 'payment_wishes', 'cleanups', 'notices', 'tickets'];
  const sums = [...catalogs, ...others, ...more, ...tables]
    .map((name) => `(select count(*) || '.' || coalesce(sum(xmin::text::bigint), 0) from ${name})`)
    .join(', ');
  return admin.query(`select ${sums}`).then(
    ([row]) => row?.join(' ') ?? '',
    // A table of it is not there any more.
    (error: Error) => `changed: ${error.message}`,
  );
}
