// The connector's side: dials the gateway over mutual TLS, and joins each session with a connection to the target.
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { connect, createSecureContext } from 'node:tls';
import { type CandidateName, candidates, type Dial } from '../candidate.ts';
import { ownCost } from '../cost.ts';
import type { Credentials } from '../credentials.ts';
import { serveCommands } from '../serve-commands.ts';
import { splice } from '../splice.ts';

interface Connect {
  readonly candidate: CandidateName;
  readonly credentials: Credentials;
  readonly gateway: { readonly host: string; readonly port: number };
  readonly targetPort: number;
}

const commands = {
  /** Answers when the first connections that it dialled are authenticated. */
  connect: async ({ candidate, credentials, gateway, targetPort }: Connect): Promise<void> => {
    // Once: reading the PEM takes longer than a handshake's share of this side.
    const secureContext = createSecureContext(credentials);
    const ready: Promise<unknown>[] = [];
    const dial: Dial = (protocol) => {
      const socket = connect({
        ...gateway,
        secureContext,
        servername: 'localhost',
        minVersion: 'TLSv1.3',
        ALPNProtocols: [protocol],
      });
      socket.setNoDelay(true);
      socket.on('error', () => socket.destroy());
      ready.push(once(socket, 'secureConnect'));
      return socket;
    };
    candidates[candidate].connect(dial, (session) =>
      splice(session, createConnection({ host: '127.0.0.1', port: targetPort, noDelay: true })),
    );
    await Promise.all(ready);
  },
  cost: ownCost,
};

export type ConnectorCommands = typeof commands;
serveCommands(commands);
