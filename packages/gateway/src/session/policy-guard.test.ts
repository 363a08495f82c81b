import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { activeMasks } from '../masking/active-masks.ts';
import type { MaskingRule } from '../masking/masking-rule.ts';
import { createPolicy } from '../policy/create-policy.ts';
import { noControls, rulesOf } from '../policy/policy.fixture.ts';
import { createAnalyzer } from '../sql/analysis/analyze.ts';
import type { Analyze } from '../sql/analysis.ts';
import { catalogFixture } from '../sql/catalog.fixture.ts';
import type { Catalog } from '../sql/catalog.ts';
import { loadParser } from '../sql/parser.ts';
import { SharedDefinitions } from './definitions.ts';
import type { Judged, SessionNames, ToJudge } from './guard.ts';
import { PolicyGuard } from './policy-guard.ts';
import { SessionSettings } from './session-settings.ts';

let analyze: Analyze;

before(async () => {
  analyze = createAnalyzer(await loadParser());
});

const tables = [
  { schema: 'public', name: 'payments', columns: ['id int4', 'paid numeric'] },
  { schema: 'other', name: 'payments', columns: ['id int4'] },
  { schema: 'public', name: 'customers', columns: ['id int4', 'email text'] },
  {
    schema: 'public',
    name: 'harmless',
    kind: 'view' as const,
    columns: ['id int4'],
    definition: 'SELECT customers.id FROM public.customers',
  },
  {
    schema: 'public',
    name: 'calm',
    kind: 'view' as const,
    columns: ['id int4'],
    definition: 'SELECT payments.id FROM other.payments',
  },
];

const rules = rulesOf({
  name: 'money',
  when: 'statement.writes.exists(t, t == "public.payments")',
  then: 'deny',
});

const masking: readonly MaskingRule[] = [
  {
    connections: undefined,
    identities: undefined,
    groups: undefined,
    except: { identities: [], groups: [] },
    columns: new Map([['public.customers.email', 'redact' as const]]),
    detectors: new Map(),
    patterns: [],
    probe: 'allow',
    trustedFunctions: [],
  },
];

interface Fixture {
  readonly guard: PolicyGuard;
  catalog: Catalog | undefined;
}

function guarded({
  masked = false,
  all = new SharedDefinitions(),
  rate,
}: {
  readonly masked?: boolean;
  readonly all?: SharedDefinitions;
  readonly rate?: () => number;
} = {}): Fixture {
  const subject = {
    identity: { name: 'agent', kind: 'agent', groups: [], onBehalfOf: undefined, method: 'token' },
    connection: { name: 'c', database: 'd', role: 'app' },
    session: { client: '', application: undefined, runId: undefined },
  } as const;
  const fixture: { catalog: Catalog | undefined } = { catalog: catalogFixture({ relations: tables }) };
  const start = {
    user: 'app',
    role: 'app',
    searchPath: 'public',
    standardConformingStrings: true,
    temporarySchema: 'pg_temp_1',
    settings: {},
  };
  const guard = new PolicyGuard({
    policy: masked ? undefined : createPolicy({ rules, controls: [noControls, noControls], subject }),
    masks: masked ? activeMasks(masking, { connection: 'c', identity: 'agent', groups: [] }) : undefined,
    rowLimit: undefined,
    rate,
    analyze,
    catalog: () => fixture.catalog,
    definitions: { all, own: all.join() },
    settings: new SessionSettings({ start, parameters: new Map(), salt: 's' }),
    hmac: (bytes) => bytes,
    wallUs: (us) => us,
  });
  return Object.assign(fixture, { guard });
}

const noNames: SessionNames = { prepared: () => undefined, cursor: () => undefined };
const toJudge = (text: string): ToJudge => ({
  text,
  protocol: 'simple',
  parameters: undefined,
  parameterTypes: undefined,
  inTransaction: false,
});

/** What is said of the last of them, when each of those in front completes in a Query of its own. */
function decide({ guard }: Fixture, ...texts: string[]): string {
  let last: Judged | undefined;
  for (const text of texts) {
    if (last !== undefined) guard.completed(last);
    last = judgeOne(guard, text);
  }
  return last?.verdict.decision ?? 'none';
}

function judgeOne(guard: PolicyGuard, text: string): Judged | undefined {
  const judged = guard.judge([toJudge(text)], noNames, 0);
  if (judged !== undefined) return judged[0];
  guard.catalogRead();
  return guard.judge([toJudge(text)], noNames, 0)?.[0];
}

