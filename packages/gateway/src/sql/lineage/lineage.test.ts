import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { Analysis, AnalysisContext, Lineage, Sources } from '../analysis.ts';
import { catalogFixture } from '../catalog.fixture.ts';
import type { Catalog } from '../catalog.ts';
import { loadParser, type Parser } from '../parser.ts';
import { lineageOf } from './lineage.ts';

const catalog: Catalog = catalogFixture({
  relations: [
    {
      name: 'people',
      columns: ['id int4', 'email text', 'name text', 'code varchar', 'full text = upper(name)'],
      constraints: [
        { name: 'people_pkey', columns: [1] },
        { name: 'people_full_key', columns: [1, 5] },
      ],
    },
    { name: 'notes', columns: ['id int4', 'person int4', 'body text', 'made timestamptz = now()'] },
    {
      name: 'mails',
      columns: ['no int4', 'mail text', 'low text'],
      definition: `SELECT people.id, people.email, lower(people.email) FROM public.people WHERE people.name = 'x'`,
    },
    { name: 'of_mails', columns: ['mail text'], definition: 'SELECT mails.mail FROM public.mails' },
    { name: 'endless', columns: ['a text'], definition: 'SELECT endless.a FROM public.endless' },
    { name: 'blind', kind: 'view', columns: ['a text', 'b text'] },
    { name: 'leaky', columns: ['a text'], definition: 'SELECT public.mine(people.id) FROM public.people' },
    {
      name: 'keeping',
      columns: ['a text'],
      definition: `SELECT set_config('a.b', people.email, false) FROM public.people`,
    },
    {
      oid: 12_000,
      schema: 'pg_catalog',
      name: 'pg_state',
      columns: ['pid int4', 'query text'],
      definition: 'SELECT s.pid, s.query FROM pg_read_file() s(pid, query)',
    },
    { name: 'ruled', columns: ['a text'], rules: ['CREATE RULE r AS ON INSERT TO public.ruled DO INSTEAD NOTHING'] },
    { name: 'fired', columns: ['a text'], triggers: ['public.mine'] },
    { schema: 'other', name: 'people', columns: ['id int4', 'email text', 'phone text'] },
    { name: 'pair', kind: 'composite type', columns: ['one text', 'two text'] },
    { name: 'typed', columns: ['id int4', 'duo pair'] },
  ],
  functions: [
    { name: 'mine' },
    { name: 'crypt', language: 'c', volatility: 'immutable' },
    { name: 'dblink', language: 'c' },
    { name: 'mine_sum', kind: 'aggregate', language: 'internal', volatility: 'immutable', madeOf: ['public.mine'] },
    { name: 'plain_sum', kind: 'aggregate', language: 'internal', madeOf: ['pg_catalog.abs', 'public.crypt'] },
    { name: 'sleepy_sum', kind: 'aggregate', language: 'internal', madeOf: ['pg_catalog.abs', 'pg_catalog.pg_sleep'] },
    { name: 'kept_sum', kind: 'aggregate', language: 'internal', madeOf: ['pg_catalog.set_config'] },
    {
      name: 'coded_sum',
      kind: 'aggregate',
      language: 'internal',
      madeOf: ['pg_catalog.abs'],
      attached: [30_000],
    },
    { name: 'set_config', language: 'c', volatility: 'immutable' },
    { name: 'untold_sum', kind: 'aggregate', language: 'internal' },
    { name: 'lower', schema: 'other' },
    {
      schema: 'pg_catalog',
      name: 'pairs',
      builtIn: true,
      volatility: 'immutable',
      outputs: ['key', 'value'],
      returns: 'record',
    },
    { schema: 'information_schema', name: '_pg_truetypid', builtIn: true, volatility: 'immutable' },
    { schema: 'pg_catalog', name: 'records', builtIn: true, volatility: 'immutable', returns: 'record' },
  ],
  operators: [{ name: '<~>', function: 'public.mine' }],
  codeTypes: ['checked'],
});

let parser: Parser;

