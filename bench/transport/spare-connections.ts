import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { Candidate, Dial, GatewayEnd } from './candidate.ts';

const protocols = { control: 'onrecord-control', session: 'onrecord-session' } as const;
/** What makes a spare connection a session; everything behind it is the session's. */
const opening = Uint8Array.of(0x4f);

/** A handshake takes a millisecond of this processor, which the session that has just been opened should have first. */
const refillAfterMs = 10;

/**
 * Connections dialled in advance: the connector keeps `spare` idle ones open, a session takes one for itself, and the
 * connector dials the next when it sees that. A gateway that has run out asks for one more over a control connection.
 */
export function spareConnections(spare: number): Candidate {
  return {
    protocols: Object.values(protocols),
    connections: 1 + spare,
    createGatewayEnd,
    connect: (dial, attach) => {
      const dialSpare = (): void => waitForOpening(dial, attach, dialSpare);
      // A byte is a request for a connection that is somebody's already, so that nothing replaces it when it is taken.
      dial(protocols.control).on('data', (wanted) => {
        for (let more = wanted.length; more > 0; more -= 1) waitForOpening(dial, attach, () => undefined);
      });
      for (let made = 0; made < spare; made += 1) dialSpare();
    },
  };
}

function waitForOpening(dial: Dial, attach: (session: Duplex) => void, taken: () => void): void {
  const socket = dial(protocols.session);
  socket.once('data', (first) => {
    socket.pause();
    if (first.length > opening.length) socket.unshift(first.subarray(opening.length));
    attach(socket);
    setTimeout(taken, refillAfterMs);
  });
}

function createGatewayEnd(): GatewayEnd {
  const idle: TLSSocket[] = [];
  const waiting: ((socket: TLSSocket) => void)[] = [];
  let control: TLSSocket | undefined;
  return {
    accept: (socket) => {
      if (socket.alpnProtocol === protocols.control) control = socket;
      else (waiting.shift() ?? ((spare) => idle.push(spare)))(socket);
    },
    open: async () => {
      const socket = idle.shift() ?? (await oneMore());
      socket.write(opening);
      return socket;
    },
  };

  function oneMore(): Promise<TLSSocket> {
    if (control === undefined) throw new Error('no connector has dialled yet');
    control.write(opening);
    return new Promise((resolve) => waiting.push(resolve));
  }
}