describe('a guard', () => {
  it('knows names by the search path that statements have set', () => {
    assert.equal(decide(guarded(), 'delete from payments'), 'deny');
    assert.equal(decide(guarded(), 'set search_path = other', 'delete from payments'), 'allow');
    assert.equal(decide(guarded(), 'set search_path = other', 'reset search_path', 'delete from payments'), 'deny');
  });

  it('judges statements of one Query as if those in front had completed', () => {
    const { guard } = guarded();
    const judged = guard.judge([toJudge('set search_path = other'), toJudge('delete from payments')], noNames, 0);
    assert.deepEqual(
      judged?.map(({ verdict }) => verdict.decision),
      ['allow', 'allow'],
    );
    assert.equal(decide({ guard, catalog: undefined }, 'delete from payments'), 'deny');
  });

  it('follows what is prepared and executed in one Query', () => {
    const { guard } = guarded();
    const judged = guard.judge([toJudge('prepare p as delete from payments'), toJudge('execute p')], noNames, 0);
    assert.equal(judged?.at(-1)?.verdict.decision, 'deny');
  });

  it('has the catalog read again for a name that it does not have, and then leaves the statement to Postgres to refuse', () => {
    const fixture = guarded();
    assert.equal(fixture.guard.judge([toJudge('select * from typo')], noNames, 0), undefined);
    fixture.guard.catalogRead();
    const [judged] = fixture.guard.judge([toJudge('select * from typo')], noNames, 0) ?? [];
    assert.equal(judged?.verdict.decision, 'deny');
    assert.equal(judged?.analysis, undefined, 'so that Postgres is asked to parse it');
  });

  it('counts each statement of a Query once, also when the catalog has to be read again in the middle of them', () => {
    let counted = 0;
    const { guard } = guarded({
      rate: () => {
        counted += 1;
        return 0;
      },
    });
    const query = [toJudge('select 1'), toJudge('select * from typo'), toJudge('select 2')];
    assert.equal(guard.judge(query, noNames, 0), undefined);
    guard.catalogRead();
    assert.equal(guard.judge(query, noNames, 0)?.length, 3);
    assert.equal(counted, 2, 'what Postgres is to refuse does not count');
  });

  it('lets a session use what it has made in its transaction', () => {
    assert.equal(decide(guarded(), 'begin', 'create table mine (id int)', 'insert into mine values (1)'), 'allow');
  });

  it('takes what a session has defined for all that the definition touched, until the catalog has it', () => {
    const rename = ['begin', 'alter table payments rename to p2', 'delete from p2 where id = 1'];
    assert.equal(decide(guarded(), ...rename), 'deny');
    const view = [
      'begin',
      'create or replace view harmless as select id from payments',
      'delete from harmless where id = 1',
    ];
    assert.equal(decide(guarded(), ...view), 'deny');
  });

  it('counts what another session defines from before it runs until the catalog has it', () => {
    const all = new SharedDefinitions();
    const mine = guarded({ all });
    const theirs = guarded({ all });
    assert.equal(decide(mine, 'delete from harmless'), 'allow');
    judgeOne(theirs.guard, 'create or replace view harmless as select id from payments');
    assert.equal(decide(mine, 'delete from harmless'), 'deny');
    assert.equal(decide(mine, 'delete from customers'), 'allow');
    theirs.guard.ready('I');
    theirs.guard.catalogRead();
    assert.equal(decide(mine, 'delete from harmless'), 'allow');
  });

  it('does not forget what was defined when the catalog is read before the transaction has ended', () => {
    const { guard } = guarded({ masked: true });
    const names = ['begin', 'create or replace view calm as select email from customers'];
    for (const text of names) guard.completed(judgeOne(guard, text) as Judged);
    // A name that is not there has the catalog read.
    judgeOne(guard, 'select * from typo');
    const judged = judgeOne(guard, 'select * from calm');
    assert.notEqual(judged?.analysis?.lineage.outputs, undefined);
    const { outputs } = (judged as Judged).analysis?.lineage ?? { outputs: [] };
    assert.ok(outputs === 'unknown' || outputs.every(({ sources }) => sources === 'unknown'));
  });

  it('reads the catalog again when what was defined is committed', () => {
    const { guard } = guarded();
    guard.completed(judgeOne(guard, 'create table mine (id int)') as Judged);
    guard.ready('I');
    assert.equal(guard.judge([toJudge('select 1')], noNames, 0), undefined);
  });

  it('refuses what it does not know at all', () => {
    const fixture = guarded();
    fixture.catalog = undefined;
    assert.equal(decide(fixture, 'delete from payments'), 'deny');
    assert.equal(fixture.guard.judge([{ ...toJudge(''), text: undefined }], noNames, 0)?.[0]?.verdict.decision, 'deny');
  });

  it('tells other settings from the same', () => {
    const { guard } = guarded();
    const before = guard.settings;
    guard.completed(judgeOne(guard, "set application_name = 'x'") as Judged);
    assert.equal(guard.settings, before);
    guard.completed(judgeOne(guard, "set datestyle = 'German'") as Judged);
    assert.notEqual(guard.settings, before);
  });
});
