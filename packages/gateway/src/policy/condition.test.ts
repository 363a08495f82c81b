import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Condition, compileCondition } from './condition.ts';
import { statementFacts, subjectFacts } from './facts.ts';
import { agentSubject, judged } from './policy.fixture.ts';
import type { JudgedStatement, RuleFacts } from './policy.ts';

/** A Sunday. */
const sunday = Date.UTC(2026, 10, 29, 20, 45) * 1000;

function compiled(text: string): Condition {
  const condition = compileCondition(text);
  if ('problem' in condition) assert.fail(condition.problem.message);
  return condition;
}

function facts(statement: JudgedStatement = judged(), us: number = sunday): RuleFacts {
  const [first] = statementFacts(subjectFacts(agentSubject), statement, us);
  assert.ok(first);
  return first;
}

function holds(text: string, statement?: JudgedStatement): boolean {
  return compiled(text).matches(facts(statement));
}

describe('a condition', () => {
  it('sees every fact of a statement', () => {
    const statement = judged(
      {
        kind: 'update',
        reads: ['public.a', 'public.b'],
        writes: ['public.a'],
        readsColumns: ['public.b.x'],
        writesColumns: ['public.a.y'],
        functions: ['public.f', 'public.g'],
        volatileFunctions: ['public.g'],
        hasWhere: false,
        isWrite: true,
        via: 'WITH d',
      },
      { sql: 'UPDATE a', protocol: 'extended', parameters: ['1', null], analysis: { unresolved: ['z'] } },
    );
    for (const text of [
      'statement.kind == "update"',
      'statement.reads == ["public.a", "public.b"] && statement.writes == ["public.a"]',
      'statement.tables == ["public.a", "public.b"]',
      'statement.readsColumns == ["public.b.x"] && statement.writesColumns == ["public.a.y"]',
      '"public.f" in statement.functions && !("public.f" in statement.volatileFunctions)',
      'statement.isWrite && !statement.hasWhere && !statement.isDdl && !statement.isTransactionControl',
      '!statement.isOpaque && !statement.isOutside',
      'statement.via == "WITH d" && statement.sql == "UPDATE a" && statement.protocol == "extended"',
      'statement.parameters[0] == "1" && statement.parameters[1] == null && statement.parameters.size() == 2',
      'statement.unresolved.exists(name, name == "z")',
    ]) {
      assert.equal(holds(text, statement), true, text);
      assert.equal(holds(`!(${text})`, statement), false, text);
    }
  });

  it('sees who asks, where, and when in UTC', () => {
    for (const text of [
      'identity.name == "billing-agent" && identity.kind == "agent" && "agents" in identity.groups',
      'identity.onBehalfOf == "" && identity.method == "token"',
      'connection.name == "billing" && connection.database == "billing" && connection.role == "billing_app"',
      'session.client.startsWith("10.0.") && session.application == "bot" && session.runId == ""',
      '!session.inTransaction',
      'time.hour == 20 && time.minute == 45 && time.weekday == 7 && time.date == "2026-11-29"',
      'time.timestamp > timestamp("2026-11-29T20:44:59Z")',
    ]) {
      assert.equal(holds(text), true, text);
    }
  });

  it('says what it uses, and of what changes from run to run each by name', () => {
    const uses = (text: string): readonly string[] => [...compiled(text).uses].sort();
    assert.deepEqual(uses('statement.isWrite && identity.kind == "agent"'), ['identity', 'statement']);
    assert.deepEqual(uses('statement.tables.exists(t, t == "a.b" && time.hour > 3)'), ['statement', 'time']);
    assert.deepEqual(uses('statement.parameters.size() > 0'), ['statement', 'statement.parameters']);
    assert.deepEqual(uses('session.inTransaction'), ['session', 'session.inTransaction']);
    assert.deepEqual(uses('session.runId == ""'), ['session']);
    assert.deepEqual(uses('true'), []);
  });

  it('is taken to use everything of what it takes as a whole', () => {
    for (const text of ['statement["parameters"] == []', 'cel.bind(s, statement, s.parameters.size() > 0)']) {
      assert.ok(compiled(text).uses.has('statement.parameters'), text);
    }
  });

  it('matches patterns anywhere in a text, wherever in the condition it says so', () => {
    const statement = judged({ reads: ['public.customers'] }, { sql: 'SELECT 1 /* Zürich */' });
    assert.equal(holds('statement.sql.matches("Z.rich")', statement), true);
    assert.equal(holds('statement.sql.matches("^Z")', statement), false);
    assert.equal(holds('statement.reads.exists(t, t.matches("cust[o]mers$"))', statement), true);
    assert.equal(holds('statement.reads.filter(t, t.matches("^x")).size() == 0', statement), true);
    assert.equal(holds('statement.reads.map(t, t.matches("^p")) == [true]', statement), true);
    assert.equal(holds('cel.bind(t, statement.sql, t.matches("Z"))', statement), true);
  });

  it('matches patterns that backtracking engines take forever for', () => {
    const statement = judged({}, { sql: `${'a'.repeat(50_000)}!` });
    assert.equal(holds('statement.sql.matches("^(a+)+$")', statement), false);
  });

  it('tells times in zones', () => {
    assert.equal(holds('time.timestamp.getHours("Europe/Berlin") == 21 && time.timestamp.getHours() == 20'), true);
    assert.equal(holds('time.timestamp.getDayOfWeek("Asia/Tokyo") == 1'), true);
    assert.deepEqual([...compiled('time.timestamp.getHours("Europe/Berlin") < 8').uses], ['time']);
  });

  it('cannot be evaluated where it needs what is not there, and can where it does not', () => {
    const binary = judged({ isWrite: false }, { parameters: ['1', undefined] });
    assert.throws(() => holds('statement.parameters[0] == "1"', binary), /binary parameter \$2/);
    assert.equal(holds('statement.isWrite && statement.parameters[0] == "1"', binary), false);
    assert.throws(() => holds('statement.parameters[7] == "1"'), /index 7/);
    assert.throws(() => holds('dyn(statement.sql) && true'), /bool/);
  });

  it('is checked or refused, whatever its text', () => {
    const words = fc.constantFrom(
      ...[
        'statement',
        'identity',
        'time',
        '.',
        'kind',
        'tables',
        '[',
        ']',
        '(',
        ')',
        '"a"',
        "'",
        '==',
        'in',
        '&&',
        '!',
        '?',
        ':',
      ],
      ...[
        '.exists(t, ',
        '.matches(',
        'has(',
        'cel.bind(x, ',
        '["constructor"]',
        '.__proto__',
        '1',
        '-',
        '{',
        '}',
        'null',
        'r"("',
      ],
    );
    const text = fc.oneof(
      fc.array(words, { maxLength: 20 }).map((parts) => parts.join(' ')),
      fc.string({ unit: 'binary' }),
    );
    fc.assert(
      fc.property(text, (condition) => {
        const answer = compileCondition(condition);
        if (!('problem' in answer)) return;
        const { offset, message } = answer.problem;
        assert.ok(offset >= 0 && offset <= condition.length && message !== '', condition);
      }),
      { numRuns: 2000 },
    );
  });

  it('cannot be too large to check', () => {
    const nested = compileCondition(`${'!('.repeat(500)}true${')'.repeat(500)}`);
    assert.ok('problem' in nested);
    const long = compileCondition(Array.from({ length: 3000 }, () => 'true').join(' && '));
    assert.ok('problem' in long);
  });
});
