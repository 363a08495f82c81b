import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { backendTag, type FrontendMessage } from '@onrecord/wire';
import { askGateway } from '../../packages/gateway/src/control/ask-gateway.ts';
import { reload } from '../identities/reload.ts';
import { Admin } from '../support/admin.ts';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { errorFields, WireClient } from '../support/wire-client.ts';
import { bind, execute, messages, parse, query, sync } from './bypass-case.ts';
import { JournalWatch } from './journal-watch.ts';

/** The same text is sent twice, something changes, and it is sent again. */
interface Case {
  readonly name: string;
  readonly as?: Who;
  /** By the session, before anything else; fails nowhere. */
  readonly first?: readonly string[];
  readonly text: string;
  /** What it is answered before: see `Session.ask`. */
  readonly before: string;
  readonly change: readonly Step[];
  readonly after: string;
  /** Where a text that was prepared once is answered otherwise. */
  readonly ofPrepared?: string;
  /** A change, and what the text is answered then. */
  readonly more?: readonly (readonly [readonly Step[], string])[];
  /** Asked in that way only. */
  readonly only?: number;
  /** By the superuser, so that everything is as it was. */
  readonly undo?: string;
}

/**
 * Of each session; of one of them; of another one through the gateway; or past the gateway: then it is waited until the
 * gateway knows.
 */
type Step =
  | string
  | { readonly fails: string }
  | { readonly raw: readonly FrontendMessage[] }
  | { readonly one: string; readonly at: number }
  | { readonly other: string }
  | { readonly past: string };

const rulesFor = (name: Who, when: string): object => ({
  name,
  when: `identity.name == "${name}" && ${when}`,
  then: 'deny',
});

const writesTo = (table: string): string => `statement.writes.exists(t, t == "${table}")`;

/** Each has rules of their own besides those for everybody: one rule decides how everything is kept of a session. */
const policy = [
  { name: 'money', when: ['public.payments', 'bob.payments', 'public.Ã©'].map(writesTo).join(' || '), then: 'deny' },
  rulesFor('blocky', 'session.inTransaction && statement.kind == "delete"'),
  rulesFor('careful', 'statement.parameters.exists(p, p == "2")'),
  rulesFor('simple', 'statement.protocol == "simple"'),
  {
    name: 'asker',
    when: `identity.name == "asker" && ${writesTo('public.lines')}`,
    then: 'approve',
    approvers: { group: 'finance', reuse: '10m' },
  },
];

const unmasked = ['caller', 'blocky', 'careful', 'simple', 'asker'] as const;
const names = ['tester', 'limited', ...unmasked] as const;
type Who = (typeof names)[number];

const hidden = 'Zk7wQplm@hidden.example';
const shown = 'shown@example.org';

const schema = `
create schema other; create schema front; create schema bob; create schema alice;
create role alice; create role bob;
grant usage on schema public, other, front, bob, alice to public;
create table payments (id int); create table other.payments (id int);
create table alice.payments (id int); create table bob.payments (id int);
create table customers (id int, email text); insert into customers values (1, '${hidden}');
create table contacts (id int, email text); insert into contacts values (1, '${shown}');
create table events (id int, note text); create table lines (id int);
create table growing (id int); insert into growing values (1), (2);
create table "é" (id int); create table "Ã©" (id int);
grant all on all tables in schema public, other, bob, alice to public;
create view seen as select id, email from contacts;
create view calm as select id from other.payments;
create function act() returns int volatile language plpgsql as $$ begin return 1; end $$;
create function act_in_sql() returns int volatile language sql as 'select 1';
create function more(bigint, bigint) returns int volatile language sql as 'select 1';
create function nearly(bigint) returns int volatile language sql as 'select 1';
create operator <~ (leftarg = bigint, rightarg = bigint, function = more);
create function go_to(path text) returns text volatile language plpgsql
  as $$ begin return set_config('search_path', path, false); end $$;
create function next_of(c refcursor) returns text volatile language plpgsql
  as $$ declare r text; begin fetch c into r; return r; end $$;
create function run(text) returns int volatile language plpgsql as $$ begin execute $1; return 1; end $$;
create function on_event() returns trigger language plpgsql as $$ begin return new; end $$;
create trigger on_event before insert on events for each row execute function on_event();
create domain code as int; create table typed (id int, c code);
`;

