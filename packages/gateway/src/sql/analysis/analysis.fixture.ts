import type { Analysis, AnalysisContext, Command } from '../analysis.ts';
import { catalogFixture } from '../catalog.fixture.ts';
import type { Catalog } from '../catalog.ts';
import { loadParser } from '../parser.ts';
import { createAnalyzer } from './analyze.ts';

/** A shop with whatever hides a write: views, partitions, triggers, rules, functions in several languages. */
export const shop: Catalog = catalogFixture({
  relations: [
    { name: 'customers', columns: ['id int4', 'name text', 'email text'] },
    {
      name: 'payments',
      kind: 'partitioned table',
      columns: [`id int8 = nextval('public.payments_id_seq'::regclass)`, 'customer int4', 'amount numeric'],
    },
    { name: 'payments_2024', columns: ['id int8', 'customer int4', 'amount numeric'], parents: ['public.payments'] },
    {
      name: 'payments_2024_q1',
      columns: ['id int8', 'customer int4', 'amount numeric'],
      parents: ['public.payments_2024'],
    },
    { name: 'payments_id_seq', kind: 'sequence', columns: ['last_value int8'] },
    { name: 'orders', columns: ['id int4', 'total numeric'], triggers: ['public.log_order'] },
    { name: 'log', columns: ['at timestamptz', 'what text'] },
    {
      name: 'noted',
      columns: ['x int4'],
      rules: ['CREATE RULE r AS ON INSERT TO public.noted DO ALSO DELETE FROM public.log WHERE (what = (new.x)::text)'],
    },
    { name: 'computed', columns: ['x int4', 'y int4 = public.pure(x)', 'z int4 = public.wipe()'] },
    {
      name: 'contacts',
      columns: ['id int4', 'mail text'],
      definition: `SELECT c.id, c.email AS mail FROM public.customers c WHERE (c.name <> 'x'::text)`,
    },
    { name: 'mails', columns: ['mail text'], definition: 'SELECT contacts.mail FROM public.contacts' },
    { name: 'wiping', columns: ['wipe int4'], definition: 'SELECT public.wipe() AS wipe' },
    {
      name: 'summary',
      kind: 'materialized view',
      columns: ['n int8'],
      definition: 'SELECT count(*) AS n, public.wipe() AS w FROM public.customers',
    },
    { name: 'guarded', columns: ['x int4'], attached: ['public.visible'] },
    { name: 'locked', columns: ['x int4 = '], rules: [''] },
    { name: 'remote', kind: 'foreign table', columns: ['x int4'] },
    { name: 'pg_toast_20000', schema: 'pg_toast', kind: 'toast table', columns: ['chunk_data bytea'] },
    { name: 'customers', schema: 'archive', columns: ['id int4'] },
    { name: 'loop_a', columns: ['x int4'], definition: 'SELECT loop_b.x FROM public.loop_b' },
    { name: 'loop_b', columns: ['x int4'], definition: 'SELECT loop_a.x FROM public.loop_a' },
  ],
  functions: [
    {
      name: 'log_order',
      language: 'plpgsql',
      returns: 'trigger',
      body: 'begin insert into public.log values (now(), tg_op); return new; end',
    },
    { name: 'wipe', language: 'plpgsql', returns: 'int4', body: 'begin delete from public.orders; return 1; end' },
    {
      name: 'wipe_one',
      language: 'sql',
      returns: 'int4',
      body: 'delete from public.orders where id = $1 returning id',
    },
    { name: 'pure', language: 'sql', volatility: 'immutable', returns: 'int4', body: 'select $1 + 1' },
    { name: 'lying', language: 'sql', volatility: 'immutable', returns: 'int4', body: 'select public.wipe()' },
    {
      name: 'atomic',
      language: 'sql',
      returns: 'int4',
      body: 'BEGIN ATOMIC\n SELECT customers.id FROM public.customers;\n UPDATE public.orders SET total = 0;\nEND',
    },
    {
      name: 'returned',
      language: 'sql',
      returns: 'text',
      body: 'RETURN (SELECT max(c.email) FROM public.customers c)',
    },
    { name: 'dynamic', language: 'plpgsql', body: `begin execute 'delete from ' || quote_ident($1); end` },
    { name: 'constant', language: 'plpgsql', body: `begin execute 'delete from public.orders' using 1; end` },
    { name: 'setting', language: 'plpgsql', body: `begin perform set_config('search_path', 'x', false); end` },
    { name: 'committing', kind: 'procedure', language: 'plpgsql', body: 'begin commit; end' },
    { name: 'ping', language: 'plpgsql', body: 'begin return pong(); end' },
    {
      name: 'pong',
      language: 'plpgsql',
      body: 'begin perform ping(); update public.orders set total = 1; return 1; end',
    },
    { name: 'python', language: 'plpython3u', returns: 'int4' },
    { name: 'hidden', language: 'plpgsql' },
    { name: 'native', language: 'c', volatility: 'immutable' },
    { name: 'native_volatile', language: 'c' },
    { name: 'dblink', language: 'c' },
    { name: 'uuid_generate_v4', language: 'c' },
    { name: 'total_of', kind: 'aggregate', language: 'internal', volatility: 'immutable' },
    {
      name: 'pathed',
      language: 'plpgsql',
      settings: ['work_mem=1MB', 'search_path=archive, "public"'],
      body: 'begin delete from customers; end',
    },
    { name: 'backslash', language: 'plpgsql', body: `begin return '\\'; end` },
    { name: 'pathless', language: 'plpgsql', body: 'begin delete from customers; end' },
    { name: 'visible', language: 'plpgsql', returns: 'bool', body: 'begin perform wipe(); return true; end' },
  ],
  operators: [{ name: '~~~', function: 'public.wipe' }],
  codeTypes: ['checked'],
});

/** A session in `public` with nothing prepared. */
export const session: AnalysisContext = {
  catalog: shop,
  searchPath: ['pg_catalog', 'public'],
  standardConformingStrings: true,
  prepared: () => undefined,
  cursor: () => undefined,
};

export const analyze = createAnalyzer(await loadParser());

/** The analysis of a statement that has one. */
export function analysisOf(sql: string, context: Partial<AnalysisContext> = {}): Analysis {
  const analysis = analyze(sql, { ...session, ...context });
  if ('why' in analysis) throw new Error(`${sql}: ${analysis.why}`);
  return analysis;
}

/** A command in a line: `delete (WITH d) reads a writes b calls f: write blind`. `public` goes without saying. */
export function line(command: Command): string {
  const { kind, via, reads, writes, functions } = command;
  const flags = [
    command.isWrite ? 'write' : '',
    command.isDdl ? 'ddl' : '',
    command.isOpaque ? 'opaque' : '',
    command.isOutside ? 'outside' : '',
    !command.hasWhere && kind !== 'select' ? 'blind' : '',
  ].filter((flag) => flag !== '');
  return [
    kind,
    via === undefined ? '' : ` (${via})`,
    said('reads', reads),
    said('writes', writes),
    said('calls', functions),
    flags.length === 0 ? '' : `: ${flags.join(' ')}`,
  ].join('');
}

function said(verb: string, names: readonly string[]): string {
  return names.length === 0 ? '' : ` ${verb} ${names.map((name) => name.replace(/^public\./, '')).join(', ')}`;
}

/** The commands of a statement, a line each. */
export function lines(sql: string, context: Partial<AnalysisContext> = {}): readonly string[] {
  return analysisOf(sql, context).commands.map(line);
}