function context(more: Partial<AnalysisContext> = {}): AnalysisContext {
  return {
    catalog,
    searchPath: ['pg_catalog', 'public'],
    standardConformingStrings: true,
    prepared: (name) => (name === 'known' ? analysed('SELECT id, email FROM people WHERE name = $1') : undefined),
    cursor: (name) => (name === 'known' ? analysed('SELECT email FROM people ORDER BY name') : undefined),
    ...more,
  };
}

function analysed(sql: string): Analysis {
  return { lineage: lineage(sql) } as unknown as Analysis;
}

function lineage(sql: string, more: Partial<AnalysisContext> = {}): Lineage {
  const parsed = parser.parse(sql);
  if (typeof parsed === 'string') throw new Error(`${parsed}: ${sql}`);
  return lineageOf(parsed[0]?.node ?? {}, context(more));
}

/** `people.email note.body`, sorted; `?` for unknown. */
function shown(sources: Sources): string {
  if (sources === 'unknown') return '?';
  const names = Array.from(sources, (key) => {
    const [oid, number] = key.split('.').map(Number);
    const relation = catalog.relation(oid ?? 0);
    const column = relation?.columns.find((candidate) => candidate.number === number);
    return `${relation?.schema === 'other' ? 'other.' : ''}${relation?.name}.${column?.name}`;
  });
  return names.sort().join(' ');
}

/** Columns as `name=sources`, with `*` behind the name of one that is not a column's value unchanged. */
function outputs(sql: string, more: Partial<AnalysisContext> = {}): string {
  const found = lineage(sql, more).outputs;
  if (found === 'unknown') return '?';
  return found.map(({ name, sources, plain }) => `${name}${plain ? '' : '*'}=${shown(sources)}`).join(', ');
}

