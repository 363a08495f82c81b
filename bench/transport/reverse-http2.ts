import { type ClientHttp2Session, connect, performServerHandshake } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import type { Candidate, GatewayEnd } from './candidate.ts';

/** A stream at 100 ms of round trip may then carry 40 MB/s, and a reader that has stopped holds this much at the most. */
const streamWindowBytes = 4 << 20;
/** Node counts what streams hold against this, and refuses new streams above it; the default is 10 MB. */
const sessionMemoryMegabytes = 10_000;
/** For each connection. Node gives it back when bytes arrive, not when they are read: streams do not starve each other. */
const connectionWindowBytes = 64 << 20;

const options = {
  maxSessionMemory: sessionMemoryMegabytes,
  settings: { enablePush: false, initialWindowSize: streamWindowBytes },
} as const;

/** Reverse HTTP/2: the connector dials and then serves; each session is a stream that the gateway opens. */
export function reverseHttp2(connections: number): Candidate {
  return {
    protocols: ['h2'],
    connections,
    createGatewayEnd,
    connect: (dial, attach) => {
      for (let made = 0; made < connections; made += 1) {
        const session = performServerHandshake(dial('h2'), options);
        session.on('connect', () => session.setLocalWindowSize(connectionWindowBytes));
        session.on('stream', (stream) => {
          stream.respond({ ':status': 200 });
          attach(stream);
        });
      }
    },
  };
}

/** Sessions go to its connections in turn. */
function createGatewayEnd(): GatewayEnd {
  const sessions: ClientHttp2Session[] = [];
  let opened = 0;
  return {
    accept: (socket: TLSSocket) => {
      const session = connect('https://connector', { ...options, createConnection: () => socket });
      session.on('connect', () => session.setLocalWindowSize(connectionWindowBytes));
      sessions.push(session);
    },
    open: async () => {
      const session = sessions[opened % sessions.length];
      if (session === undefined) throw new Error('no connector has dialled yet');
      opened += 1;
      return session.request({ ':method': 'POST', ':path': '/' }, { endStream: false });
    },
  };
}