const steals = 'delete from public.payments;';
const act = (body: string): string =>
  `create or replace function act() returns int volatile language plpgsql as $$ begin ${body} return 1; end $$`;
const onEvent = (body: string): string =>
  `create or replace function on_event() returns trigger language plpgsql as $$ begin ${body} return new; end $$`;
const seenFrom = (table: string): string => `create or replace view seen as select id, email from ${table}`;

const failed = /^error /;

const pay = 'delete from payments where id = -1';
const paid = 'DELETE 0';
const denied = 'error 42501';
const read = 'select email from seen';
const masked = '[masked]';
/** Two columns of which the second is a text, or the masked column where backslashes are escapes. */
const escapes = "select '\\' , ' , email from customers --' from contacts";

const ways = ['simple', 'extended', 'prepared'] as const;
type Way = (typeof ways)[number];

/** Statements apart, but not what stands in code. */
const apart = (sql: string): readonly string[] => sql.split(/;\s*(?=(?:create|alter|drop) )/);

/** What makes something else of a text, for sessions that are open: by one of them, or past the gateway. */
const definitions: readonly (readonly [
  name: string,
  about: Omit<Case, 'name' | 'change' | 'more'>,
  change: string,
  back: string,
  by?: 'past only',
])[] = [
  [
    'a view shows something else',
    { text: read, before: shown, after: masked },
    seenFrom('customers'),
    seenFrom('contacts'),
  ],
  [
    'what is under a view has another name',
    { text: 'delete from calm', before: paid, after: denied },
    'alter table payments set schema front; alter table other.payments set schema public',
    'alter table payments set schema other; alter table front.payments set schema public',
    'past only',
  ],
  ['a function does something else', { text: 'select act()', before: '1', after: denied }, act(steals), act('')],
  [
    'a function in SQL does something else',
    { text: 'select act_in_sql()', before: '1', after: denied },
    "create or replace function act_in_sql() returns int volatile language sql as 'delete from public.payments; select 1'",
    "create or replace function act_in_sql() returns int volatile language sql as 'select 1'",
  ],
  [
    'a function comes that is nearer to what is called',
    { text: 'select nearly(1)', before: '1', after: denied },
    `create function nearly(int) returns int volatile language plpgsql as $$ begin ${steals} return 1; end $$`,
    'drop function nearly(int)',
  ],
  [
    "the trigger's function does something else",
    { text: 'insert into events values (1)', before: 'INSERT 0 1', after: denied },
    onEvent(steals),
    onEvent(''),
  ],
  [
    'a rule comes',
    { text: 'insert into events values (1)', before: 'INSERT 0 1', after: denied },
    'create rule also as on insert to events do also delete from public.payments',
    'drop rule also on events',
  ],
  [
    'a trigger comes',
    { text: 'delete from events where id = -1', before: paid, after: denied },
    `create function hook() returns trigger language plpgsql as $$ begin ${steals} return null; end $$;
     create trigger hook after delete on events execute function hook()`,
    'drop trigger hook on events; drop function hook()',
  ],
  [
    'row security comes',
    { text: 'select count(*) from lines', before: '0', after: denied },
    `create function judge_line() returns int volatile language plpgsql as $$ begin ${steals} return 1; end $$;
     create policy p on lines using (judge_line() = 1); alter table lines enable row level security`,
    'drop policy p on lines; alter table lines disable row level security; drop function judge_line()',
  ],
  [
    'an operator comes that is nearer to what is compared',
    { text: 'select 1 <~ 2', before: '1', after: denied },
    `create function less(int, int) returns int volatile language plpgsql as $$ begin ${steals} return 1; end $$;
     create operator <~ (leftarg = int, rightarg = int, function = less)`,
    'drop operator <~ (int, int); drop function less(int, int)',
  ],
  [
    'a default becomes code',
    { text: 'insert into events (id) values (1)', before: 'INSERT 0 1', after: denied },
    `create or replace function plain_note() returns text volatile language plpgsql as $$ begin ${steals} return 'x'; end $$;
     alter table events alter note set default plain_note()`,
    'alter table events alter note drop default; drop function plain_note()',
    'past only',
  ],
  [
    'the check of a domain becomes code',
    { text: 'insert into typed values (1, 1)', before: 'INSERT 0 1', after: denied },
    `create function check_it(int) returns bool volatile language plpgsql as $$ begin ${steals} return true; end $$;
     alter domain code add constraint c check (check_it(value)) not valid`,
    'alter domain code drop constraint c; drop function check_it(int)',
    'past only',
  ],
  [
    'a table in front is gone',
    { first: ['set search_path = other, public'], text: pay, before: paid, after: denied },
    'alter table other.payments rename to payments_2',
    'alter table other.payments_2 rename to payments',
  ],
  [
    'a schema in front is closed',
    { first: ['set search_path = other, public'], text: pay, before: paid, after: denied },
    'alter schema other rename to other_2',
    'alter schema other_2 rename to other',
  ],
  [
    'a table becomes the parent of another',
    { text: 'delete from lines', before: paid, after: denied },
    'alter table payments inherit lines',
    'alter table payments no inherit lines',
    'past only',
  ],
  [
    'a foreign key passes on what is done',
    { text: 'delete from other.payments where id = -1', before: paid, after: denied },
    `alter table other.payments add primary key (id);
     alter table payments add constraint f foreign key (id) references other.payments on delete cascade`,
    'alter table payments drop constraint f; alter table other.payments drop constraint payments_pkey',
    'past only',
  ],
];

