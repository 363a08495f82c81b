import type { HbaRule, RoleFacts } from '@onrecord/connector';
import { containsRange, formatIpRange, type IpRange, isLoopback, parseIpRange, sharedRange } from './ip-range.ts';

/**
 * Which connections a line of pg_hba.conf speaks of. Names are tokens as the file has them: `all`, `replication`,
 * `sameuser`, `+group`, `/expression`.
 * Source: Postgres manual, "The pg_hba.conf File"; check_db and check_role (backend/libpq/hba.c).
 */
export interface Route {
  readonly type: string;
  readonly databases: readonly string[];
  readonly users: readonly string[];
  readonly from: Origin;
}

/** Where connections come from. What only the server can work out (`samenet`, a host name) stays as it was written. */
export type Origin =
  | { readonly type: 'socket' }
  | { readonly type: 'anywhere' }
  | { readonly type: 'network'; readonly range: IpRange }
  | { readonly type: 'named'; readonly name: string };

/** Connections that are to go on: of one role or all, to one database or all, from one place or all. */
export interface Passage {
  readonly user?: string | undefined;
  readonly database?: string | undefined;
  readonly from?: Origin | undefined;
}

/** The keyword for physical replication, which `all` does not stand for. */
export const replication = 'replication';

export function routeOf({ type, databases, users, address, netmask }: HbaRule): Route {
  return { type, databases, users, from: originOf(type, address, netmask) };
}

function originOf(type: string, address: string | undefined, netmask: string | undefined): Origin {
  if (type === 'local') return { type: 'socket' };
  if (address === undefined || address === 'all') return { type: 'anywhere' };
  const range = parseIpRange(address, netmask);
  if (range === undefined) return { type: 'named', name: address };
  return { type: 'network', range };
}

/** An address as the server or the configuration names it: `local` or none for a Unix socket. */
export function originAt(address: string | undefined): Origin {
  if (address === undefined || address === 'local') return { type: 'socket' };
  const range = parseIpRange(address);
  return range === undefined ? { type: 'named', name: address } : { type: 'network', range };
}

/** Whether whoever comes from `inner` certainly comes from `outer`. */
export function coversOrigin(outer: Origin, inner: Origin): boolean {
  if (outer.type === 'anywhere') return inner.type !== 'socket';
  if (outer.type === 'network' && inner.type === 'network') return containsRange(outer.range, inner.range);
  if (outer.type === 'named' && inner.type === 'named') return outer.name === inner.name;
  return outer.type === 'socket' && inner.type === 'socket';
}

/** Whether a line leaves nothing for a later one. */
export function covers(outer: Route, inner: Route): boolean {
  const isTypeCovered = outer.type === inner.type || (outer.type === 'host' && inner.type !== 'local');
  return (
    isTypeCovered &&
    inner.databases.every(
      (name) => outer.databases.includes(name) || (name !== replication && isAll(outer.databases)),
    ) &&
    inner.users.every((name) => outer.users.includes(name) || isAll(outer.users)) &&
    coversOrigin(outer.from, inner.from)
  );
}

/** The part of a route that a passage takes, without physical replication; undefined when there is none. */
export function narrow(route: Route, passage: Passage, roles: readonly RoleFacts[]): Route | undefined {
  const from = passage.from === undefined ? route.from : narrowOrigin(route.from, passage.from);
  const users =
    passage.user === undefined ? route.users : namesUser(route.users, passage.user, roles) ? [passage.user] : [];
  const named = route.databases.filter((name) => name !== replication);
  const databases = passage.database === undefined ? named : narrowDatabases(named, passage.database);
  if (from === undefined || users.length === 0 || databases.length === 0) return undefined;
  return { type: route.type, databases, users, from };
}

/** What is not certain stays as wide as it was. */
function narrowOrigin(route: Origin, wanted: Origin): Origin | undefined {
  if (route.type === 'socket' || wanted.type === 'socket') return route.type === wanted.type ? route : undefined;
  if (route.type === 'anywhere') return wanted;
  if (route.type === 'named' || wanted.type !== 'network') return route;
  const range = sharedRange(route.range, wanted.range);
  return range === undefined ? undefined : { type: 'network', range };
}

function narrowDatabases(named: readonly string[], wanted: string): readonly string[] {
  if (isAll(named) || named.includes(wanted)) return [wanted];
  return named.filter((name) => name === 'sameuser' || name === 'samerole' || name.startsWith('/'));
}

/** Whether tokens for users mean a role. */
export function namesUser(tokens: readonly string[], user: string, roles: readonly RoleFacts[]): boolean {
  const groups = roles.find(({ name }) => name === user)?.memberOf ?? [];
  return tokens.some((token) => {
    if (token === 'all' || token === user) return true;
    if (token.startsWith('+')) return groups.includes(token.slice(1)) || token.slice(1) === user;
    return token.startsWith('/') && expressionMatches(token.slice(1), user);
  });
}

/** Expressions of Postgres that JavaScript reads otherwise are rare; one that it cannot read is taken to match. */
function expressionMatches(expression: string, name: string): boolean {
  try {
    return new RegExp(expression).test(name);
  } catch {
    return true;
  }
}

/** Whether a place is the server itself. */
export function isOnServer(from: Origin): boolean {
  return from.type === 'socket' || (from.type === 'network' && isLoopback(from.range));
}

/** As it stands in the address column. */
export function formatOrigin(from: Origin): string {
  switch (from.type) {
    case 'socket':
      return '';
    case 'anywhere':
      return 'all';
    case 'network':
      return formatIpRange(from.range);
    case 'named':
      return from.name;
  }
}

function isAll(names: readonly string[]): boolean {
  return names.includes('all');
}
