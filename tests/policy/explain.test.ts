import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Admin } from '../support/admin.ts';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';

const policy = [
  { name: 'no payments', when: '"public.payments" in statement.reads', then: 'deny' },
  { name: 'no blind deletes', when: 'statement.kind == "delete" && !statement.hasWhere', then: 'deny' },
];

describe('policy commands with a gateway and a database', { timeout: 600_000 }, () => {
  let postgres: Postgres;
  let gateway: Gateway;

  before(async () => {
    postgres = await startPostgres();
    const admin = await Admin.login(postgres);
    await admin.query('CREATE TABLE payments (id int, amount int); CREATE VIEW due AS SELECT id FROM payments');
    await admin.query("CREATE TABLE people (id int, email text); INSERT INTO people VALUES (1, 'ann@example.com')");
    admin.close();
    const masking = { rules: [{ columns: { 'public.people.email': 'partial' } }] };
    gateway = await startGateway({ postgres, settings: { policy, masking } });
  });
  after(async () => {
    await gateway?.stop();
    await postgres?.stop();
  });

  const explain = async (sql: string): Promise<Record<string, unknown>> =>
    JSON.parse(await gateway.cli('policy', 'explain', sql, '--identity', 'tester', '--connection', 'db', '--json'));

  it('explain looks names up in the catalog that the gateway reads', async () => {
    const view = await explain('SELECT * FROM due');
    assert.equal(view['catalog'], 'of the database');
    assert.equal(view['decision'], 'deny');
    assert.deepEqual(view['matches'], [{ rule: 'no payments', then: 'deny' }]);
    assert.deepEqual(view['unresolved'], []);
  });

  it('explain says which columns are masked, and by which rule', async () => {
    const { decision, masks } = await explain('SELECT id, email AS address, length(email) FROM people');
    assert.equal(decision, 'allow');
    assert.deepEqual(masks, [
      { name: 'id', detects: false },
      { name: 'address', mask: 'public.people.email (partial)', detects: false },
      { name: 'length', mask: 'public.people.email (redact)', detects: false },
    ]);
  });

  it('backtest looks names up there too', async () => {
    const client = await Admin.login(gateway);
    await client.query('SELECT id FROM people');
    await assert.rejects(client.query('SELECT * FROM due'), /the policy rule "no payments"/);
    client.close();
    const file = join(dirname(gateway.configFile), 'new.yaml');
    writeFileSync(file, 'policy: [{ name: no people, when: \'"public.people" in statement.tables\', then: deny }]\n');
    const lines = (await gateway.cli('policy', 'backtest', '--policy', file, '--identity', 'tester', '--json'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const differences = lines.filter(({ type }) => type === 'difference');
    assert.deepEqual(
      differences.map(({ sql, before, after }) => [sql, before.decision, after.decision]),
      [
        ['SELECT id FROM people', 'allow', 'deny'],
        ['SELECT * FROM due', 'deny', 'allow'],
      ],
    );
    assert.deepEqual(lines.at(-1).withoutCatalog, {});
  });
});