const bySets: readonly (readonly [how: string, change: readonly string[]])[] = [
  ['SET', ['set search_path = public']],
  ['SET LOCAL in a block', ['begin', 'set local search_path = public']],
  ['set_config', ["select set_config('search_path', 'public', false)"]],
  ['set_config in a block', ['begin', "select set_config('search_path', 'public', true)"]],
  ['a function', ["select public.go_to('public')"]],
  ['dynamic code', ["select public.run('set search_path = public')"]],
  ['DO', ["do $$ begin perform set_config('search_path', 'public', false); end $$"]],
  ['RESET', ['reset search_path']],
  ['RESET ALL', ['reset all']],
  ['SET to its default', ['set search_path to default']],
  ['UPDATE of pg_settings', ["update pg_settings set setting = 'public' where name = 'search_path'"]],
  ['a savepoint that is left', ['begin', 'savepoint a', 'set search_path = public', 'release a']],
];

const cases: readonly Case[] = [
  ...bySets.map(
    ([how, change]): Case => ({
      name: `names mean something else by ${how}`,
      as: 'caller',
      first: ['set search_path = other'],
      text: pay,
      before: paid,
      change,
      after: denied,
      more: [[['rollback', 'set search_path = other'], paid]],
    }),
  ),
  {
    name: 'names mean something else when a SET is rolled back',
    first: ['begin', 'set search_path = other'],
    text: pay,
    before: paid,
    change: ['rollback'],
    after: denied,
    more: [
      [['begin', 'set search_path = other'], paid],
      [['rollback'], denied],
    ],
  },
  {
    name: 'names mean something else when it goes back to a savepoint',
    first: ['begin', 'savepoint a', 'set search_path = other'],
    text: pay,
    before: paid,
    change: ['rollback to a'],
    after: denied,
  },
  {
    name: 'names mean something else when a SET LOCAL ends',
    first: ['begin', 'set local search_path = other'],
    text: pay,
    before: paid,
    change: ['commit'],
    after: denied,
  },
  {
    name: 'names mean something else when an error undoes a SET',
    first: ['begin', 'set search_path = other'],
    text: pay,
    before: paid,
    change: [{ fails: 'select 1 / 0' }, 'commit'],
    after: denied,
  },
  ...['role', 'session authorization'].map(
    (what): Case => ({
      name: `"$user" is another by SET ${what}`,
      first: ['set search_path = "$user"', `set ${what} alice`],
      text: pay,
      before: paid,
      change: [`set ${what} bob`],
      after: denied,
      more: [
        [[`set ${what} alice`], paid],
        [['begin', `set local ${what} bob`], denied],
        [['rollback'], paid],
      ],
    }),
  ),
  {
    name: 'defaults of roles and databases change, which are for sessions that begin',
    first: ['set search_path = other'],
    text: pay,
    before: paid,
    change: [{ past: 'alter role alice set search_path = public; alter database postgres set search_path = public' }],
    after: paid,
    undo: 'alter role alice reset all; alter database postgres reset all',
  },
  ...[
    ['dropped', 'drop table front.payments'],
    ['renamed', 'alter table front.payments rename to others'],
    ['rolled back', 'rollback'],
    ['gone with its savepoint', 'rollback to a'],
  ].flatMap(([how = '', change = '']) =>
    ways.map(
      (way, at): Case => ({
        name: `a table in front, made in the transaction, is ${how} (${way})`,
        as: 'caller',
        only: at,
        first: ['set search_path = front, public', 'begin', 'savepoint a', 'create table front.payments (id int)'],
        text: pay,
        before: paid,
        change: [change],
        after: denied,
      }),
    ),
  ),
  ...[
    ['as it is', 'create temp view seen as select id, email from customers'],
    ['in other words', 'create temp view seen as select id, upper(email) as email from customers'],
  ].map(
    ([how = '', change = '']): Case => ({
      name: `a temporary view comes in front that shows the column ${how}`,
      text: read,
      before: shown,
      change: [change],
      after: masked,
      more: [
        [['drop view pg_temp.seen'], shown],
        [['begin', change], masked],
        [['rollback'], shown],
        [[change, 'discard temp'], shown],
      ],
    }),
  ),
  ...[
    ['a function', "select run('create temp view calm as select id from payments')"],
    ['DO', "do $$ begin execute 'create temp view calm as select id from payments'; end $$"],
  ].map(
    ([how = '', change = '']): Case => ({
      name: `a temporary view comes in front, made by ${how}`,
      as: 'caller',
      text: 'delete from calm',
      before: paid,
      change: [change],
      after: denied,
      more: [[['drop view pg_temp.calm'], paid]],
    }),
  ),
  ...definitions.flatMap(([name, about, change, back, by], index): readonly Case[] => {
    const past: Case = {
      name: `${name}, past the gateway`,
      ...about,
      change: [{ past: change }],
      more: [[[{ past: back }], about.before]],
      undo: back,
    };
    if (by === 'past only') return [past];
    const one = (sql: string): Step => ({ one: sql, at: index });
    const through: Case = {
      ...past,
      name: `${name}, by one of the sessions`,
      change: apart(change).map(one),
      more: [[apart(back).map(one), about.before]],
    };
    return [past, through];
  }),
  {
    name: 'what another session makes of it is committed',
    text: read,
    before: shown,
    change: [{ past: 'select 1' }, { other: 'begin' }, { other: 'alter table events add more int' }],
    after: shown,
    more: [
      [[{ other: seenFrom('customers') }, { other: 'commit' }], masked],
      [[{ other: seenFrom('contacts') }], shown],
    ],
    undo: `alter table events drop more; ${seenFrom('contacts')}`,
  },
  ...ways.map(
    (_, at): Case => ({
      name: `one session takes back what it has made of a view (${ways[at]})`,
      only: at,
      text: read,
      before: shown,
      change: ['begin', seenFrom('customers')],
      after: masked,
      more: [
        [['rollback'], shown],
        [['begin', 'savepoint a', seenFrom('customers')], masked],
        [['rollback to a', 'commit'], shown],
      ],
    }),
  ),
  {
    name: 'the gateway has lost its catalog session meanwhile',
    text: read,
    before: shown,
    change: [
      {
        past: `${seenFrom('customers')};
         select pg_terminate_backend(pid) from pg_stat_activity where query like '%onrecord: %catalog%' and pid <> pg_backend_pid()`,
      },
    ],
    after: masked,
    more: [[[{ past: seenFrom('contacts') }], shown]],
    undo: seenFrom('contacts'),
  },
  {
    name: 'EXECUTE has another statement behind its name',
    first: ['prepare p as select email from contacts'],
    text: 'execute p',
    before: shown,
    change: ['deallocate p', 'prepare p as select email from customers'],
    after: masked,
    more: [
      [['deallocate p', 'prepare p as select email from contacts'], shown],
      [['deallocate p', 'prepare p as delete from other.payments'], 'DELETE 0'],
      [['deallocate p', 'prepare p as delete from public.payments'], denied],
      [['deallocate p', 'prepare p as select email from contacts'], shown],
    ],
  },
  {
    name: 'code has put another statement behind the name of EXECUTE',
    as: 'caller',
    first: ['prepare p as delete from other.payments'],
    text: 'execute p',
    before: paid,
    change: ["do $$ begin execute 'deallocate p'; execute 'prepare p as delete from public.payments'; end $$"],
    after: 'error 26000',
  },
  ...[
    'explain (analyze, costs off, timing off, summary off, buffers off) execute p',
    'create temp table as_p as execute p',
  ].map(
    (text): Case => ({
      name: `a name is given another statement within ${text.split(' ')[0]}`,
      as: 'caller',
      first: ['prepare p as select 1 where false', 'create temp table as_p ()'],
      text: text.replace('temp table', 'temp table if not exists'),
      before: text.startsWith('explain')
        ? 'Result (actual rows=0.00 loops=1),  One-Time Filter: false'
        : 'CREATE TABLE AS',
      change: ['deallocate p', 'prepare p as delete from public.payments returning 1'],
      after: denied,
    }),
  ),
  {
    name: 'FETCH is from another cursor of the name',
    first: ['begin', 'declare c cursor for select email from contacts, generate_series(1, 9)'],
    text: 'fetch c',
    before: shown,
    change: ['close c', 'declare c cursor for select email from customers, generate_series(1, 9)'],
    after: masked,
    more: [
      [['close c', 'declare c cursor for select email from contacts, generate_series(1, 9)'], shown],
      [['close all', 'declare c cursor for select email || id as email from customers'], masked],
    ],
  },
  {
    name: 'a cursor is opened again by what the protocol binds',
    first: ['begin', 'declare c cursor for select email from contacts, generate_series(1, 9)'],
    text: 'fetch 1 from c',
    before: shown,
    change: [
      'close c',
      { raw: [parse('select email from customers, generate_series(1, 9)'), bind({ portal: 'c' }), sync] },
    ],
    after: masked,
  },
  {
    name: 'a cursor moves on, and another of its name does',
    first: ['begin', 'declare c cursor for select email from contacts, generate_series(1, 9)'],
    text: 'move c',
    before: 'MOVE 1',
    change: ['close c', 'declare c cursor for select email from customers, generate_series(1, 9)'],
    after: 'MOVE 1',
    more: [[['fetch c'], 'MOVE 1']],
  },
  {
    name: 'a function reads on from another cursor of the name',
    only: 0,
    first: ['declare c cursor with hold for select email from contacts, generate_series(1, 9)'],
    text: "select next_of('c')",
    before: denied,
    change: ['close c', 'declare c cursor with hold for select email from customers, generate_series(1, 9)'],
    after: denied,
  },
  {
    name: 'backslashes become escapes',
    text: escapes,
    before: '\\| , email from customers --',
    change: ['set standard_conforming_strings = off'],
    after: `' , |${masked}`,
    ofPrepared: '\\| , email from customers --',
  },
  {
    name: 'backslashes become escapes until the transaction is taken back',
    text: escapes,
    before: '\\| , email from customers --',
    change: ['begin', 'set local standard_conforming_strings = off'],
    after: `' , |${masked}`,
    ofPrepared: '\\| , email from customers --',
    more: [[['rollback'], '\\| , email from customers --']],
  },
  {
    name: 'the encoding makes another name of the same bytes',
    text: 'delete from "é"',
    before: paid,
    change: ['set client_encoding = LATIN1'],
    after: denied,
    ofPrepared: 'error 26000',
    more: [],
  },
  {
    name: 'a rule asks for the transaction',
    as: 'blocky',
    text: 'delete from other.payments',
    before: paid,
    change: ['begin'],
    after: denied,
    more: [
      [['rollback'], paid],
      [['begin'], denied],
    ],
  },
  {
    name: 'more rows are there than may be shown',
    as: 'limited',
    text: 'select id from growing order by id limit 10',
    before: '1,2',
    change: [{ past: 'insert into growing values (3), (4)' }],
    after: 'error 54000',
    more: [[[{ past: 'delete from growing where id > 2' }], '1,2']],
    undo: 'delete from growing where id > 2',
  },
];

