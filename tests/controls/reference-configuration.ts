import { logEverything } from '../oracle/postgres-log.ts';
import type { GatewayOptions } from '../support/gateway.ts';
import type { Postgres } from '../support/postgres.ts';
import { ownerRole } from './shop.ts';

/** What the server must allow so that the corpus can try everything. */
export const serverSettings: { readonly [name: string]: string | number | boolean } = {
  ...logEverything,
  wal_level: 'logical',
  max_prepared_transactions: 5,
  max_replication_slots: 4,
};

const masked = {
  'public.customers.email': 'partial',
  'public.customers.phone': 'redact',
  'public.customers.card': 'hash',
  'public.customers.note': 'null',
  'public.customers.credit': 'redact',
};

const agent = { kind: 'agent', connections: ['db'] };

/** Who there is. Each identity meets the masks; what else it meets is in its name or beside it. */
const identities: { readonly [name: string]: { readonly [setting: string]: unknown } } = {
  /** Of the tests' own gateway; it meets no control at all. */
  tester: { kind: 'service', connections: ['db'], groups: ['trusted'] },
  agent: { ...agent, groups: ['masked'] },
  /** As a superuser. */
  root: { ...agent, groups: ['masked'] },
  /** Meets the guard rules and no mask. */
  payer: { ...agent, groups: ['payers'] },
  /** May not guess either. */
  prober: { ...agent, groups: ['masked'] },
  reader: { ...agent, groups: ['masked'], read_only: true },
  clerk: { ...agent, groups: ['masked'], tables: ['public.invoices', 'reporting.*'] },
  /** May not change definitions. */
  builder: { ...agent, groups: ['masked'] },
  limited: { ...agent, groups: ['masked'], limits: { rows: 100, time: '200ms' } },
  /** Detectors instead of columns. */
  watched: agent,
  /** A program with masks and rules that say nothing about what it does. */
  service: { kind: 'service', connections: ['db'], groups: ['masked'] },
  alice: { kind: 'person', connections: ['db'], groups: ['finance'] },
  bob: { kind: 'person', connections: ['db'], groups: ['finance'] },
};

const policy = [
  {
    name: 'no blind deletes',
    when: 'statement.kind in ["delete", "update"] && !statement.hasWhere',
    then: 'deny',
    message: 'Add a WHERE clause.',
  },
  {
    name: 'money moves need a second pair of eyes',
    when: 'statement.writes.exists(t, t == "public.payments") && identity.kind == "agent"',
    then: 'approve',
    approvers: { group: 'finance', count: 1, timeout: '10m' },
  },
  {
    name: 'code that cannot be read is read by people',
    when: 'statement.isOpaque && "payers" in identity.groups',
    then: 'approve',
    approvers: { group: 'finance' },
  },
  {
    name: 'builders do not build here',
    when: 'statement.isDdl && identity.name == "builder"',
    then: 'deny',
  },
];

/** A gateway with masks, guard rules and controls, as in the documentation of each. */
export function referenceGateway(postgres: Postgres): GatewayOptions {
  const password = 'env:ONRECORD_TEST_PASSWORD';
  return {
    postgres: { ...postgres, user: ownerRole, database: 'shop' },
    connection: { roles: [{ identities: ['root'], user: 'postgres', password }] },
    settings: {
      identities,
      policy,
      masking: {
        rules: [
          { groups: ['masked'], columns: masked },
          { identities: ['prober'], columns: { 'public.customers.email': 'partial' }, probe: 'deny' },
          { identities: ['watched'], detectors: { card: 'partial', email: 'redact' } },
        ],
      },
    },
  };
}
