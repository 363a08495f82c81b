import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { recordControls } from '../../store/controlled-day.fixture.ts';
import { JournalFixture } from '../../store/journal.fixture.ts';
import { recordDay } from '../../store/recorded-day.fixture.ts';
import { type Ran, runCommand } from '../run-command.fixture.ts';

const configuration = `connections:
  billing: { host: 127.0.0.1, database: billing, user: billing_app }
  vault: { host: h, database: d, user: u, access: { approvers: { group: finance }, except: { identities: [ann] } } }
identities:
  billing-agent: { connections: [billing] }
  reader: { connections: [billing], read_only: true, tables: [public.invoices] }
  support-agent: { connections: [billing] }
  ann: { kind: person, connections: [billing], groups: [finance] }
policy:
  - name: no blind deletes
    when: statement.kind in ["delete", "update"] && !statement.hasWhere
    then: deny
    message: Add a WHERE clause.
  - name: money moves
    when: '"public.payments" in statement.writes && identity.kind == "agent"'
    then: approve
    approvers: { group: finance, timeout: 5m }
  - name: night
    when: time.hour < 6 && statement.isWrite
    then: deny
  - name: first parameter
    when: statement.sql.contains("probe") && statement.parameters[0] == "x"
    then: deny
masking:
  rules: [{ identities: [billing-agent], columns: { public.customers.email: partial } }]
`;

const tables = `tables:
  public.invoices: [id, paid]
  public.payments: [id, amount]
  public.customers: [id, email]
views: { public.all_payments: SELECT * FROM public.payments }
`;

