import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { parserFor } from './older-server.ts';
import { loadParser, type Parser } from './parser.ts';

describe('what has become grammar since a server was made', () => {
  let parser: Parser;
  before(async () => {
    parser = await loadParser();
  });
  const tree = (sql: string, version?: number): unknown => {
    const server = version === undefined ? undefined : { serverVersion: version };
    const parsed = parserFor(parser, server).parse(sql);
    return JSON.parse(JSON.stringify(parsed, (key, value) => (/^(location|length)$/.test(key) ? undefined : value)));
  };
  /** What the word is to an old server, it is to every server in quotes. */
  const isName = (text: string, version: number): void => {
    const quoted = text.replace(/\b(json\w*|merge_action|system_user)\b/gi, (name) => `"${name.toLowerCase()}"`);
    assert.deepEqual(tree(text, version), tree(quoted), text);
  };

  const until17 = [
    "select json_scalar('x'), JSON_SERIALIZE(a), json(b::text), 1 + json_value(a, b) from t",
    "insert into t select json_query(json_scalar(a), '$') where json_exists(a, 'x')",
    'select * from json_scalar(1) s',
    'select merge_action()',
  ];
  const until16 = [
    'select json_array(a, b), json_array(), json_object(), json_object(a), json_object(k => a, v => b)',
    'select json_arrayagg(a order by b) filter (where c) over (partition by d) from t',
    'select system_user || a from t where system_user is null',
    'select * from t, system_user',
    'select x from system_user x',
  ];

  it('is a name to one before 17', () => {
    for (const text of until17) for (const version of [130_023, 150_018, 160_014]) isName(text, version);
  });

  it('is a name to one before 16', () => {
    for (const text of until16) for (const version of [130_023, 150_018]) isName(text, version);
  });

  it('is what the grammar says to others', () => {
    for (const text of [...until17, ...until16])
      for (const version of [170_000, 180_004]) assert.deepEqual(tree(text, version), tree(text));
    for (const text of until16) assert.deepEqual(tree(text, 160_014), tree(text));
  });

  it('is not what is qualified', () => {
    for (const text of ['select pg_catalog.system_user()', 'select public.json_scalar(a)'])
      assert.deepEqual(tree(text, 150_018), tree(text));
  });

  it('is found however deep it stands', () => {
    const deep = `select ${'('.repeat(300)}json_scalar(a)${')'.repeat(300)} ${'+ 1'.repeat(300)}`;
    isName(deep, 150_018);
  });
});
