import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { reload } from '../identities/reload.ts';
import { ApprovalStage, type Asker, type Name } from './approval-stage.ts';
import { bind, close, execute, type Messages, messages, parse, sync } from './bypass-case.ts';

const bytes = ({ bytes }: Messages): Uint8Array => bytes as Uint8Array;
const timeout = { timeout: 1_200_000 };

/** What was approved can be run again for some time: as long as it is the same. */
describe('what was approved is asked about again', timeout, () => {
  let stage: ApprovalStage;
  let payer: Asker;
  before(async () => {
    stage = await ApprovalStage.start();
  });
  after(() => stage?.stop());
  beforeEach(async () => {
    payer = await stage.login();
  });
  afterEach(() => payer.client.destroy());

  const run = async (list: readonly string[]): Promise<void> => {
    for (const sql of list) {
      const told = await payer.query(sql);
      assert.ok(!told.some((word) => /^[0-9A-Z]{5}$/.test(word)), `${sql}: ${told}`);
    }
  };
  const approved = async (sql: string | Uint8Array): Promise<void> => {
    await stage.vote(await payer.ask(sql), 'alice');
    assert.match((await payer.answer()).join(), /^(INSERT 0|SELECT) 1,/);
  };
  const asks = async (sql: string | Uint8Array): Promise<void> => {
    await stage.vote(await payer.ask(sql), 'bob', 'deny', 'another question');
    assert.ok((await payer.answer()).includes('42501'));
  };

  let id = 1000;
  const newId = (): number => {
    id += 10;
    return id;
  };
  const noteFunction = (body: string): string =>
    `create or replace function note(x text ${body} language sql as 'select x'`;

  const changes: readonly (readonly [what: string, before: readonly string[], (id: number) => string, string])[] = [
    [
      'when the default of a view is another',
      ['create view tv as select id, text from tickets'],
      (id) => `insert into tv (id) values (${id} + (random() * 0)::int)`,
      "alter view tv alter text set default 'all of it'",
    ],
    [
      'when the default of a parameter is another',
      [noteFunction("default 'a') returns text")],
      (id) => `insert into tickets (id, text) select ${id} + count(*), note() from tickets`,
      noteFunction("default 'b') returns text"),
    ],
    [
      'when a function is called for NULL no more',
      [noteFunction('default null) returns text')],
      (id) => `insert into tickets (id, text) select ${id} + count(*), coalesce(note(null), 'x') from tickets`,
      'alter function note(text) strict',
    ],
    [
      'when a function acts as its owner',
      ["create function whose() returns text language sql as 'select current_user::text'"],
      (id) => `insert into tickets (id, text) select ${id} + count(*), whose() from tickets`,
      'alter function whose() security definer',
    ],
    [
      'when a function has a setting of its own',
      ["create function tuned() returns text language sql as 'select current_setting(''work_mem'')'"],
      (id) => `insert into tickets (id, text) select ${id} + count(*), tuned() from tickets`,
      "alter function tuned() set work_mem = '1MB'",
    ],
    [
      'when a trigger gets another argument',
      [
        'create view asked as select 0 as id',
        'create function put() returns trigger language plpgsql as $$ begin insert into public.tickets (id, text) values (new.id, tg_argv[0]); return new; end $$',
        "create trigger put instead of insert on asked for each row execute function put('a')",
      ],
      (id) => `insert into asked select ${id} + count(*) from tickets`,
      "create or replace trigger put instead of insert on asked for each row execute function put('b')",
    ],
  ];
  for (const [what, before, textOf, change] of changes) {
    it(what, async () => {
      await run(before);
      const sql = textOf(newId());
      await approved(sql);
      await run(['set client_min_messages = error', change]);
      await asks(sql);
    });
  }

  for (const setting of [
    'row_security = off',
    'check_function_bodies = off',
    "intervalstyle = 'sql_standard'",
    "timezone = 'Asia/Tokyo'",
    'extra_float_digits = -5',
    "bytea_output = 'escape'",
    "my.amount = '1000000'",
    'transform_null_equals = on',
    'default_transaction_isolation = serializable',
    'session authorization shop_owner',
    'xmloption = document',
  ]) {
    it(`under another setting: ${setting}`, async () => {
      const sql = `insert into tickets (id) select ${newId()} + count(*) from tickets`;
      await approved(sql);
      await run([sql, `set ${setting}`]);
      await asks(sql);
      if (setting.includes('=')) await run([`set ${setting.replace(/=.*/, '')} to default`]);
    });
  }

  it('under another setting that the text reads, of those that change no meaning otherwise', async () => {
    const sql = `insert into tickets (id, text) select ${newId()} + count(*), current_setting('application_name') from tickets`;
    await run(["set application_name = 'a'"]);
    await approved(sql);
    await run(["set application_name = 'b'"]);
    await asks(sql);
  });

  it('with parameters of another format or type', async () => {
    const sql = 'insert into tickets (id) select $1 + count(*) from tickets';
    const wire = (type: number, format: number): Uint8Array =>
      bytes(
        messages([
          { type: 'parse', name: new Uint8Array(0), sql: new TextEncoder().encode(sql), parameterTypes: [type] },
          {
            type: 'bind',
            portal: new Uint8Array(0),
            statement: new Uint8Array(0),
            parameterFormats: [format],
            parameters: [new TextEncoder().encode('1777')],
            resultFormats: [],
          },
          execute(),
          sync,
        ]),
      );
    await approved(wire(23, 0));
    await asks(wire(23, 1));
    await asks(wire(20, 0));
  });

  it('by another identity', async () => {
    const sql = `insert into tickets (id) select ${newId()} + count(*) from tickets`;
    await approved(sql);
    payer.client.destroy();
    payer = await stage.login('other');
    await asks(sql);
  });
});

