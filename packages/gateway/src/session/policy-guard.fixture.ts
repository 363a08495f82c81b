import { activeMasks } from '../masking/active-masks.ts';
import type { MaskingRule } from '../masking/masking-rule.ts';
import { createPolicy } from '../policy/create-policy.ts';
import { noControls, rulesOf } from '../policy/policy.fixture.ts';
import type { Rule } from '../policy/policy.ts';
import { createAnalyzer } from '../sql/analysis/analyze.ts';
import type { Analyze } from '../sql/analysis.ts';
import { catalogFixture } from '../sql/catalog.fixture.ts';
import type { Catalog } from '../sql/catalog.ts';
import { loadParser } from '../sql/parser.ts';
import type { Judged, SessionNames, ToJudge } from './guard.ts';
import { PolicyGuard, type PolicyGuardOptions } from './policy-guard.ts';
import { SessionSettings } from './session-settings.ts';
import { SharedDefinitions } from './shared-definitions.ts';

/** With a parser of its own. */
export const analyzer: Analyze = createAnalyzer(await loadParser());

/** Of the catalog that a guard begins with. */
export const tables = [
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

/** Nobody writes to `public.payments`. */
const money = rulesOf({
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

/** A guard, and the catalog of its database. */
export interface GuardFixture {
  readonly guard: PolicyGuard;
  catalog: Catalog | undefined;
}

export interface GuardFixtureOptions {
  /** Without rules, and with a mask on `public.customers.email`. */
  readonly masked?: boolean;
  readonly rules?: readonly Rule[];
  readonly all?: SharedDefinitions;
  readonly rate?: () => number;
  readonly analyze?: Analyze;
  readonly wallUs?: (us: number) => number;
}

/** The guard of a session that has just begun, under nothing but what is given. */
export function guardOf({
  all = new SharedDefinitions(),
  ...given
}: Partial<PolicyGuardOptions> &
  Pick<PolicyGuardOptions, 'catalog'> & { readonly all?: SharedDefinitions }): PolicyGuard {
  const start = {
    user: 'app',
    role: 'app',
    searchPath: 'public',
    standardConformingStrings: true,
    temporarySchema: 'pg_temp_1',
    settings: {},
  };
  return new PolicyGuard({
    policy: undefined,
    masks: undefined,
    rowLimit: undefined,
    rate: undefined,
    analyze: analyzer,
    definitions: { all, own: all.join() },
    settings: new SessionSettings({ start, parameters: new Map(), salt: 's' }),
    hmac: (bytes) => bytes,
    wallUs: (us) => us,
    ...given,
  });
}

/** The same, by what most tests tell apart. */
export function guarded({
  masked = false,
  rules = money,
  all = new SharedDefinitions(),
  rate,
  analyze = analyzer,
  wallUs = (us) => us,
}: GuardFixtureOptions = {}): GuardFixture {
  const subject = {
    identity: { name: 'agent', kind: 'agent', groups: [], onBehalfOf: undefined, method: 'token' },
    connection: { name: 'c', database: 'd', role: 'app' },
    session: { client: '', application: undefined, runId: undefined },
  } as const;
  const fixture: { catalog: Catalog | undefined } = { catalog: catalogFixture({ relations: tables }) };
  const guard = guardOf({
    policy: masked ? undefined : createPolicy({ rules, controls: [noControls, noControls], subject }),
    masks: masked ? activeMasks(masking, { connection: 'c', identity: 'agent', groups: [] }) : undefined,
    rate,
    analyze,
    catalog: () => fixture.catalog,
    all,
    wallUs,
  });
  return Object.assign(fixture, { guard });
}

/** Nothing has a name. */
export const noNames: SessionNames = { prepared: () => undefined, cursor: () => undefined };

/** A Query with that text. */
export const toJudge = (text: string): ToJudge => ({
  text,
  protocol: 'simple',
  parameters: undefined,
  parameterTypes: undefined,
  inTransaction: false,
});

/** Judges a Query, after the catalog was read again where that is asked for. */
export function judgeOne(guard: PolicyGuard, text: string): Judged | undefined {
  const judged = guard.judge([toJudge(text)], noNames, 0);
  if (judged !== undefined) return judged[0];
  guard.catalogRead();
  return guard.judge([toJudge(text)], noNames, 0)?.[0];
}
