// The gateway's side: accepts a connector's connections over mutual TLS, opens sessions, and puts load on them.
import { once } from 'node:events';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { createServer } from 'node:tls';
import { type CandidateName, candidates, type GatewayEnd } from '../candidate.ts';
import { ownCost } from '../cost.ts';
import type { Credentials } from '../credentials.ts';
import { serveCommands } from '../serve-commands.ts';
import { splice } from '../splice.ts';
import { type EchoLoad, echo } from '../workloads/echo.ts';
import { holdIdle } from '../workloads/hold-idle.ts';
import { openAtOnce } from '../workloads/open-at-once.ts';
import { type ReadLoad, read } from '../workloads/read.ts';

interface Listen {
  readonly candidate: CandidateName;
  readonly credentials: Credentials;
  readonly host: string;
}

let end: GatewayEnd | undefined;
const connected = Promise.withResolvers<void>();
const open: GatewayEnd['open'] = () => {
  if (end === undefined) throw new Error('it does not listen yet');
  return end.open();
};

const commands = {
  /** Answers with the port. */
  listen: async ({ candidate, credentials, host }: Listen): Promise<number> => {
    const { protocols, connections, createGatewayEnd } = candidates[candidate];
    const gateway = createGatewayEnd();
    end = gateway;
    let accepted = 0;
    const server = createServer({
      ...credentials,
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.3',
      noDelay: true,
      ALPNProtocols: [...protocols],
    });
    server.on('secureConnection', (socket) => {
      socket.on('error', () => socket.destroy());
      gateway.accept(socket);
      accepted += 1;
      if (accepted === connections) connected.resolve();
    });
    server.listen({ host, port: 0, backlog: 1024 });
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  },
  /** Answers when it has accepted what the connector dials by itself. */
  connected: () => connected.promise,
  /** Gives every TCP connection a session of its own, as a gateway that records nothing would; answers with the port. */
  forward: async (): Promise<number> => {
    const server = createTcpServer({ noDelay: true, pauseOnConnect: true }, async (client) =>
      splice(client, await open()),
    );
    server.listen({ host: '127.0.0.1', port: 0, backlog: 1024 });
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  },
  echo: (load: EchoLoad) => echo(open, load),
  read: (load: ReadLoad) => read(open, load),
  openAtOnce: (count: number) => openAtOnce(open, count),
  holdIdle: (count: number) => holdIdle(open, count),
  cost: ownCost,
};

export type GatewayCommands = typeof commands;
serveCommands(commands);