/** A portal is bound, and what it would run is given another meaning before it is executed. */
describe('an approved portal is not executed', timeout, () => {
  let stage: ApprovalStage;
  let payer: Asker;
  before(async () => {
    stage = await ApprovalStage.start();
    const maker = await stage.login();
    await maker.query(harmless('f'));
    await maker.client.close();
  });
  after(() => stage?.stop());
  afterEach(() => payer.client.destroy());
  const count = (...ids: readonly number[]): Promise<unknown> =>
    stage.value(`select count(*) from payments where id in (${ids.join(', ')})`);
  const pay = (id: number): string => `insert into payments (id, invoice_id, amount) values (${id}, 1, 10)`;
  const harmless = (name: string): string =>
    `create or replace function ${name}(int) returns int language plpgsql as $$ begin return $1; end $$`;
  /** Its Bind is approved, and its Execute comes behind what is done then. */
  const tries = async (sql: string, between: readonly (string | Uint8Array)[]): Promise<readonly string[]> => {
    payer = await stage.login();
    await payer.query('begin');
    await stage.vote(await payer.ask(bytes(messages([parse(sql), bind({ portal: 'q' }), sync]))), 'alice');
    await payer.answer();
    for (const each of between) {
      if (typeof each === 'string') await payer.query(each);
      else {
        await payer.client.send(each);
        await payer.answer();
      }
    }
    await payer.client.send(bytes(messages([execute('q'), sync])));
    const told = await payer.answer();
    await payer.query('commit');
    payer.client.destroy();
    return told;
  };

  it('when nothing has changed it is', async () => {
    assert.deepEqual(await tries(pay(200), ['select 1', 'savepoint a']), ['INSERT 0 1', 'T']);
  });

  it('when a function in it was replaced', async () => {
    const sql = 'insert into payments (id, invoice_id, amount) select f(201), 1, 10';
    const replaced = harmless('f').replace('return $1', 'return 202');
    assert.ok((await tries(sql, [replaced])).includes('42501'));
    assert.equal(await count(201, 202), '0');
  });

  it('when a setting is another that code can ask for', async () => {
    const sql =
      "insert into payments (id, invoice_id, amount) select 203, 1, current_setting('application_name')::numeric";
    assert.ok((await tries(sql, ["set application_name = '1000000'"])).includes('42501'));
    assert.equal(await count(203), '0');
  });

  it('when it executes a name that was given to another text', async () => {
    const prepare = (text: string): Uint8Array => bytes(messages([close('statement', 'p'), parse(text, 'p'), sync]));
    payer = await stage.login();
    await payer.query('begin');
    await payer.client.send(prepare(pay(204)));
    await payer.answer();
    await stage.vote(await payer.ask(bytes(messages([parse('execute p'), bind({ portal: 'q' }), sync]))), 'alice');
    await payer.answer();
    await payer.client.send(prepare(pay(205)));
    await payer.answer();
    await payer.client.send(bytes(messages([execute('q'), sync])));
    assert.ok((await payer.answer()).includes('42501'));
    await payer.query('rollback');
    payer.client.destroy();
    assert.equal(await count(204, 205), '0');
  });

  it('behind something else that is approved, under other settings', async () => {
    payer = await stage.login();
    await payer.query('begin');
    await stage.vote(await payer.ask(bytes(messages([parse(pay(206)), bind({ portal: 'q' }), sync]))), 'alice');
    await payer.answer();
    await payer.query("set local timezone = 'Asia/Tokyo'");
    const group = bytes(messages([parse(pay(207)), bind(), execute(), execute('q'), sync]));
    await stage.vote(await payer.ask(group), 'alice');
    assert.ok((await payer.answer()).includes('42501'));
    await payer.query('commit');
    payer.client.destroy();
    assert.equal(await count(206, 207), '0');
  });
});

describe('people who leave while others are asked', timeout, () => {
  let stage: ApprovalStage;
  before(async () => {
    stage = await ApprovalStage.start();
  });
  after(() => stage?.stop());
  const finance = (names: readonly Name[]): Promise<void> =>
    reload(stage.gateway, ({ identities }) => {
      const all = Object.entries(identities as { readonly [name: string]: { readonly kind: string } });
      return {
        identities: Object.fromEntries(
          all.map(([name, one]) => [name, { ...one, groups: names.includes(name as Name) ? ['finance'] : [] }]),
        ),
      };
    });

  it('do not count as one of two', async () => {
    const payer = await stage.login();
    const approval = await payer.ask("update customers set country = 'FR' where id = 1");
    await stage.vote(approval, 'alice');
    await finance(['bob', 'carol']);
    await stage.vote(approval, 'bob');
    assert.deepEqual(stage.ends(payer.pid), []);
    await stage.vote(approval, 'carol');
    assert.deepEqual(await payer.answer(), ['UPDATE 1', 'I']);
    await payer.client.close();
  });
});