describe('the lineage of a statement', () => {
  before(async () => {
    parser = await loadParser();
  });

  it('lets definitions touch what event triggers may', () => {
    const triggered = { catalog: { ...catalog, eventTriggers: [1] } };
    for (const sql of [
      'CREATE TABLE t ()',
      'CREATE VIEW v AS SELECT 1',
      'SELECT 1 INTO t',
      'GRANT ALL ON people TO x',
    ]) {
      assert.equal(shown(lineage(sql, triggered).touches), '?', sql);
      assert.notEqual(shown(lineage(sql).touches), '?', sql);
    }
    assert.equal(shown(lineage('SELECT 1', triggered).touches), '');
  });

  it('tells what code of somebody’s is given that a join, a CASE or a cast calls', () => {
    const operator = { name: '=', schema: 'public', function: 'public.mine' };
    const own = catalogFixture({
      relations: [{ name: 'people', columns: ['id int4', 'email text'] }],
      functions: [{ name: 'mine' }],
      operators: [operator],
    });
    const oid = own.named('people')[0]?.oid;
    const given = (sql: string, of: Catalog): Sources | undefined => lineage(sql, { catalog: of }).given;
    for (const sql of [
      'SELECT 1 FROM people a JOIN people b USING (email)',
      'SELECT 1 FROM (SELECT email FROM people) a NATURAL JOIN (SELECT email FROM people) b',
      "SELECT CASE email WHEN 'x' THEN 1 END FROM people",
      "SELECT CASE 'x' WHEN email THEN 1 END FROM people",
    ]) {
      assert.deepEqual(given(sql, own), new Set([`${oid}.2`]), sql);
      assert.deepEqual(given(sql, catalog), new Set(), sql);
    }
  });

  it('takes conditions of row security for questions', () => {
    const condition = "((SELECT email FROM people WHERE id = 1) = 'x')";
    for (const sql of [
      `CREATE POLICY p ON notes USING ${condition}`,
      `CREATE POLICY p ON notes FOR INSERT WITH CHECK ${condition}`,
      `ALTER POLICY p ON notes USING ${condition}`,
    ])
      assert.equal(shown(lineage(sql).probes), 'people.email people.id', sql);
    assert.equal(shown(lineage('CREATE POLICY p ON notes USING (person = 1)').probes), 'notes.person');
  });

  const computing: readonly (readonly [sql: string, expected: string])[] = [
    ['SELECT email, id FROM people', ''],
    ['SELECT (SELECT email FROM people LIMIT 1), email::text FROM mails m, people', ''],
    ['SELECT low FROM mails', 'people.email'],
    ['SELECT no FROM mails', ''],
    ['SELECT 1 FROM (SELECT lower(email) FROM people) p', 'people.email'],
    ['SELECT email::int FROM people', 'people.email'],
    ['SELECT CASE WHEN id > 1 THEN email END FROM people', 'people.email people.id'],
    ['UPDATE people SET email = lower(email)', 'people.email'],
    ['EXPLAIN SELECT lower(email) FROM people', ''],
    ['EXPLAIN ANALYZE SELECT lower(email) FROM people', 'people.email'],
    ['SELECT 1 FROM keeping', 'people.email'],
  ];
  for (const [sql, expected] of computing) {
    it(`tells what ${sql} computes with`, () => {
      assert.equal(shown(lineage(sql).computes ?? 'unknown'), expected);
    });
  }

  const columns: readonly (readonly [sql: string, expected: string])[] = [
    ['SELECT id, email AS e FROM people', 'id=people.id, e=people.email'],
    ['SELECT * FROM notes', 'id=notes.id, person=notes.person, body=notes.body, made=notes.made'],
    ['SELECT p.id, n.id FROM people p, notes n', 'id=people.id, id=notes.id'],
    ['SELECT upper(email) FROM people', 'upper*=people.email'],
    ['SELECT email || name FROM people', '?column?*=people.email people.name'],
    [
      'SELECT email::varchar, email::varchar(3), code::text, id::text FROM people',
      'email=people.email, email*=people.email, code=people.code, id*=people.id',
    ],
    ['SELECT email::checked FROM people', 'email*=?'],
    ['SELECT id <~> 1, id OPERATOR(pg_catalog.+) 1 FROM people', '?column?*=?, ?column?*=people.id'],
    ['SELECT n FROM notes n', 'n*=notes.body notes.id notes.made notes.person'],
    ['SELECT (n).body, body(n), n.body FROM notes n', 'body=notes.body, body=notes.body, body=notes.body'],
    ['SELECT n.mine, mine(n) FROM notes n', 'mine*=?, mine*=?'],
    ['SELECT email FROM notes', 'email*=?'],
    ['SELECT ctid, tableoid FROM people', 'ctid*=, tableoid*='],
    ['SELECT count(email), count(*) FROM people', 'count*=, count*='],
    [
      'SELECT max(email), string_agg(name, email) FROM people',
      'max*=people.email, string_agg*=people.email people.name',
    ],
    ['SELECT mine_sum(id) FROM people', 'mine_sum*=?'],
    ['SELECT plain_sum(id) FROM people', 'plain_sum*=people.id'],
    ['SELECT coded_sum(id) FROM people', 'coded_sum*=?'],
    ['SELECT untold_sum(id) FROM people', 'untold_sum*=?'],
    ['SELECT information_schema._pg_truetypid(p) FROM people p', '_pg_truetypid*='],
    [
      'SELECT mine(id), crypt(email), dblink(id), nothing(id) FROM people',
      'mine*=?, crypt*=people.email, dblink*=?, nothing*=?',
    ],
    ['SELECT now(), random(), $1, current_user, 1', 'now*=, random*=, ?column?*=, current_user*=, ?column?*='],
    [
      `SELECT query_to_xml('x', true, false, ''), pg_read_file('x'), lo_get(1)`,
      'query_to_xml*=?, pg_read_file*=?, lo_get*=?',
    ],
    ['SELECT CASE WHEN email = $1 THEN 1 END FROM people', 'case*=people.email'],
    ['SELECT EXISTS (SELECT FROM people WHERE email = $1)', 'exists*='],
    ['SELECT id IN (SELECT person FROM notes) FROM people', '?column?*=notes.person people.id'],
    ['SELECT (SELECT email FROM people), ARRAY(SELECT email FROM people)', 'email=people.email, array*=people.email'],
    ['SELECT id FROM people UNION SELECT person FROM notes', 'id=notes.person people.id'],
    ['SELECT id FROM people UNION ALL SELECT 1', 'id*=people.id'],
    ['SELECT email FROM people EXCEPT SELECT body FROM notes', 'email=people.email'],
    ['SELECT a.x FROM (SELECT email FROM people) a(x)', 'x=people.email'],
    ['SELECT id FROM people JOIN notes USING (id)', 'id=people.id'],
    ['SELECT id FROM people FULL JOIN notes USING (id)', 'id=notes.id people.id'],
    ['SELECT x.v FROM people p, LATERAL (SELECT p.email AS v) x', 'v=people.email'],
    ['WITH people AS (SELECT body AS email FROM notes) SELECT email FROM people', 'email=notes.body'],
    [
      'WITH RECURSIVE t(a, b) AS (SELECT email, name FROM people UNION ALL SELECT b, a FROM t) SELECT a FROM t',
      'a=people.email people.name',
    ],
    ['WITH RECURSIVE t AS (SELECT * FROM t) SELECT * FROM t', '?'],
    ['SELECT * FROM mails', 'no=people.id, mail=people.email, low*=people.email'],
    ['SELECT mail FROM of_mails', 'mail=people.email'],
    ['SELECT a FROM endless', 'a*=?'],
    ['SELECT * FROM blind', 'a*=?, b*=?'],
    ['SELECT a FROM leaky', 'a*=?'],
    ['SELECT * FROM pg_state', 'pid=pg_state.pid, query=pg_state.query'],
    ['SELECT * FROM unheard_of', '?'],
    ['SELECT people.id, body FROM people, unheard_of', 'id=people.id, body*=?'],
    ['SELECT id FROM people, unheard_of', 'id=people.id'],
    ['SELECT (SELECT id FROM unheard_of) FROM people', 'id*=?'],
    ['SELECT * FROM pairs((SELECT email FROM people))', 'key*=people.email, value*=people.email'],
    ['SELECT * FROM records(1)', '?'],
    ['SELECT * FROM records((SELECT email FROM people)) AS r(a int, b text)', 'a*=people.email, b*=people.email'],
    ['SELECT k FROM records((SELECT email FROM people)) AS r(k)', 'k*=people.email'],
    ['SELECT (duo).one, (typed.duo).two FROM typed', 'one*=typed.duo, two*=typed.duo'],
    [
      `SELECT current_setting('a.b'), set_config('a.b', email, false) FROM people`,
      'current_setting*=, set_config*=people.email',
    ],
    ['VALUES (1, $1)', 'column1*=, column2*='],
    [
      'INSERT INTO notes (body) SELECT email FROM people RETURNING id, body',
      'id=notes.id, body*=notes.body people.email',
    ],
    [
      'INSERT INTO people (name) SELECT body FROM notes RETURNING "full", email',
      'full*=notes.body people.full, email=people.email',
    ],
    ['INSERT INTO ruled VALUES (1) RETURNING a', 'a*=?'],
    [
      'UPDATE notes SET body = email FROM people RETURNING body, old.body AS was',
      'body*=notes.body people.email, was=notes.body',
    ],
    ['UPDATE people SET email = lower(email) RETURNING email', 'email=people.email'],
    ['DELETE FROM notes USING people RETURNING body, email', 'body=notes.body, email=people.email'],
    [
      'MERGE INTO notes n USING people p ON n.id = p.id WHEN MATCHED THEN UPDATE SET body = email RETURNING merge_action(), p.name, body',
      'merge_action*=, name=people.name, body*=notes.body people.email',
    ],
    ['EXECUTE known(1)', 'id=people.id, email=people.email'],
    [`EXECUTE known(pg_read_file('x'))`, 'id*=?, email*=?'],
    ['EXECUTE other', '?'],
    ['FETCH ALL FROM known', 'email=people.email'],
    ['FETCH ALL FROM other', '?'],
    ['MOVE 1 FROM known', ''],
    ['DECLARE c CURSOR FOR SELECT email FROM people', ''],
    ['EXPLAIN SELECT email FROM people', 'QUERY PLAN*='],
    ['EXPLAIN SELECT mine(1)', 'QUERY PLAN*=?'],
    ['SHOW search_path', 'search_path*='],
    ['SHOW ALL', 'name*=, setting*=, description*='],
    ['COPY people (email, id) TO STDOUT', 'email=people.email, id=people.id'],
    ['COPY people TO STDOUT', 'id=people.id, email=people.email, name=people.name, code=people.code'],
    ['COPY (SELECT email FROM people) TO STDOUT', 'email=people.email'],
    ['COPY people FROM STDIN', ''],
    ['CREATE TABLE x AS SELECT email FROM people', ''],
    ['CALL anything()', '?'],
    ['DO $$ begin end $$', ''],
    ['BEGIN', ''],
    ['SET search_path = public', ''],
    ['CREATE VIEW v AS SELECT email FROM people', ''],
  ];
  for (const [sql, expected] of columns) {
    it(`shows [${expected}] by ${sql}`, () => {
      assert.equal(outputs(sql), expected);
    });
  }

  const conditions: readonly (readonly [sql: string, expected: string])[] = [
    ['SELECT id FROM people', ''],
    ['SELECT id FROM people WHERE email = $1', 'people.email'],
    ['SELECT id FROM people ORDER BY email', 'people.email'],
    ['SELECT email AS id FROM people ORDER BY id', 'people.email'],
    ['SELECT id, email FROM people ORDER BY 2', 'people.email'],
    ['SELECT count(*) FROM people GROUP BY email HAVING max(name) > $1', 'people.email people.name'],
    ['SELECT email AS x FROM people GROUP BY x', 'people.email'],
    ['SELECT DISTINCT email FROM people', 'people.email'],
    ['SELECT DISTINCT ON (name) email FROM people', 'people.name'],
    ['SELECT count(email) FROM people', 'people.email'],
    ['SELECT sum(id) FILTER (WHERE email = $1) FROM people', 'people.email'],
    ['SELECT rank() OVER (PARTITION BY email ORDER BY name) FROM people', 'people.email people.name'],
    ['SELECT rank() OVER w FROM people WINDOW w AS (ORDER BY email)', 'people.email'],
    ['SELECT id FROM people LIMIT (SELECT length(body) FROM notes LIMIT 1)', 'notes.body'],
    ['SELECT people.id FROM people JOIN notes ON email = body', 'notes.body people.email'],
    ['SELECT body FROM people JOIN notes USING (id)', 'notes.id people.id'],
    ['SELECT email FROM people UNION SELECT body FROM notes', 'notes.body people.email'],
    ['SELECT email FROM people UNION ALL SELECT body FROM notes', ''],
    ['SELECT EXISTS (SELECT FROM people WHERE email = $1)', 'people.email'],
    ['SELECT 1 FROM people, generate_series(1, length(email))', 'people.email'],
    ['SELECT pg_sleep(length(email)) FROM people', 'people.email'],
    ['SELECT no FROM mails', 'people.name'],
    ['INSERT INTO people (id) VALUES (1) ON CONFLICT (email) DO NOTHING', 'people.email'],
    ['INSERT INTO people (id) VALUES (1) ON CONFLICT ON CONSTRAINT people_pkey DO UPDATE SET id = 2', 'people.id'],
    [
      'INSERT INTO people (id) VALUES (1) ON CONFLICT ON CONSTRAINT people_full_key DO NOTHING',
      'people.full people.id',
    ],
    [
      'INSERT INTO notes (id) VALUES (1) ON CONFLICT ON CONSTRAINT other DO NOTHING',
      'notes.body notes.id notes.made notes.person',
    ],
    ['INSERT INTO nowhere VALUES (1) ON CONFLICT ON CONSTRAINT other DO NOTHING', '?'],
    ['SELECT sleepy_sum(length(email)) FROM people', 'people.email'],
    ['UPDATE people SET id = 1 WHERE email = $1', 'people.email'],
    ['DELETE FROM people WHERE email = $1', 'people.email'],
    ['EXECUTE known(1)', 'people.name'],
    ['EXPLAIN SELECT id FROM people WHERE email = $1', 'people.email'],
    ['DECLARE c CURSOR FOR SELECT id FROM people WHERE email = $1', 'people.email'],
    ['EXECUTE other', '?'],
    ['CREATE UNIQUE INDEX i ON people (lower(name), email)', 'people.email people.name'],
    ['CREATE INDEX i ON people (email)', ''],
  ];
  for (const [sql, expected] of conditions) {
    it(`depends on [${expected}] in ${sql}`, () => {
      assert.equal(shown(lineage(sql).probes), expected);
    });
  }

  const copies: readonly (readonly [sql: string, expected: string])[] = [
    ['SELECT email FROM people', ''],
    ['INSERT INTO notes (body) VALUES ($1)', ''],
    ['INSERT INTO notes (body) SELECT email FROM people', 'people.email'],
    ['INSERT INTO unheard_of SELECT email FROM people', 'people.email'],
    ['INSERT INTO notes (body) SELECT mine(1)', '?'],
    [`INSERT INTO notes (id, body[(SELECT email FROM people)]) VALUES (1, '1')`, 'people.email'],
    [
      `MERGE INTO notes n USING people p ON n.id = p.id WHEN NOT MATCHED THEN INSERT (id, body[p.email]) VALUES (p.id, '1')`,
      'people.email people.id',
    ],
    [`SELECT nextval('s_' || email) FROM people`, 'people.email'],
    ['UPDATE notes SET body = email FROM people', 'people.email'],
    ['SELECT kept_sum(email, false) FROM people', 'people.email'],
    // A function of somebody's has that name as well.
    [`SELECT set_config('a.b', email, false) FROM people`, 'people.email'],
    ['UPDATE people SET email = lower(email)', ''],
    ['UPDATE people SET name = email, id = id + 1', 'people.email'],
    ['UPDATE people SET (name, email) = (SELECT email, name FROM people)', 'people.email people.name'],
    ['INSERT INTO people (id, email) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET email = excluded.email', ''],
    [
      'INSERT INTO notes (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET body = (SELECT email FROM people)',
      'people.email',
    ],
    ['WITH w AS (INSERT INTO notes (body) SELECT email FROM people) SELECT 1', 'people.email'],
    [
      'MERGE INTO notes n USING people p ON n.id = p.id WHEN NOT MATCHED THEN INSERT (body) VALUES (p.email)',
      'people.email',
    ],
    ['CREATE TABLE x AS SELECT email FROM people', 'people.email'],
    ['SELECT email INTO x FROM people UNION SELECT body FROM notes', 'notes.body people.email'],
    ['CREATE MATERIALIZED VIEW x AS SELECT email FROM people', 'people.email'],
    ['CREATE TABLE x AS EXECUTE known(1)', 'people.email people.id'],
    ['CREATE VIEW x AS SELECT email FROM people', ''],
    [`SELECT set_config('a.b', email, false) FROM people`, 'people.email'],
    [`SELECT pg_notify('c', email), setval('s', length(name)) FROM people`, 'people.email people.name'],
    ['SELECT pg_advisory_lock(length(email)) FROM people', 'people.email'],
    ['SELECT a FROM keeping', 'people.email'],
    ['COPY people (email) TO PROGRAM $$cat$$', 'people.email'],
    ['COPY people (email) TO STDOUT', ''],
    ['ALTER TABLE notes ALTER body TYPE text USING body || id', 'notes.id'],
    ['ALTER TABLE people ADD x text GENERATED ALWAYS AS (lower(email)) STORED', 'people.email'],
    ['ALTER TABLE people ADD CHECK (email <> $$x$$)', ''],
    ['EXPLAIN INSERT INTO notes (body) SELECT email FROM people', ''],
    ['EXPLAIN ANALYZE INSERT INTO notes (body) SELECT email FROM people', 'people.email'],
    ['EXPLAIN (ANALYZE off) INSERT INTO notes (body) SELECT email FROM people', ''],
    ['DO $$ begin end $$', '?'],
    ['CALL anything()', '?'],
  ];
  for (const [sql, expected] of copies) {
    it(`keeps [${expected}] by ${sql}`, () => {
      assert.equal(shown(lineage(sql).stores), expected);
    });
  }

  const touched: readonly (readonly [sql: string, expected: string])[] = [
    ['SELECT id FROM people', 'people.id'],
    ['SELECT count(*) FROM people', ''],
    ['SELECT id FROM (SELECT id, email FROM people) p', 'people.id'],
    ['SELECT id FROM people WHERE email::int = 1', 'people.email people.id'],
    ['INSERT INTO typed (id) VALUES (1)', 'typed.duo typed.id'],
    ['INSERT INTO fired VALUES ($1)', '?'],
    ['SELECT mine(1) IS NULL', '?'],
    ['CREATE UNIQUE INDEX ON typed (id)', 'typed.duo typed.id'],
    ['TRUNCATE typed', 'typed.duo typed.id'],
    ['SELECT id FROM unheard_of', '?'],
  ];
  for (const [sql, expected] of touched) {
    it(`touches [${expected}] by ${sql}`, () => {
      assert.equal(shown(lineage(sql).touches), expected);
    });
  }

  it('takes every relation of a name for meant where the search path is not known', () => {
    const anywhere = { searchPath: undefined };
    assert.equal(outputs('SELECT email FROM people', anywhere), 'email*=other.people.email people.email');
    assert.equal(outputs('SELECT * FROM people', anywhere), '?');
    assert.equal(outputs('SELECT email FROM public.people', anywhere), 'email=people.email');
    assert.equal(outputs('SELECT lower(email) FROM public.people', anywhere), 'lower*=?');
  });

  it('takes a function of somebody for meant where one is on the search path', () => {
    const other = { searchPath: ['pg_catalog', 'other', 'public'] };
    assert.equal(outputs('SELECT lower(name) FROM public.people', other), 'lower*=?');
    assert.equal(outputs('SELECT pg_catalog.lower(name) FROM public.people', other), 'lower*=people.name');
  });

  it('knows nothing but constants without a catalog', () => {
    const blind = { catalog: undefined };
    assert.equal(outputs('SELECT email FROM people', blind), 'email*=?');
    assert.equal(outputs('SELECT * FROM people', blind), '?');
    assert.equal(outputs('SELECT lower($1), 1 + 1, $1::text, 1', blind), 'lower*=?, ?column?*=?, text*=?, ?column?*=');
    assert.equal(outputs('BEGIN', blind), '');
  });

  it('answers for the longest chain and the deepest nesting that the parser reads, or says that it cannot tell', () => {
    const deep: readonly string[] = [
      `SELECT ${'id || '.repeat(900)}email FROM people`,
      `SELECT ${'lower('.repeat(240)}email${')'.repeat(240)} FROM people`,
      `SELECT email${'::text'.repeat(900)} FROM people`,
      `SELECT ${'NOT '.repeat(1900)}(email = name) FROM people`,
      `${'SELECT * FROM ('.repeat(150)}SELECT email FROM people${') x'.repeat(150)}`,
      `SELECT ${'(SELECT '.repeat(150)}email${')'.repeat(150)} FROM people`,
      `SELECT 1${' UNION SELECT 1'.repeat(600)} UNION SELECT email FROM people`.replace(
        'SELECT 1',
        'SELECT name FROM people',
      ),
    ];
    for (const sql of deep) {
      const found = lineage(sql).outputs;
      const [first] = found === 'unknown' ? [] : found;
      const sources = first?.sources ?? 'unknown';
      assert.ok(sources === 'unknown' || shown(sources).includes('people.email'), sql.slice(0, 60));
    }
  });

  it('gives up on queries that refer to each other without end', () => {
    let sql = 'SELECT email AS a FROM people';
    for (let depth = 0; depth < 24; depth += 1) {
      sql = `WITH RECURSIVE r AS (${sql} UNION ALL SELECT a FROM r) SELECT a FROM r`;
    }
    const found = outputs(sql);
    assert.ok(found === '?' || found === 'a=people.email', found);
  });
});
