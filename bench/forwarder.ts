// A bare TCP forwarder: the least that a proxy written for Node can do, and the floor that the gateway is compared with.
// Two sockets, every chunk written on as it came, back-pressure, no tricks. It knows nothing of Postgres.
// Usage: node forwarder.ts HOST PORT; prints the port it listens on.
import { createConnection, createServer, type Socket } from 'node:net';

const [host = '127.0.0.1', port] = process.argv.slice(2);

const server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
  const upstream = createConnection({ host, port: Number(port), noDelay: true, allowHalfOpen: true });
  pass(client, upstream);
  pass(upstream, client);
});

function pass(from: Socket, to: Socket): void {
  from.on('data', (chunk) => {
    if (!to.write(chunk)) from.pause();
  });
  to.on('drain', () => from.resume());
  from.once('end', () => to.end());
  from.on('error', () => to.destroy());
  from.once('close', () => to.destroySoon());
}

server.listen({ host: '127.0.0.1', port: 0, backlog: 1024 }, () => {
  const address = server.address();
  if (typeof address === 'object' && address !== null) console.log(address.port);
});
