import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '@onrecord/connector/config';
import type { Config } from './config.ts';
import { configView } from './config-view.ts';
import { parseConfig } from './parse-config.ts';

const base = `connections:
  billing: { host: h, database: d, user: u }
identities:
  agent: { connections: [billing], groups: [agents] }
  ann: { kind: person, groups: [finance] }
`;

function parse(text: string): Config {
  return parseConfig(text, '/etc/onrecord/onrecord.yaml');
}

/** The problems of a text, each as `line:column setting: message`; lines count from the first behind `base`. */
function problems(text: string, before: string = base): readonly string[] {
  try {
    parse(`${before}${text}`);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    const first = before.split('\n').length - 1;
    return error.problems.map(
      ({ line, column, path, message }) => `${(line ?? 0) - first}:${column} ${path}: ${message}`,
    );
  }
  return [];
}

function rule(when: string, rest = 'then: deny'): string {
  return `policy:\n  - name: r\n    when: ${when}\n    ${rest}\n`;
}

test('without controls there are none', () => {
  const config = parse(base);
  assert.deepEqual(config.policy, []);
  assert.deepEqual(config.masking, { key: undefined, rules: [] });
  assert.deepEqual(config.approvals, { waiting: 100, waitingOfIdentity: 10, webhooks: [] });
  assert.equal(config.connections.get('billing')?.access, undefined);
  assert.deepEqual(config.identities.get('agent')?.controls, {
    readOnly: false,
    tables: undefined,
    rows: undefined,
    timeMs: undefined,
    rate: undefined,
  });
});

test('rules are understood in their order', () => {
  const config = parse(`${base}policy:
  - name: no blind deletes
    when: statement.kind in ["delete", "update"] && !statement.hasWhere
    then: deny
    message: Add a WHERE clause.
  - name: money moves
    when: '"public.payments" in statement.writes'
    then: approve
    approvers: { group: finance, count: 1, timeout: 5m, reuse: 30m }
`);
  assert.deepEqual(
    config.policy.map(({ matches: _, uses, ...rest }) => ({ ...rest, uses: [...uses] })),
    [
      {
        name: 'no blind deletes',
        when: 'statement.kind in ["delete", "update"] && !statement.hasWhere',
        then: 'deny',
        message: 'Add a WHERE clause.',
        uses: ['statement'],
      },
      {
        name: 'money moves',
        when: '"public.payments" in statement.writes',
        then: 'approve',
        approvers: { group: 'finance', count: 1, timeoutMs: 300_000, reuseMs: 1_800_000 },
        uses: ['statement'],
      },
    ],
  );
});

test('controls of connections and identities are understood', () => {
  const config = parse(`connections:
  billing:
    host: h
    database: d
    user: u
    read_only: true
    tables: [public.invoices, "reporting.*", 'public."a.b"']
    limits: { rows: 10000, time: 30s, rate: 100/1m }
    access: { approvers: { group: finance }, meanwhile: refuse, except: { identities: [ann] } }
identities:
  agent: { connections: [billing], read_only: true, limits: { rate: 5/1s } }
  ann: { kind: person, groups: [finance] }
`);
  assert.deepEqual(config.connections.get('billing')?.controls, {
    readOnly: true,
    tables: ['public.invoices', 'reporting.*', 'public.a.b'],
    rows: 10_000,
    timeMs: 30_000,
    rate: { count: 100, perMs: 60_000 },
  });
  assert.deepEqual(config.connections.get('billing')?.access, {
    group: 'finance',
    count: 1,
    timeoutMs: 600_000,
    meanwhile: 'refuse',
    durationMs: 28_800_000,
    except: { identities: ['ann'], groups: [] },
  });
  assert.deepEqual(config.identities.get('agent')?.controls.rate, { count: 5, perMs: 1000 });
});