/** A session that sends texts in one way. */
class Session {
  readonly client: WireClient;
  readonly way: Way;
  readonly #prepared = new Set<string>();

  constructor(client: WireClient, way: Way) {
    this.client = client;
    this.way = way;
  }

  /** Rows with `,` and columns with `|` between, or the command tag; a SQLSTATE when it fails. */
  async ask(text: string, { parameters = [], types = [] }: Asked = {}): Promise<string> {
    return this.send(this.#messages(text, { parameters, types }));
  }

  async send(list: readonly FrontendMessage[]): Promise<string> {
    await this.client.send(messages(list).bytes as Uint8Array);
    const answer = await this.client.until(backendTag.readyForQuery, 10_000);
    let told = 'nothing';
    const rows: string[] = [];
    for (const message of answer) {
      if (message.tag === backendTag.errorResponse) return `error ${errorFields(message).C}`;
      if (message.tag === backendTag.commandComplete) told = message.body().cstring();
      if (message.tag !== backendTag.dataRow) continue;
      const body = message.body();
      const values = Array.from({ length: body.uint16() }, () => Buffer.from(body.value() ?? []).toString());
      rows.push(values.join('|'));
    }
    return rows.length > 0 ? rows.join(',') : told;
  }

  #messages(text: string, { parameters = [], types = [] }: Asked): readonly FrontendMessage[] {
    const parsed = (name: string): FrontendMessage =>
      ({ ...parse(text, name), parameterTypes: [...types] }) as FrontendMessage;
    if (this.way === 'simple' && parameters.length === 0) return [query(text)];
    if (this.way !== 'prepared') return [parsed(''), bind({ parameters }), execute(), sync];
    const again = [bind({ statement: text, parameters }), execute(), sync];
    if (this.#prepared.has(text)) return again;
    this.#prepared.add(text);
    return [parsed(text), ...again];
  }
}

interface Asked {
  readonly parameters?: readonly string[];
  readonly types?: readonly number[];
}

describe('a text that was allowed before', { timeout: 300_000 }, () => {
  let postgres: Postgres;
  let gateway: Gateway;
  let watch: JournalWatch;
  let admin: Admin;
  let other: Session;
  let unknown = 0;
  const tokens = new Map<string, string>();
  before(async () => {
    postgres = await startPostgres();
    admin = await Admin.login(postgres);
    await admin.query(schema);
    const { host, port, user, database } = postgres;
    const reach = { host, port, user, database, password: 'env:ONRECORD_TEST_PASSWORD', tls: 'disable' };
    gateway = await startGateway({
      postgres,
      via: 'built-in',
      connections: { rows: { ...reach, limits: { rows: 3 } } },
      settings: {
        identities: {
          ...Object.fromEntries(names.map((name) => [name, { kind: 'agent', connections: ['db', 'rows'] }])),
          alice: { kind: 'person', groups: ['finance'], connections: ['db'] },
        },
        policy,
        masking: {
          rules: [{ columns: { 'public.customers.email': 'redact' }, except: { identities: unmasked } }],
        },
      },
    });
    for (const name of [...names, 'alice']) tokens.set(name, gateway.token(name));
    watch = new JournalWatch(gateway.data);
    other = await login('simple');
  });
  after(async () => {
    watch?.close();
    other?.client.destroy();
    await gateway?.stop();
    await postgres?.stop();
  });
  const login = async (way: Way, as: Who = 'tester'): Promise<Session> => {
    const password = tokens.get(as) ?? '';
    const connection = as === 'limited' ? 'rows' : 'db';
    return new Session(await WireClient.login({ ...gateway, database: connection, user: as, password }), way);
  };
  /** The catalog is read again for what it does not have. */
  const noticed = async (): Promise<void> => {
    for (;;) {
      unknown += 1;
      const told = await other.send([query(`select from unknown_${unknown}`)]);
      if (told === 'error 42P01') return;
      // While the catalog is not known, everything is refused.
      assert.equal(told, denied);
    }
  };
  const vote = (approval: string): Promise<unknown> =>
    askGateway(gateway.data, {
      type: 'approvals vote',
      approval,
      vote: 'approve',
      reason: 'because',
      as: 'alice',
      token: tokens.get('alice') ?? '',
    });
  const succeeds = async (session: Session, list: readonly FrontendMessage[], what: string): Promise<void> => {
    const told = await session.send(list);
    assert.ok(!failed.test(told), `${what}: ${told}`);
  };
  const take = async (step: Step, sessions: readonly Session[]): Promise<void> => {
    if (typeof step === 'string') for (const each of sessions) await succeeds(each, [query(step)], step);
    else if ('raw' in step) for (const each of sessions) await succeeds(each, step.raw, 'messages');
    else if ('fails' in step) for (const each of sessions) assert.match(await each.send([query(step.fails)]), failed);
    else if ('one' in step) await succeeds(sessions[step.at % sessions.length] as Session, [query(step.one)], step.one);
    else if ('other' in step) await succeeds(other, [query(step.other)], step.other);
    else {
      await admin.query(step.past);
      await noticed();
    }
  };

  for (const one of cases) {
    it(`when ${one.name}`, async () => {
      const sessions = await Promise.all(
        ways.filter((_, at) => one.only === undefined || one.only === at).map((way) => login(way, one.as)),
      );
      const expect = async (answer: string, when: string): Promise<void> => {
        for (const session of sessions) assert.equal(await session.ask(one.text), answer, `${session.way}, ${when}`);
      };
      try {
        for (const step of one.first ?? []) await take(step, sessions);
        await expect(one.before, 'at first');
        await expect(one.before, 'again');
        for (const step of one.change) await take(step, sessions);
        for (const session of sessions) {
          const after = session.way === 'prepared' ? (one.ofPrepared ?? one.after) : one.after;
          assert.equal(await session.ask(one.text), after, `${session.way}, behind it`);
        }
        for (const [steps, answer] of one.more ?? []) {
          for (const step of steps) await take(step, sessions);
          // What is allowed again may be refused until the catalog has been read.
          if (answer === one.before) await noticed();
          await expect(answer, `behind ${JSON.stringify(steps)}`);
        }
      } finally {
        for (const { client } of sessions) client.destroy();
        if (one.undo !== undefined) for (const sql of apart(one.undo)) await admin.query(sql).catch(() => {});
      }
    });
  }

  const twice = async (session: Session, text: string, answer: string, asked: Asked = {}): Promise<void> => {
    for (let times = 0; times < 2; times += 1) assert.equal(await session.ask(text, asked), answer);
  };
  const run = (sql: string, maxRows = 0): readonly FrontendMessage[] => [parse(sql), bind(), execute('', maxRows)];

  const inPipelines: readonly (readonly [
    what: string,
    first: string,
    change: readonly FrontendMessage[],
    text: string,
  ])[] = [
    ['the search path', 'set search_path = other', run('set search_path = public'), pay],
    [
      'the search path of a block',
      'set search_path = other',
      [...run('begin'), ...run('set local search_path = public')],
      pay,
    ],
    ['the search path, by a function,', 'set search_path = other', run("select public.go_to('public')"), pay],
    [
      'the search path, by a portal with rows left,',
      'set search_path = other',
      run("select set_config('search_path', 'public', false) from generate_series(1, 2)", 1),
      pay,
    ],
    [
      'the search path, by a function in a portal with rows left,',
      'set search_path = other',
      run("select public.go_to('public') from generate_series(1, 2)", 1),
      pay,
    ],
    [
      'the search path, by either of two functions,',
      'set search_path = other',
      run(
        `select case n when 1 then set_config('search_path', 'public', false) else set_config('search_path', 'other', false) end
           from generate_series(2, 1, -1) n`,
      ),
      pay,
    ],
    ['the encoding', 'select 1', run('set client_encoding = LATIN1'), 'delete from "é"'],
    ['standard_conforming_strings', 'select 1', run('set standard_conforming_strings = off'), escapes],
  ];
  for (const [what, first, change, text] of inPipelines) {
    it(`when ${what} changes in front of it in a pipeline`, async () => {
      const session = await login('extended', 'caller');
      try {
        await take(first, [session]);
        const before = await session.ask(text);
        assert.doesNotMatch(before, failed);
        await twice(session, text, before);
        assert.match(await session.send([...change, ...run(text), sync]), /^error (?:42501|26000)$/);
      } finally {
        session.client.destroy();
      }
    });
  }

  it('when its parameters are others, where a rule asks for them', async () => {
    for (const way of ['extended', 'prepared'] as const) {
      const session = await login(way, 'careful');
      const text = 'delete from other.payments where id::text = $1';
      await twice(session, text, paid, { parameters: ['1'] });
      assert.equal(await session.ask(text, { parameters: ['2'] }), denied);
      await twice(session, text, paid, { parameters: ['1'] });
      session.client.destroy();
    }
  });

  it('when a parameter is given a type whose check is code', async () => {
    await take(
      {
        past: `create function see(int) returns bool volatile language plpgsql as $$ begin ${steals} return true; end $$;
      create domain seen_code as int check (see(value))`,
      },
      [],
    );
    const type = Number((await admin.query("select 'seen_code'::regtype::oid"))[0]?.[0]);
    const session = await login('extended', 'caller');
    const text = 'select $1 is null';
    await twice(session, text, 'f', { parameters: ['1'], types: [23] });
    await twice(session, text, denied, { parameters: ['1'], types: [type] });
    await twice(session, text, 'f', { parameters: ['1'], types: [23] });
    session.client.destroy();
  });

  it('when it comes by another protocol, where a rule asks for that', async () => {
    const session = await login('extended', 'simple');
    const text = 'delete from other.payments';
    await twice(session, text, paid);
    assert.equal(await session.send([query(text)]), denied);
    await twice(session, text, paid);
    assert.equal(await session.send([query(text)]), denied);
    session.client.destroy();
  });

  it('when people have to be asked now, whose approval covers more than one use, and when not any more', async () => {
    const session = await login('simple', 'asker');
    await take('set search_path = aside', [session]);
    await take({ past: 'create schema if not exists aside; create table if not exists aside.lines (id int)' }, []);
    const text = 'delete from lines';
    await twice(session, text, paid);
    await take('set search_path = public', [session]);
    const answer = session.ask(text);
    const { approval } = await watch.first(session.client.processId, (body) => body.type === 'approval_requested');
    await vote(approval);
    assert.equal(await answer, paid);
    await twice(session, text, paid);
    await take('set search_path = aside', [session]);
    await twice(session, text, paid);
    await take('set search_path = public', [session]);
    await twice(session, text, paid);
    const used = watch.of(session.client.processId).filter(({ type }) => type === 'approval_used');
    assert.equal(used.length, 5, 'each time that it needs it');
    session.client.destroy();
  });

  it('when a function that messages call does something else', async () => {
    const session = await login('simple', 'caller');
    const functionOid = Number((await admin.query("select 'act()'::regprocedure::oid"))[0]?.[0]);
    const call: FrontendMessage = {
      type: 'functionCall',
      functionOid,
      argumentFormats: [],
      arguments: [],
      resultFormat: 0,
    };
    for (const [by, answer] of [
      ['', 'nothing'],
      ['', 'nothing'],
      [steals, denied],
      ['', 'nothing'],
    ] as const) {
      await take({ past: act(by) }, []);
      assert.equal(await session.send([call]), answer);
      assert.equal(await session.send([call]), answer);
    }
    session.client.destroy();
  });

  it('when what it shows changes while it waits for a lock', async () => {
    for (const way of ways) {
      const session = await login(way);
      const text = 'select email from lines right join seen on false';
      await twice(session, text, shown);
      await admin.query('begin; lock table lines');
      const answer = session.ask(text);
      await admin.waitFor(`select count(*) > 0 from pg_stat_activity where wait_event_type = 'Lock'`);
      await take({ other: seenFrom('customers') }, []);
      await admin.query('commit');
      const told = await answer;
      await admin.query(seenFrom('contacts'));
      await noticed();
      session.client.destroy();
      assert.equal(told, masked, way);
    }
  });

  it('when the rules are others for sessions that begin from now on', async () => {
    const text = 'delete from other.payments';
    const open = await login('prepared', 'caller');
    await twice(open, text, paid);
    const more = { name: 'more', when: writesTo('other.payments'), then: 'deny' };
    await reload(gateway, () => ({ policy: [...policy, more] }));
    await twice(open, text, paid);
    const next = await login('prepared', 'caller');
    await twice(next, text, denied);
    await reload(gateway, () => ({ policy }));
    await twice(next, text, denied);
    await twice(open, text, paid);
    for (const { client } of [open, next]) client.destroy();
  });
});
