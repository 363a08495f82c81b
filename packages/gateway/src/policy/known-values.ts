import type { StatementKind } from '../sql/kind.ts';
import type { JudgedStatement, PolicySubject } from './policy.ts';

/** All of them: one that is missing does not compile. */
const statementKinds: Readonly<Record<StatementKind, true>> = {
  select: true,
  insert: true,
  update: true,
  delete: true,
  merge: true,
  copy: true,
  truncate: true,
  ddl: true,
  transaction: true,
  set: true,
  show: true,
  discard: true,
  prepare: true,
  execute: true,
  deallocate: true,
  declare: true,
  fetch: true,
  close: true,
  explain: true,
  call: true,
  do: true,
  lock: true,
  listen: true,
  notify: true,
  maintenance: true,
  empty: true,
};

const protocols: Readonly<Record<JudgedStatement['protocol'], true>> = {
  simple: true,
  extended: true,
  'function call': true,
};

const identityKinds: Readonly<Record<PolicySubject['identity']['kind'], true>> = {
  agent: true,
  service: true,
  person: true,
};

/** Fields whose values are known: a condition that compares one with something else would never hold. */
export const knownValues: ReadonlyMap<string, readonly string[]> = new Map([
  ['statement.kind', Object.keys(statementKinds)],
  ['statement.protocol', Object.keys(protocols)],
  ['identity.kind', Object.keys(identityKinds)],
  ['identity.method', ['token', 'jwt', 'oauth', 'certificate']],
]);
