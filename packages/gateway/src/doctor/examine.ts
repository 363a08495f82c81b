import { type DoctorFacts, type HbaRule, hiddenSecret, type RoleFacts } from '@onrecord/connector';
import type { ExpectedSession } from '../config/config.ts';
import { quoteName } from '../sql/quote-name.ts';
import { type Examination, type Finding, type Severity, severities } from './finding.ts';
import { formatHbaLine } from './hba-line.ts';
import {
  covers,
  coversOrigin,
  formatOrigin,
  isOnServer,
  namesUser,
  narrow,
  originAt,
  type Passage,
  type Route,
  replication,
  routeOf,
} from './route.ts';

/** Sessions that are to go on besides those of the connection. */
export interface Exemptions {
  readonly expected: readonly ExpectedSession[];
  /** Microseconds since 1970: passwords may have expired. */
  readonly at: number;
}

/**
 * Says which lines of pg_hba.conf let somebody past the gateway, and what closes them without locking out the gateway or
 * what is expected. Physical replication is told of and never closed. Pure.
 */
export function examine(facts: DoctorFacts, exemptions: Exemptions): Examination {
  const server = new Server(facts, exemptions);
  const findings = [...server.openRoutes(), ...server.replicationRoutes(), ...server.notes()];
  const isSocketClosed = findings.some(({ lines }) => lines.some((line) => line.startsWith('local ')));
  return {
    findings: findings.sort((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity)),
    keep: [...server.keep(), ...(isSocketClosed ? server.keepAdministrator() : [])],
    limits: facts.limits,
  };
}

interface Line {
  readonly rule: HbaRule;
  readonly route: Route;
}

const passwordMethods = new Set(['scram-sha-256', 'md5', 'password']);
/** The server's system says who they are. */
const systemMethods = new Set(['peer', 'ident']);

class Server {
  readonly #facts: DoctorFacts;
  readonly #exemptions: Exemptions;
  readonly #lines: readonly Line[];
  /** The gateway's own sessions first, then what is expected. */
  readonly #passages: readonly Passage[];

