import type { DoctorFacts } from '@onrecord/connector';
import type { Config, Connection } from '../config/config.ts';
import type { Finding } from './finding.ts';

/** The roles that sessions of a connection may run as, and the watch's; undefined when only a connector knows. */
function rolesOf({ reach }: Connection): readonly string[] | undefined {
  if (reach.type === 'connector') return undefined;
  const { login, roles, watch } = reach.database;
  const logins = [...(login === undefined ? [] : [login]), ...roles, ...(watch === undefined ? [] : [watch])];
  return [...new Set(logins.map(({ user }) => user))];
}

/**
 * Other connections of a gateway that reach the same server as `connection`, or may: what closes the routes to this one
 * locks their roles out. One note for those that do and one for those of which only a connector could tell. Pure.
 */
export function neighbourNotes(
  { connections }: Pick<Config, 'connections'>,
  connection: Connection,
  { uses }: Pick<DoctorFacts, 'uses'>,
): readonly Finding[] {
  const others = [...connections.values()].filter(({ name }) => name !== connection.name);
  const locked = others.filter((other) => isSameServer(connection, other) && !rolesOf(other)?.every(isKept));
  const unknown = others.filter(({ reach }) => reach.type === 'connector' || connection.reach.type === 'connector');
  return [
    ...locked.map((other) =>
      note(
        `the connection "${other.name}" reaches the same server as ${quoted(rolesOf(other)?.filter((role) => !isKept(role)))}, ` +
          `which the proposed lines lock out: put what \`onrecord doctor ${other.name}\` keeps above them`,
      ),
    ),
    ...(unknown.length === 0
      ? []
      : [
          note(
            `where ${quoted(unknown.map(({ name }) => name))} ${unknown.length === 1 ? 'is' : 'are'} on the same server, ` +
              'which only the connectors know, the proposed lines lock their roles out: put what `onrecord doctor` keeps ' +
              'for each above them',
          ),
        ]),
  ];

  function isKept(role: string): boolean {
    return uses.includes(role);
  }
}

const loopback = new Set(['localhost', '127.0.0.1', '::1']);

function isSameServer({ reach: one }: Connection, { reach: other }: Connection): boolean {
  if (one.type === 'connector' || other.type === 'connector') return false;
  return one.database.port === other.database.port && hostOf(one.database) === hostOf(other.database);
}

/** Names of this machine are one, and so are its Unix sockets: the port tells servers apart. */
function hostOf({ host }: { readonly host: string }): string {
  return loopback.has(host) || host.startsWith('/') ? 'localhost' : host.toLowerCase();
}

function quoted(names: readonly string[] = []): string {
  return names.map((name) => `"${name}"`).join(', ');
}

function note(message: string): Finding {
  return { severity: 'note', message, roles: [], lines: [], sql: [] };
}