test('masking and approvals are understood, and paths of their secrets are absolute', () => {
  const config = parse(
    `${base}masking:
  key: file:mask.key
  rules:
    - connections: [billing]
      groups: [agents]
      columns: { public.customers.email: partial, 'public."Odd.Name".x': null }
      detectors: { card: partial }
      patterns: [{ name: order number, pattern: 'ORD-[0-9]{8}', then: redact }]
      probe: deny
      trusted_functions: [public.tax_of]
approvals:
  webhooks: [{ url: "https://example.com/hook", secret: env:HOOK, format: slack }]
`.replace("x': null", "x': 'null'"),
  );
  assert.equal(config.masking.key, 'file:/etc/onrecord/mask.key');
  const [rule] = config.masking.rules;
  assert.deepEqual(rule, {
    connections: ['billing'],
    identities: undefined,
    groups: ['agents'],
    except: { identities: [], groups: [] },
    columns: new Map([
      ['public.customers.email', 'partial'],
      ['public.Odd.Name.x', 'null'],
    ]),
    detectors: new Map([['card', 'partial']]),
    patterns: [{ name: 'order number', pattern: 'ORD-[0-9]{8}', action: 'redact' }],
    probe: 'deny',
    trustedFunctions: ['public.tax_of'],
  });
  assert.deepEqual(config.approvals.webhooks, [
    { url: 'https://example.com/hook', secret: 'env:HOOK', format: 'slack' },
  ]);
});

test('controls are in the hash and in what a configuration means', () => {
  const some = parse(`${base}${rule('statement.isDdl')}`);
  assert.notEqual(some.hash, parse(base).hash);
  assert.notEqual(some.hash, parse(`${base}${rule('statement.isWrite')}`).hash);
  assert.deepEqual(JSON.parse(JSON.stringify(configView(some).policy)), [
    { name: 'r', when: 'statement.isDdl', then: 'deny' },
  ]);
  const masked = (action: string): Config => parse(`${base}masking: { rules: [{ columns: { a.b.c: ${action} } }] }\n`);
  assert.notEqual(masked('redact').hash, masked('hash').hash);
});

const conditions: readonly { readonly when: string; readonly problem: string }[] = [
  {
    when: 'statement.hasWher',
    problem: '3:21 policy[0].when: "statement" has no field "hasWher"; did you mean "hasWhere"?',
  },
  { when: 'statment.isDdl', problem: '3:11 policy[0].when: there is no "statment"; did you mean "statement"?' },
  { when: 'statement.isDdl &&', problem: '3:29 policy[0].when: is not a condition: it ends too early' },
  { when: 'time.hour', problem: '3:11 policy[0].when: must be true or false, but is of the type int' },
  { when: 'time.hour < "8"', problem: '3:11 policy[0].when: is not a condition: no such overload: int < string' },
  {
    when: 'statement.kind in ["select", "delte"]',
    problem: '3:40 policy[0].when: "statement.kind" is never "delte"; did you mean "delete"?',
  },
  {
    when: `'identity.kind != "robot"'`,
    problem: '3:29 policy[0].when: "identity.kind" is never "robot"; there are agent, service, person',
  },
  {
    when: 'statement.sql.matches("(?=x)")',
    problem:
      '3:33 policy[0].when: the pattern is not one of RE2: error parsing regexp: invalid or unsupported Perl syntax: `(?=`',
  },
  {
    when: 'statement.sql.matches(identity.name)',
    problem: '3:33 policy[0].when: the pattern of matches() must be a text in quotes',
  },
  {
    when: 'time.timestamp.getHours("Berlin") < 8',
    problem: '3:35 policy[0].when: there is no time zone "Berlin"',
  },
  {
    when: 'statement.kind.getHours("Europe/Berlin") < 8',
    problem: "3:11 policy[0].when: is not a condition: found no matching overload for 'string.getHours(string)'",
  },
  {
    when: 'has(statement.nothing)',
    problem: '3:11 policy[0].when: has() is always true here: every field is there, texts may be empty',
  },
];

for (const { when, problem } of conditions) {
  test(`a condition that cannot be meant is an error at its place: ${when}`, () => {
    assert.deepEqual(problems(rule(when)), [problem]);
  });
}

test('the place in a condition of several lines is where it stands in the file', () => {
  const text = rule('>-\n      statement.isWrite\n      && statement.isDdll');
  assert.deepEqual(problems(text), ['5:20 policy[0].when: "statement" has no field "isDdll"; did you mean "isDdl"?']);
});

