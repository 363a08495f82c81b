import { createServer } from 'node:net';

/** A TCP port of the loopback interface that nobody listened on a moment ago. Whoever binds it must be ready to retry. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (typeof address === 'object' && address !== null) resolve(address.port);
        else reject(new Error('a listening TCP server has no port'));
      });
    });
  });
}
