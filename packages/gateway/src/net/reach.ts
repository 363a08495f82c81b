import { DialError } from '@onrecord/connector';
import type { Connection } from '../config/config.ts';
import { type ConnectorGate, NoLink } from '../connectors/connector-gate.ts';
import { Termination } from '../errors.ts';
import { type DialUpstream, describeFailure, notOpened } from './upstream.ts';

export interface ReachOptions {
  /** For connections that this process reaches by itself. */
  readonly builtIn: DialUpstream;
  readonly gate: Pick<ConnectorGate, 'open'>;
  /** Hears what a client must not. */
  readonly log: (message: string) => void;
}

/** Reaches a connection the way that its configuration says. */
export function reachUpstream({ builtIn, gate, log }: ReachOptions): DialUpstream {
  return async (target, request) => {
    const { connection, database, owner } = target;
    const { reach } = connection;
    if (reach.type === 'built-in') return await builtIn(target, request);
    try {
      return await gate.open(reach.connector, { connection: connection.name, database, owner, ...request });
    } catch (error) {
      if (error instanceof NoLink) {
        log(`connection "${connection.name}": ${error.message}`);
        throw noLink(error, connection);
      }
      if (!(error instanceof DialError)) throw error;
      log(`connection "${connection.name}", connector "${reach.connector}": ${describeFailure(error)}`);
      throw notOpened(connection, error.failure, owner);
    }
  };
}

/** As Postgres answers while it starts up: the client may try again. */
function noLink({ connector, reason }: NoLink, { name }: Connection): Termination {
  const message = `the connection "${name}" cannot be reached at the moment`;
  switch (reason.type) {
    case 'away':
      return new Termination('57P03', message, {
        detail:
          reason.since === undefined
            ? `Its connector "${connector}" has not connected since the gateway started.`
            : `Its connector "${connector}" has been away since ${new Date(reason.since / 1000).toISOString()}.`,
        hint: 'Try again in a moment; `onrecord connectors list` shows an administrator which connectors are connected.',
      });
    case 'not offered':
      return new Termination('57P03', message, {
        detail: `Its connector "${connector}" is connected and has no connection of this name.`,
        hint: `An administrator may add it to the connector's own configuration.`,
      });
    case 'busy':
      return new Termination('57P03', message, {
        detail: `Its connector "${connector}" is connected and did not answer in time.`,
        hint: 'Try again in a moment.',
      });
  }
}