describe('onrecord policy', () => {
  let cwd: string;
  before(() => {
    cwd = mkdtempSync(join(tmpdir(), 'onrecord-policy-'));
    writeFileSync(join(cwd, 'onrecord.yaml'), configuration);
  });
  after(() => rmSync(cwd, { recursive: true }));

  const onrecord = (...args: string[]): Promise<Ran> => runCommand(['policy', ...args], { cwd });
  const objects = ({ stdout }: Ran): Record<string, unknown>[] =>
    stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));

  describe('test', () => {
    const test = (examples: string, ...more: string[]): Promise<Ran> => {
      writeFileSync(join(cwd, 'examples.yaml'), `${tables}examples:\n${examples}`);
      return onrecord('test', 'examples.yaml', ...more);
    };
    const example = (sql: string, rest: string): string =>
      `  - { sql: ${JSON.stringify(sql)}, identity: billing-agent, connection: billing, at: "2026-11-29T12:00:00Z", ${rest} }\n`;

    it('says of each example whether it is decided as expected, and fails when one is not', async () => {
      const passing = example('DELETE FROM invoices', 'expect: deny, rules: [no blind deletes]');
      const wrong = example('DELETE FROM invoices WHERE id = 1', 'name: kept, expect: deny');
      const good = await test(passing);
      assert.equal(good.code, 0, good.stderr);
      assert.match(good.stdout, /✓ DELETE FROM invoices {2}deny by no blind deletes\n\n1 example, all as expected/);
      const bad = await test(passing + wrong);
      assert.equal(bad.code, 1);
      assert.match(bad.stdout, /✗ kept\n {4}line 8: expected deny, is allow\n {4}DELETE FROM invoices WHERE id = 1/);
      assert.match(bad.stdout, /2 examples, 1 not as expected/);
    });

    it('looks names up in the tables of the file, through views, and knows what comes with Postgres', async () => {
      const { stdout, code } = await test(
        [
          example('UPDATE all_payments SET amount = 0 WHERE id = 1', 'expect: approve, rules: [money moves]'),
          example('SELECT count(*), lower(max(paid)) FROM invoices, pg_class', 'expect: allow, rules: []'),
        ].join(''),
      );
      assert.equal(code, 0, stdout);
    });

    it('follows what a text prepares, and takes the most restrictive of its statements', async () => {
      const { stdout, code } = await test(
        [
          example('PREPARE p AS DELETE FROM invoices; EXECUTE p', 'expect: deny'),
          example('SELECT 1; DELETE FROM invoices; SELECT 2', 'expect: deny'),
        ].join(''),
      );
      assert.equal(code, 0, stdout);
    });

    it('goes by the time and the parameters of an example', async () => {
      const { stdout, code } = await test(
        [
          example('UPDATE invoices SET paid = $1 WHERE id = 1', 'parameters: [x], expect: allow'),
          example('UPDATE invoices SET paid = $1 /* probe */ WHERE id = 1', 'parameters: [x], expect: deny'),
          example('DELETE FROM invoices WHERE id = 1', 'expect: deny, rules: [night]').replace('T12', 'T03'),
        ].join(''),
      );
      assert.equal(code, 0, stdout);
    });

    it('tests settings of identities, masks, and what cannot be read', async () => {
      const { stdout, code } = await test(
        [
          example('INSERT INTO invoices VALUES (1)', 'expect: deny, rules: [read_only]').replace(
            'billing-agent',
            'reader',
          ),
          example('SELECT * FROM customers', 'expect: deny, rules: [tables]').replace('billing-agent', 'reader'),
          example('SELECT * FROM customers', 'expect: allow'),
          example('INSERT INTO invoices SELECT id, email FROM customers', 'expect: deny, rules: [masking]'),
          example('SELEC 1', 'expect: deny, rules: [unreadable]'),
        ].join(''),
      );
      assert.equal(code, 0, stdout);
    });

    it('prints an object a line as JSON', async () => {
      const [result] = objects(await test(example('DELETE FROM invoices', 'name: x, expect: allow'), '--json'));
      const { type, name, line, passed, decision, matches } = result ?? {};
      assert.deepEqual(
        { type, name, line, passed, decision, matches },
        {
          type: 'example',
          name: 'x',
          line: 7,
          passed: false,
          decision: 'deny',
          matches: [{ rule: 'no blind deletes', then: 'deny' }],
        },
      );
    });

    it('says what is wrong with the file at its place', async () => {
      const { stderr, code } = await test(
        '  - { sql: SELECT 1, identity: biling-agent, connection: billing, expect: allow, rules: [nihgt] }\n',
      );
      assert.equal(code, 1);
      assert.match(stderr, /examples\.yaml:7:\d+: examples\[0\]\.identity: .*did you mean "billing-agent"\?/);
      assert.match(stderr, /rules\[0\]: there is no rule "nihgt"; did you mean "night"\?/);
      assert.match((await test('  - { sql: 1 }\n')).stderr, /examples\[0\]\.sql: must be text/);
      assert.match((await onrecord('test', 'nowhere.yaml')).stderr, /nowhere\.yaml cannot be read \(ENOENT\)/);
    });
  });

  describe('explain', () => {
    const explain = (sql: string, ...more: string[]): Promise<Ran> =>
      onrecord('explain', sql, '--connection', 'billing', '--at', '2026-11-29T12:00:00Z', ...more);

    it('says what a statement does, what each rule says of it, and why', async () => {
      const { stdout, stderr, code } = await explain('DELETE FROM invoices', '--identity', 'ann');
      assert.equal(code, 0, stderr);
      assert.match(stderr, /by the text alone: no gateway runs on this configuration/);
      assert.match(stdout, /^DELETE FROM invoices\n {2}command {3}delete, writes, no condition\n/);
      assert.match(stdout, /rule {6}no blind deletes: true, so deny\n/);
      assert.match(stdout, /rule {6}money moves: false \(never true for this identity here\)\n/);
      assert.match(
        stdout,
        /result {4}deny by no blind deletes\n.*does not allow this statement\n +Add a WHERE clause\.\n/,
      );
    });

    it('says what cannot be evaluated, and whom an approval waits for', async () => {
      const probe = await explain('SELECT 1 /* probe */', '--identity', 'ann');
      assert.match(probe.stdout, /first parameter: cannot be evaluated, so it denies: .*index 0/);
      const parameter = await explain('SELECT $1 /* probe */', '--identity', 'ann', '--parameter', 'x');
      assert.match(parameter.stdout, /first parameter: true, so deny/);
      const money = await explain('UPDATE public.payments SET amount = 0 WHERE id = 1', '--identity', 'support-agent');
      assert.match(money.stdout, /result {4}approve by money moves\n +waits up to 5m for 1 of the group finance\n/);
    });

    it('says of which columns nobody knows where they come from', async () => {
      const { stdout } = await explain('SELECT id, email FROM customers', '--identity', 'billing-agent');
      assert.match(stdout, /not found customers\n/);
      assert.match(stdout, /column {4}id: masked by unknown source/);
    });

    it('prints an object for each statement as JSON', async () => {
      const ran = await explain('SELECT 1; DELETE FROM invoices', '--identity', 'ann', '--json');
      const [first, second] = objects(ran);
      assert.equal(first?.['decision'], 'allow');
      assert.equal(second?.['sql'], 'DELETE FROM invoices');
      assert.equal(second?.['decision'], 'deny');
      assert.match(
        JSON.stringify(second?.['rules']),
        /"rule":"night","then":"deny","canApply":true,"answers":\[false\]/,
      );
    });

    it('says when the session itself must be approved', async () => {
      const ask = (identity: string): Promise<Ran> =>
        onrecord('explain', 'SELECT 1', '--connection', 'vault', '--identity', identity);
      assert.match(
        (await ask('support-agent')).stdout,
        /^ {2}session {3}opens only once 1 of the group finance approved it\n/,
      );
      assert.match((await ask('ann')).stdout, /^SELECT 1\n/);
    });

    it('knows only identities and connections of the configuration', async () => {
      const { stderr, code } = await explain('SELECT 1', '--identity', 'an');
      assert.equal(code, 1);
      assert.match(stderr, /there is no identity "an"/);
      assert.equal((await onrecord('explain', 'SELECT 1', '--identity', 'ann')).code, 2);
    });
  });

  describe('backtest', () => {
    before(() => {
      const journal = new JournalFixture({ data: join(cwd, 'data') });
      recordDay(journal);
      recordControls(journal);
    });
    const backtest = (policy: string, ...more: string[]): Promise<Ran> => {
      writeFileSync(join(cwd, 'new.yaml'), policy);
      return onrecord('backtest', '--policy', 'new.yaml', '--tz', 'UTC', ...more);
    };

    it('lists the recorded statements that other rules would decide differently', async () => {
      const policy =
        'policy: [{ name: no customers, when: \'statement.sql.contains("FROM customers WHERE id")\', then: deny }]\n';
      const { stdout, code } = await backtest(policy, '--identity', 'billing-agent');
      assert.equal(code, 0);
      assert.match(stdout, /SELECT id, name FROM customers WHERE id = \$1.*\n {4}allow → deny by no customers\n/);
      assert.match(stdout, /\d+ statements, \d+ would be decided differently: \d+ denied\n/);
    });

    it('judges with the parameters and the time of back then', async () => {
      const policy = (hour: number): string =>
        `policy: [{ name: r, when: 'time.hour == ${hour} && statement.parameters.exists(p, p == "42")', then: approve, approvers: { group: x } }]\n`;
      const summary = async (hour: number): Promise<Record<string, unknown> | undefined> =>
        objects(await backtest(policy(hour), '--json')).at(-1);
      assert.ok(Number((await summary(9))?.['approve']) > 0);
      assert.equal((await summary(10))?.['approve'], 0);
    });

    it('compares with what was decided back then', async () => {
      const differences = objects(await backtest('policy: []\n', '--identity', 'payment-agent', '--json'));
      const [first] = differences;
      assert.deepEqual(
        [first?.['sql'], first?.['before'], first?.['after']],
        [
          'DELETE FROM customers',
          { decision: 'deny', rules: ['no blind deletes', 'deletes'] },
          { decision: 'allow', rules: [] },
        ],
      );
    });

    it('compares with the current rules where it is asked to', async () => {
      const same = `policy:${configuration.split('\npolicy:')[1]?.split('masking:')[0]}`;
      const { stdout } = await backtest(same, '--against', 'current');
      assert.match(stdout, /\d+ statements, none would be decided differently/);
      assert.equal((await backtest(same, '--against', 'something')).code, 2);
    });

    it('takes no rules that are wrong', async () => {
      const { stderr, code } = await backtest('policy: [{ name: r, when: statement.isDdll, then: deny }]\n');
      assert.equal(code, 1);
      assert.match(stderr, /new\.yaml:1:\d+: policy\[0\]\.when: .*did you mean "isDdl"\?/);
    });
  });
});
