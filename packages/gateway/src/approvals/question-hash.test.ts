import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { type BoundQuestion, questionHash } from './question-hash.ts';

/** Few letters, so that fields often share what they hold and only its place differs. */
const text = fc.string({ unit: fc.constantFrom('a', 'b', '\0', '\ud800', 'é', '1'), maxLength: 4 });
const parameter = fc.record({
  value: fc.option(fc.uint8Array({ maxLength: 3 }), { nil: null }),
  format: fc.constantFrom(0, 1),
  type: fc.constantFrom(0, 23, 25),
});
const statement = fc.record({
  protocol: fc.constantFrom('simple' as const, 'extended' as const, 'function call' as const),
  sql: text,
  parameters: fc.array(parameter, { maxLength: 3 }),
});
const question: fc.Arbitrary<BoundQuestion> = fc.record({
  scope: fc.constantFrom('statement' as const, 'session' as const),
  connection: text,
  database: text,
  identity: text,
  onBehalfOf: fc.option(text, { nil: undefined }),
  role: text,
  settings: text,
  definitions: text,
  statements: fc.array(statement, { maxLength: 3 }),
});

const one: BoundQuestion = {
  scope: 'statement',
  connection: 'billing',
  database: 'billing',
  identity: 'billing-agent',
  onBehalfOf: undefined,
  role: 'billing_app',
  settings: 'search_path=public',
  definitions: '',
  statements: [
    {
      protocol: 'extended',
      sql: 'UPDATE payments SET amount = $1 WHERE id = $2',
      parameters: [
        { value: Buffer.from('10'), format: 0, type: 1700 },
        { value: null, format: 0, type: 23 },
      ],
    },
  ],
};

/** Each differs from `one` in one thing. */
const others: readonly BoundQuestion[] = [
  { ...one, scope: 'session' },
  { ...one, connection: 'reports' },
  { ...one, database: 'reports' },
  { ...one, identity: 'other-agent' },
  { ...one, onBehalfOf: '' },
  { ...one, onBehalfOf: 'alice' },
  { ...one, role: 'owner' },
  { ...one, settings: 'search_path=evil,public' },
  { ...one, definitions: 'f: delete' },
  { ...one, statements: [] },
  { ...one, statements: [...one.statements, ...one.statements] },
  ...one.statements.flatMap((first) => [
    { ...one, statements: [{ ...first, protocol: 'simple' as const }] },
    { ...one, statements: [{ ...first, sql: `${first.sql} ` }] },
    { ...one, statements: [{ ...first, parameters: first.parameters.toReversed() }] },
    { ...one, statements: [{ ...first, parameters: first.parameters.slice(0, 1) }] },
    ...[{ value: Buffer.from('11') }, { value: new Uint8Array(0) }, { value: null }, { format: 1 }, { type: 23 }].map(
      (change) => ({
        ...one,
        statements: [
          { ...first, parameters: first.parameters.map((each, at) => (at === 0 ? { ...each, ...change } : each)) },
        ],
      }),
    ),
  ]),
];

describe('the hash of a question', () => {
  it('is another one when anything that the approval binds to is another', () => {
    const hashes = [one, ...others].map(questionHash);
    assert.equal(new Set(hashes).size, hashes.length);
    for (const hash of hashes) assert.match(hash, /^[0-9a-f]{64}$/);
  });

  it('is the same for two questions exactly when they are the same', () => {
    fc.assert(
      fc.property(question, question, (left, right) => {
        assert.equal(questionHash(left) === questionHash(right), isDeepStrictEqual(left, right));
      }),
      { numRuns: 2_000 },
    );
  });

  it('does not depend on how its bytes are held', () => {
    const copied = structuredClone(one);
    assert.equal(questionHash(copied), questionHash(one));
  });

  it('cannot be met by moving text from one field or list to its neighbour', () => {
    fc.assert(
      fc.property(text, text, fc.nat(4), (left, right, cut) => {
        const joined = left + right;
        const moved = { ...one, identity: joined.slice(0, cut), role: joined.slice(cut) };
        const first = { ...one, identity: left, role: right };
        assert.equal(questionHash(first) === questionHash(moved), left === moved.identity);
      }),
    );
  });
});
