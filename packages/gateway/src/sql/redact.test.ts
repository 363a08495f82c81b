import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { redactPasswords } from './redact.ts';

const redact = (sql: string, standardConformingStrings = true): string | undefined =>
  redactPasswords(sql, standardConformingStrings);

/** Each text holds `hunter2` where a password stands; without it, it reads as expected. */
function masks(cases: readonly (string | readonly [string, string])[]): void {
  for (const entry of cases) {
    const [sql, expected] = typeof entry === 'string' ? [entry, entry.replaceAll('hunter2', '***')] : entry;
    assert.equal(redact(sql), expected, sql);
  }
}

describe('redactPasswords', () => {
  test('masks the passwords of roles', () => {
    masks([
      "CREATE ROLE bob LOGIN PASSWORD 'hunter2'",
      "create user bob with encrypted password 'hunter2' valid until '2030-01-01'",
      "ALTER USER bob UNENCRYPTED PASSWORD'hunter2'",
      "alter role \"bob\" PaSsWoRd 'hunter2' connection limit 3; select 'x'",
      "create group g password 'hunter2'",
      "ALTER ROLE bob PASSWORD /* the 'new' one */ -- for bob\n 'hunter2'",
      "alter role password password 'hunter2'",
    ]);
  });

  test('leaves what is no password', () => {
    for (const sql of [
      'select 1',
      'alter role bob password null',
      'alter role password set work_mem to 5',
      "select password, 'x' from users where password = 'abc'",
      "insert into users (name, password) values ('bob', 'abc')",
      'select passwd, password_hash from users where id = $1',
      "select 'the password is unknown'",
      "select 'https://example.org/a:b@c'",
      "select 'no user://here' || 'x@y'",
      "select $$ update users set password = crypt(password, gen_salt('bf')) where token = 'x' $$",
      "update t set note = 'password reset requested'",
      "execute 'select * from users where password=$1' using x",
      '-- where is the password?\nselect 1',
    ]) {
      assert.equal(redact(sql), undefined, sql);
    }
  });

  test('masks every form of literal, and keeps its delimiters', () => {
    masks([
      ["alter role b password E'a\\'b\\\\' login", "alter role b password E'***' login"],
      ["alter role b password 'a''b' login", "alter role b password '***' login"],
      ["alter role b password U&'a\\0061' uescape '!'", "alter role b password U&'***' uescape '!'"],
      ["alter role b password $$a'b$$ login", 'alter role b password $$***$$ login'],
      ['alter role b password $x$a$$b$x$ login', 'alter role b password $x$***$x$ login'],
      ["alter role b password 'one'\n 'two' -- x\n\t'three' login", "alter role b password '***' login"],
      ["alter role b password N'a' login", 'alter role b password *** login'],
    ]);
  });

  test('masks to the end of the text what does not end', () => {
    masks([
      ["alter role b password 'hunter2 valid until", "alter role b password '***"],
      ['alter role b password $a$hunter2 $$', 'alter role b password $a$***'],
      ["alter role b password E'hunter2\\'", "alter role b password E'***"],
    ]);
  });

  test('masks a password that is no literal, where only a password can stand', () => {
    masks([
      'alter role b password hunter2',
      'alter role b with password "hunter2" login',
      'alter role b password hunter2; select 1',
      ['create user b password 12345abc login', 'create user b password *** login'],
      "alter role b password = 'hunter2'",
      "create user password 'hunter2'",
    ]);
  });

  test('masks the options of user mappings and servers', () => {
    masks([
      "create user mapping for b server s options (user 'x', password 'hunter2')",
      "alter user mapping for b server s options (set password 'hunter2', add \"sslpassword\" 'hunter2')",
      "create server s foreign data wrapper w options (host 'h', \"password\" 'hunter2', port '1')",
      'alter server s options (add passwd $$hunter2$$)',
    ]);
  });

  test('masks conninfo strings', () => {
    masks([
      "create subscription s connection 'host=h password=hunter2 dbname=d' publication p",
      "alter subscription s connection 'password = hunter2  host = h'",
      [
        "alter subscription s connection 'password = ''it\\''s it'' host = h'",
        "alter subscription s connection 'password = *** host = h'",
      ],
      "select dblink_connect('c', 'host=h user=u password=hunter2')",
      "select dblink($$host=h password=hunter2$$, 'select 1')",
      "alter system set primary_conninfo = E'host=h\\tpassword=hunter2\\tuser=u'",
      "copy t from program 'PGPASSWORD=hunter2 psql -h h'",
    ]);
  });

  test('masks passwords in URLs', () => {
    masks([
      "create subscription s connection 'postgres://u:hunter2@h:5432/d?sslmode=require' publication p",
      "select dblink_connect('postgresql://u:hunter2@h,i/d')",
      "select dblink_connect('postgresql://h/d?user=u&password=hunter2&sslmode=require')",
      ["select 'x://u:a@b@h/d'", "select 'x://u:***@h/d'"],
      ["select 'x://u:a''b@h/d'", "select 'x://u:***@h/d'"],
      '-- postgres://u:hunter2@h/d\nselect 1',
    ]);
  });

  test('looks into bodies and strings that hold SQL', () => {
    masks([
      "do $$ begin create role b password 'hunter2'; end $$",
      "create function f() returns void language plpgsql as $f$ begin execute 'alter role b password ''hunter2'''; end $f$",
      "create function f() returns void language sql as 'alter role b password ''hunter2'''",
      'do $$ begin execute $e$ alter role b password $p$hunter2$p$ $e$; end $$',
      "do E'begin alter role b password \\'hunter2\\'; end'",
      "do $$ begin perform dblink_connect('host=h password=hunter2'); end $$",
      "/* alter role b password 'hunter2' */ select 1",
      "select 1 -- alter role b password 'hunter2'\n",
    ]);
  });

  test('follows format() and || to the password, best effort', () => {
    masks([
      "do $$ begin execute format('alter role %I password %L', 'bob', 'hunter2'); end $$",
      "do $$ begin execute format('alter role %2$I password %1$L valid until %3$L', 'hunter2', 'bob', 'x'); end $$",
      "do $$ begin execute 'alter role b password ' || quote_literal('hunter2'); end $$",
      "do $$ begin execute 'alter role b password ''' || 'hunter2' || ''''; end $$",
      "select dblink_connect('host=h password=' || 'hunter2')",
    ]);
    assert.equal(
      redact("do $$ begin execute 'alter role b password ''' || pw || ''' valid until ''x'''; end $$"),
      undefined,
    );
  });

  test('masks with strings that escape by backslash', () => {
    assert.equal(redact("alter role b password 'a\\'b' login", false), "alter role b password '***' login");
    assert.equal(redact("alter role b password 'a\\' login", true), "alter role b password '***' login");
  });

  test('masks whole what is nested too deep to follow', () => {
    let sql = "alter role b password 'hunter2'";
    for (let level = 0; level < 12; level += 1) sql = `do $l${level}$ ${sql} $l${level}$`;
    assert.ok(!redact(sql)?.includes('hunter2'));
  });

  test('keeps everything around the password, in any context', () => {
    const context = fc.stringMatching(/^[a-z0-9 ,()=\n]*$/);
    const secret = fc.stringMatching(/^[A-Z0-9!#%^&*()+=~\u00e9 -]{1,20}$/);
    fc.assert(
      fc.property(context, secret, context, (before, password, after) => {
        const sql = `${before} password '${password}' ${after}`;
        assert.equal(redact(sql), `${before} password '***' ${after}`);
      }),
      { numRuns: 500 },
    );
  });

  test('never throws, and never shows a password that a literal holds behind PASSWORD', () => {
    const noise = fc.array(
      fc.constantFrom(
        '$$',
        "'x'",
        '"y"',
        '(',
        ')',
        ',',
        ';',
        '/* c */',
        '-- d\n',
        'password',
        ' ',
        '\\',
        '||',
        'format(',
        '%L',
        '://',
      ),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(noise, noise, (before, after) => {
        redact(before.join(''));
        const sql = `/* */ alter role b password 'SECRET' ${after.join('')}`;
        assert.ok(!redact(sql)?.includes('SECRET'));
        redact(`${before.join('')} alter role b password 'SECRET'`);
      }),
      { numRuns: 2_000 },
    );
  });

  test('takes time in proportion to the text', () => {
    const hostile = [
      'a= '.repeat(50_000),
      '://a:'.repeat(50_000),
      "password=' ".repeat(30_000),
      'password '.repeat(30_000),
      "'password ".repeat(30_000),
      '/*password '.repeat(20_000),
      "format('password %L',".repeat(5_000),
    ];
    for (const text of hostile) {
      const before = performance.now();
      redact(`select '${text} password=`);
      redact(`select $$ ${text} password= $$`);
      assert.ok(performance.now() - before < 3_000, text.slice(0, 20));
    }
  });
});
