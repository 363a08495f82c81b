import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Sources } from '../analysis.ts';
import { catalogFixture, type FunctionSpec } from '../catalog.fixture.ts';
import { analysisOf } from './analysis.fixture.ts';

/** Where what a function shows comes from, when it is given `id` of `people`. */
function shown(functions: readonly FunctionSpec[], call = 'f(id)', sql = `select ${call} from people`): Sources {
  const catalog = catalogFixture({
    relations: [
      { name: 'people', columns: ['id int4', 'email text'] },
      { name: 'numbered', columns: ['n int4'], definition: 'SELECT public.f(people.id) AS n FROM public.people' },
    ],
    functions: functions.map((one) => ({ language: 'plpgsql', returns: 'int4', ...one })),
    operators: [{ name: '+++', function: 'public.f' }],
    codeTypes: ['checked'],
  });
  const { outputs } = analysisOf(sql, { catalog }).lineage;
  return outputs === 'unknown' ? outputs : (outputs[0]?.sources ?? assert.fail());
}

const id = new Set(['20000.1']);

describe('a function that has nothing to show but its arguments', () => {
  const bodies: { readonly [body: string]: Partial<FunctionSpec> } = {
    'begin return $1 + 1; end': {},
    'select $1 + 1': { language: 'sql' },
    'select upper(x) from unnest(array[$1]) x': { language: 'sql' },
    'declare n int := 0; begin while n < $1 loop n := n + 1; end loop; return n; end': {},
    "begin if $1 > 1 then raise exception 'too large: %', $1; end if; return coalesce($1, 0); end": {},
    "declare r int; begin execute 'select 1' into r; return r; end": {},
    'begin return f($1 - 1); end': {},
    'begin return random() * $1; end': { volatility: 'volatile' },
  };
  for (const [body, spec] of Object.entries(bodies)) {
    test(`shows what it is given: ${body}`, () => {
      assert.deepEqual(shown([{ name: 'f', body, ...spec }]), id);
    });
  }

  test('as an operator, in FROM, and in a view', () => {
    const f = [{ name: 'f', body: 'begin return $1; end' }];
    assert.deepEqual(shown(f, 'id +++ 1'), id);
    assert.deepEqual(shown(f, '', 'select x from people, f(id) x'), id);
    assert.deepEqual(shown(f, '', 'select n from numbered'), id);
  });

  test('by another one that is like it', () => {
    assert.deepEqual(
      shown([
        { name: 'f', body: 'begin return g($1); end' },
        { name: 'g', body: 'begin return $1; end' },
      ]),
      id,
    );
  });

  test('makes rows depend on them, as it may return none', () => {
    const catalog = catalogFixture({
      relations: [{ name: 'people', columns: ['id int4'] }],
      functions: [{ name: 'f', language: 'sql', body: 'select $1' }],
    });
    assert.deepEqual(analysisOf('select f(id) from people', { catalog }).lineage.probes, id);
  });
});

describe('a function that may show more', () => {
  const others: readonly FunctionSpec[] = [
    { name: 'reads', body: 'begin return (select max(id) from public.people); end' },
    { name: 'writes', body: 'begin delete from public.people; return 1; end' },
    { name: 'inC', language: 'c', volatility: 'volatile' },
    { name: 'immutable_aggregate', kind: 'aggregate', language: 'internal', volatility: 'immutable' },
  ];
  const bodies: { readonly [body: string]: Partial<FunctionSpec> } = {
    'begin return (select max(email) from public.people); end': {},
    'begin return (select query from pg_stat_activity); end': {},
    "begin return query_to_xml('select email from people', true, true, ''); end": {},
    "begin return pg_read_file('x'); end": {},
    'begin return current_query(); end': {},
    "declare c refcursor := 'c'; r int; begin fetch c into r; return r; end": {},
    'declare r int; c cursor for select 1; begin open c; fetch c into r; return r; end': {},
    'begin execute x; end': {},
    'begin return nobody($1); end': {},
    'begin return reads(); end': {},
    'begin return writes(); end': {},
    'begin return in_c(); end': {},
    'begin return "inC"(); end': {},
    'begin return immutable_aggregate($1); end': {},
    "begin perform set_config('a.b', $1, false); return 1; end": {},
    'begin return $1::checked; end': {},
    'begin return $1; end': { defaults: { expressions: 'public.reads()', parameters: 2 } },
    'begin return 1; end': { attached: [30_001] },
    'begin insert into public.people values (1); return 1; end': {},
    'begin create temp table t (a int); return 1; end': {},
    'this is no code': {},
    'select 1; delete from public.people': { language: 'sql' },
    print: { language: 'plpython3u' },
  };
  for (const [body, spec] of Object.entries(bodies)) {
    test(`shows anything: ${body}`, () => {
      assert.equal(shown([{ name: 'f', body, ...spec }, ...others]), 'unknown');
    });
  }

  test('is meant by the name of one that does not, as far as the path tells', () => {
    const f: FunctionSpec = { name: 'f', body: 'begin return $1; end' };
    assert.equal(shown([f, { name: 'f', body: 'begin return (select max(id) from public.people); end' }]), 'unknown');
  });

  test('stands in front of one of Postgres, where nothing says what is in front', () => {
    const f: FunctionSpec = { name: 'f', body: 'begin return lower($1); end' };
    const lower: FunctionSpec = { name: 'lower', schema: 'other', body: 'begin return reads(); end' };
    assert.equal(shown([f, lower, ...others]), 'unknown');
    assert.deepEqual(shown([{ ...f, settings: ['search_path=public'] }, lower, ...others]), id);
  });
});
