/** What gateways of the tests put between a client and Postgres although nothing asks for it. */
export type TestGuard = 'rules' | 'masks';

/** As the environment variable ONRECORD_TEST_GUARD says; undefined for none. */
export function testGuard(): TestGuard | undefined {
  const given = process.env['ONRECORD_TEST_GUARD'];
  if (given === undefined || given === 'rules' || given === 'masks') return given;
  throw new Error(`ONRECORD_TEST_GUARD is "rules" or "masks", not "${given}"`);
}

/** A rule that looks at everything, and one that denies what does not occur. */
const rules = [
  {
    name: 'everything',
    when: 'statement.sql.size() >= 0 && statement.tables.size() >= 0 && statement.functions.size() >= 0',
    then: 'allow',
  },
  {
    name: 'what does not occur',
    when: 'statement.writes.exists(t, t == "public.onrecord_nothing")',
    then: 'deny',
  },
];

/** A column that does not exist, one that does and that nobody reads, and a pattern that no value matches. */
const masks = [
  {
    columns: {
      'public.onrecord_nothing.secret': 'partial',
      'information_schema.sql_sizing.comments': 'redact',
    },
    patterns: [{ name: 'what no value is', pattern: 'onrecord: no value is [0-9]{40}', then: 'redact' }],
  },
];

/**
 * Top-level settings under which every statement is judged and, with masks, every row is looked at; nothing is to be
 * refused or hidden by them.
 */
export function harmlessSettings(): { readonly [name: string]: unknown } {
  const guard = testGuard();
  if (guard === undefined) return {};
  return guard === 'rules' ? { policy: rules } : { policy: rules, masking: { rules: masks } };
}

/** Settings of a connection: limits that nothing reaches. */
export function harmlessLimits(): { readonly [name: string]: unknown } {
  if (testGuard() === undefined) return {};
  return { limits: { rows: 1_000_000_000, time: '1h', rate: '100000/1s' } };
}
