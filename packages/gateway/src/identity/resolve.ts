import { nearMiss } from '@onrecord/connector/config';
import type { Config, Connection, Identity } from '../config/config.ts';
import { Termination } from '../errors.ts';

/**
 * Who wants to go where. `unknown identity` must look like a wrong password to the client; what is `denied` is said
 * after the password was right, and not before.
 */
export type Resolution =
  | {
      readonly type: 'resolved';
      readonly identity: Identity;
      readonly connection: Connection;
      /** Another database than the connection's own. */
      readonly database: string | undefined;
    }
  | { readonly type: 'denied'; readonly identity: Identity; readonly error: Termination }
  | { readonly type: 'unknown identity' };

/**
 * What the `user` and `database` of a startup message mean. `database` is `connection` or `connection/database`, and the
 * user's name when it is empty or absent (ProcessStartupPacket). Pure.
 */
export function resolveLogin(user: string, database: string | undefined, config: Config): Resolution {
  const identity = config.identities.get(user);
  if (identity === undefined) return { type: 'unknown identity' };
  const target = database === undefined || database === '' ? user : database;
  const slash = target.indexOf('/');
  const name = slash === -1 ? target : target.slice(0, slash);
  const connection = config.connections.get(name);
  if (connection === undefined) return { type: 'denied', identity, error: unknownConnection(name, identity, config) };
  if (!identity.connections.includes(name)) return { type: 'denied', identity, error: notAllowed(name, identity) };
  const chosen = slash === -1 ? undefined : target.slice(slash + 1);
  if (chosen === '') return { type: 'denied', identity, error: noDatabase(name) };
  return { type: 'resolved', identity, connection, database: chosen };
}

/** The one answer to an unknown user, a wrong password and an expired or revoked token: that of Postgres (auth_failed). */
export function passwordFailed(user: string): Termination {
  return new Termination('28P01', `password authentication failed for user "${user}"`);
}

function unknownConnection(name: string, identity: Identity, config: Config): Termination {
  const usable = identity.connections.filter((connection) => config.connections.has(connection));
  const meant = nearMiss(name, usable);
  const hints = [meant === undefined ? [] : `Did you mean "${meant}"?`, whatMayBeUsed(identity)];
  if (name === physicalReplication) hints.push(aboutPhysicalReplication);
  return new Termination('3D000', `there is no connection "${name}"`, { hint: hints.flat().join(' ') });
}

/** The database that pg_basebackup and pg_receivewal ask for, whatever they are told (GetConnection, streamutil.c). */
const physicalReplication = 'replication';
const aboutPhysicalReplication =
  'pg_basebackup and pg_receivewal always ask for "replication": an administrator may give a connection that name, ' +
  'with `replication: allow`.';

function notAllowed(name: string, identity: Identity): Termination {
  return new Termination('42501', `"${identity.name}" may not use the connection "${name}"`, {
    detail: `It is not among the connections of this identity in the gateway's configuration.`,
    hint: whatMayBeUsed(identity),
  });
}

function noDatabase(name: string): Termination {
  return new Termination('3D000', `no database is named behind "${name}/"`, {
    hint: `Ask for "${name}" to reach its usual database, or for "${name}/database".`,
  });
}

function whatMayBeUsed({ connections }: Identity): string {
  if (connections.length === 0) return 'This identity may not use any connection yet.';
  const names = connections.map((name) => `"${name}"`).join(', ');
  return `The database of a client names a connection of the gateway; this identity may use ${names}.`;
}