  constructor(facts: DoctorFacts, exemptions: Exemptions) {
    this.#facts = facts;
    this.#exemptions = exemptions;
    this.#lines = (facts.rules ?? [])
      .filter(({ error }) => error === undefined)
      .map((rule) => ({ rule, route: routeOf(rule) }));
    const from = originAt(facts.via.address);
    this.#passages = [
      ...facts.uses.map((user) => ({ user, from })),
      ...exemptions.expected.map(({ user, database, address }) => ({
        user,
        database,
        from: address === undefined ? undefined : originAt(address),
      })),
    ];
  }

  openRoutes(): Finding[] {
    return this.#lines.flatMap((line, index) => {
      const { rule, route } = line;
      const databases = route.databases.filter((name) => name !== replication);
      if (databases.length === 0 || !this.#isReachable(line, index)) return [];
      const open = { ...route, databases };
      const roles = this.#admitted(rule, open).filter((role) => !this.#isExempt(open, role.name));
      return roles.length === 0 ? [] : [this.#openRoute(rule, open, roles)];
    });
  }

  replicationRoutes(): Finding[] {
    return this.#lines.flatMap((line, index) => {
      const { rule, route } = line;
      if (!route.databases.includes(replication) || !this.#isReachable(line, index)) return [];
      const roles = this.#admitted(rule, route)
        .filter(({ canReplicate, isSuperuser }) => canReplicate || isSuperuser)
        .filter(({ name }) => !this.#isExempt({ ...route, databases: [replication] }, name));
      if (roles.length === 0) return [];
      const isTrusted = rule.method === 'trust';
      const advice = isTrusted
        ? 'write scram-sha-256 in place of trust, and give the standby its password'
        : 'it is left as it is: narrow the address down to the standbys, and the role to theirs';
      return [
        {
          severity: isTrusted ? ('high' as const) : ('note' as const),
          message: `physical replication, which copies everything, is open to ${listed(roles)} ${origin(route)}, ${asked(rule)}; ${advice}`,
          rule: found(rule),
          roles: roles.map(({ name }) => name),
          lines: [],
          sql: [],
        },
      ];
    });
  }

  /** What is no route and good to know. */
  notes(): Finding[] {
    const { roles, rules = [], uses } = this.#facts;
    const note = { severity: 'note' as const, roles: [], lines: [], sql: [] };
    const superusers = roles.filter(({ name, isSuperuser }) => isSuperuser && uses.includes(name));
    return [
      ...rules
        .filter(({ error }) => error !== undefined)
        .map((rule) => ({
          ...note,
          message: `line ${rule.line} cannot be read (${rule.error}): the server goes on with the file that it read before`,
        })),
      ...superusers.map(({ name }) => ({
        ...note,
        message: `sessions run as the superuser "${name}": whoever may send statements may change pg_hba.conf, too`,
        roles: [name],
        sql: [`ALTER ROLE ${quoteName(name)} NOSUPERUSER;`],
      })),
    ];
  }

  /** What the file says of the sessions that are to go on, in its order and for them alone. */
  keep(): readonly string[] {
    const kept = this.#passages.flatMap((passage) => {
      const lines: string[] = [];
      for (const { rule, route } of this.#lines) {
        const part = narrow(route, passage, this.#facts.roles);
        if (part === undefined) continue;
        lines.push(formatHbaLine(part, rule));
        if (isWhole(part, passage)) break;
      }
      return lines;
    });
    return [...new Set(kept)];
  }

  /** How the account that the server runs as gets in over the socket: closing that would only shut its administrators out. */
  keepAdministrator(): readonly string[] {
    const user = this.#facts.roles.find(({ isBootstrap }) => isBootstrap)?.name;
    if (user === undefined) return [];
    const passage: Passage = { user, from: { type: 'socket' } };
    const lines: string[] = [];
    for (const { rule, route } of this.#lines) {
      const part = narrow(route, passage, this.#facts.roles);
      if (part === undefined) continue;
      if (!systemMethods.has(rule.method)) break;
      lines.push(formatHbaLine(part, rule));
      if (isWhole(part, passage)) break;
    }
    return lines;
  }

  #openRoute(rule: HbaRule, route: Route, roles: readonly RoleFacts[]): Finding {
    const reject = formatHbaLine(route, { method: 'reject', options: [] });
    const isBootstrapAlone = systemMethods.has(rule.method) && roles.every(({ isBootstrap }) => isBootstrap);
    const about = { rule: found(rule), roles: roles.map(({ name }) => name) };
    if (route.from.type === 'socket' && isBootstrapAlone) {
      const message =
        `${listed(roles)} gets in over the Unix socket from the account that the server runs as; ` +
        'that account can change every file of the server, so that closing it here changes little';
      return { severity: 'note', message, ...about, lines: [], sql: [] };
    }
    return {
      severity: this.#severity(rule, route, roles),
      message: `${listed(roles)} can reach ${databasesOf(route)} ${origin(route)}, ${asked(rule)}`,
      ...about,
      lines: [reject],
      sql: this.#noLogin(route, roles),
    };
  }

  #severity({ method }: HbaRule, route: Route, roles: readonly RoleFacts[]): Severity {
    const isNear = isOnServer(route.from) || !this.#listensOutside();
    if (method === 'trust') return isNear ? 'high' : 'critical';
    if (isNear) return systemMethods.has(method) ? 'low' : 'medium';
    const isOurs = roles.some(({ name, isSuperuser }) => isSuperuser || this.#facts.uses.includes(name));
    return isOurs ? 'high' : 'medium';
  }

  /** Roles that a line names and that have no business there may as well not log in at all. */
  #noLogin({ users }: Route, roles: readonly RoleFacts[]): readonly string[] {
    const expected = new Set(this.#passages.map(({ user }) => user));
    return roles
      .filter(({ name, isBootstrap }) => users.includes(name) && !isBootstrap && !expected.has(name))
      .map(({ name }) => `ALTER ROLE ${quoteName(name)} NOLOGIN;`);
  }

  /** Roles that a line lets in. */
  #admitted(rule: HbaRule, { users }: Route): readonly RoleFacts[] {
    const { roles } = this.#facts;
    if (rule.method === 'reject') return [];
    return roles.filter((role) => {
      if (!role.canLogin || !namesUser(users, role.name, roles)) return false;
      if (role.connectionLimit === 0 && !role.isSuperuser) return false;
      return !passwordMethods.has(rule.method) || this.#hasValidPassword(role);
    });
  }

  #hasValidPassword({ hasPassword, validUntil }: RoleFacts): boolean {
    return hasPassword !== false && (validUntil === undefined || validUntil > this.#exemptions.at);
  }

  /** Whether all that a line lets a role do is what is to go on. */
  #isExempt({ databases, from }: Route, role: string): boolean {
    return this.#passages.some(
      (passage) =>
        (passage.user === undefined || passage.user === role) &&
        (passage.database === undefined || databases.every((name) => name === passage.database)) &&
        (passage.from === undefined || coversOrigin(passage.from, from)),
    );
  }

  #isReachable({ route }: Line, index: number): boolean {
    const { listen_addresses: listens, unix_socket_directories: sockets, ssl } = this.#facts.server.settings;
    if (route.type === 'local' && sockets === '') return false;
    if (route.type !== 'local' && listens === '') return false;
    if (route.type === 'hostssl' && ssl === 'off') return false;
    return !this.#lines.slice(0, index).some((earlier) => covers(earlier.route, route));
  }

  #listensOutside(): boolean {
    const { listen_addresses: listens } = this.#facts.server.settings;
    if (listens === undefined) return true;
    return listens.split(',').some((name) => !isOnServer(originAt(name.trim())) && name.trim() !== 'localhost');
  }
}

/** Nothing of a passage is left for a later line. */
function isWhole(part: Route, { database, from }: Passage): boolean {
  const isAllDatabases =
    part.databases.includes('all') || (database !== undefined && part.databases.includes(database));
  const isAnyTransport = part.type === 'host' || part.type === 'local';
  return isAllDatabases && isAnyTransport && from !== undefined && coversOrigin(part.from, from);
}

function found(rule: HbaRule): { readonly file: string | undefined; readonly line: number; readonly text: string } {
  return { file: rule.file, line: rule.line, text: formatHbaLine(routeOf(rule), rule) };
}

const namedRoles = 5;

function listed(roles: readonly RoleFacts[]): string {
  const names = roles
    .slice(0, namedRoles)
    .map(({ name, isSuperuser }) => (isSuperuser ? `the superuser "${name}"` : `"${name}"`));
  const more = roles.length - names.length;
  return more > 0 ? `${names.join(', ')} and ${more} more` : names.join(', ');
}

function databasesOf({ databases }: Route): string {
  return databases.includes('all') ? 'every database' : databases.map((name) => `"${name}"`).join(', ');
}

function origin(route: Route): string {
  const { from } = route;
  if (from.type === 'socket') return 'over the Unix socket';
  if (isOnServer(from)) return "from the server's own machine";
  if (from.type === 'anywhere' || (from.type === 'network' && from.range.bits === 0)) return 'from anywhere';
  return `from ${formatOrigin(from)}`;
}

function asked({ method, options }: HbaRule): string {
  const hidden = options.some((option) => option.includes(hiddenSecret)) ? ' with a secret in its line' : '';
  return method === 'trust' ? 'and nothing is asked of them' : `by ${method}${hidden}`;
}