test('rules need names of their own, and approvers where people are asked and only there', () => {
  assert.deepEqual(problems('policy:\n  - { name: a, when: statement.isDdl, then: approve }\n'), [
    '2:5 policy[0].approvers: is required with `then: approve`',
  ]);
  assert.deepEqual(
    problems(`policy:
  - { name: a, when: statement.isDdl, then: allow }
  - { name: a, when: statement.isDdl, then: deny, approvers: { group: finance } }
  - { name: read_only, when: statement.isDdl, then: deny }
`),
    [
      '3:13 policy[1].name: there is a rule "a" above',
      '3:62 policy[1].approvers: stands only with `then: approve`; nobody is asked where it says `deny`',
      '4:13 policy[2].name: is the name of a setting; choose another',
    ],
  );
});

test('approvers must be able to approve', () => {
  const approve = (approvers: string): string => rule('statement.isDdl', `then: approve\n    approvers: ${approvers}`);
  assert.deepEqual(problems(approve('{ group: finances }')), [
    '5:25 policy[0].approvers.group: nobody is in a group "finances"; did you mean "finance"?',
  ]);
  assert.deepEqual(problems(approve('{ group: agents }')), [
    '5:25 policy[0].approvers.group: nobody in the group "agents" can approve: no member is of the kind "person"',
  ]);
  assert.deepEqual(problems(approve('{ group: finance, count: 2 }')), [
    '5:25 policy[0].approvers.group: the group "finance" has 1 of the kind "person", and 2 must approve',
  ]);
});

test('groups that an issuer names may have anybody in them', () => {
  const issuer = `issuers:
  idp: { issuer: "https://idp.example", audience: x, groups: groups, identities: [{ claims: { sub: a }, identity: agent }] }
`;
  const approve = rule('statement.isDdl', 'then: approve\n    approvers: { group: elsewhere, count: 3 }');
  const identities = base.replace('agent: {', 'agent: { login: jwt,');
  assert.deepEqual(problems(`${issuer}${approve}`, identities), []);
});

test('names that nothing has are errors wherever they stand', () => {
  assert.deepEqual(
    problems(`masking:
  rules:
    - connections: [biling]
      identities: [agent, nobody]
      except: { identities: [an], groups: [financ] }
`),
    [
      '3:21 masking.rules[0].connections[0]: there is no connection "biling"; did you mean "billing"?',
      '4:27 masking.rules[0].identities[1]: there is no identity "nobody"',
      '5:30 masking.rules[0].except.identities[0]: there is no identity "an"',
      '5:44 masking.rules[0].except.groups[0]: nobody is in a group "financ"; did you mean "finance"?',
    ],
  );
});

test('what has the wrong shape is an error at its place', () => {
  assert.deepEqual(
    problems(`masking:
  rules:
    - columns: { customers.email: partial, a.b.c: remove }
      detectors: { cards: redact }
      patterns: [{ name: x, pattern: '(a', then: redact }]
      trusted_functions: [tax_of]
approvals: { webhooks: [{ url: "http://example.com", secret: hunter2 }] }
`),
    [
      '3:18 masking.rules[0].columns.customers.email: must be schema.table.column, such as public.customers.email',
      '3:51 masking.rules[0].columns.a.b.c: must be "null", "redact", "hash" or "partial"',
      '4:20 masking.rules[0].detectors.cards: there is no such setting; did you mean "card"?',
      '5:38 masking.rules[0].patterns[0].pattern: is not a regular expression of RE2: error parsing regexp: missing closing ): `(a`',
      '6:27 masking.rules[0].trusted_functions[0]: must be schema.function, such as public.tax_of',
      '7:32 approvals.webhooks[0].url: must be an https URL (http only to the loopback address)',
      '7:62 approvals.webhooks[0].secret: must be a reference to a secret, env:NAME, file:PATH or exec:COMMAND; a password itself does not belong in this file',
    ],
  );
  const connection = (setting: string): readonly string[] =>
    problems(`connections:\n  c: { host: h, database: d, user: u, ${setting} }\n`, '');
  assert.deepEqual(connection('tables: [invoices]'), [
    '2:48 connections.c.tables[0]: must be schema.table, such as public.invoices or reporting.*',
  ]);
  assert.deepEqual(connection('limits: { rate: 100 }'), [
    '2:55 connections.c.limits.rate: must be a number of statements and a duration with a slash between, such as 100/1m',
  ]);
  assert.deepEqual(connection('limits: { rate: 0/1m }'), [
    '2:55 connections.c.limits.rate: must be between 1 and 100000 statements in between 100ms and 1d',
  ]);
});
