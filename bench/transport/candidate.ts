import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { reverseHttp2 } from './reverse-http2.ts';
import { spareConnections } from './spare-connections.ts';

/** Opens one more authenticated connection to the gateway, which will know by `protocol` (ALPN) what it is for. */
export type Dial = (protocol: string) => TLSSocket;

/** The gateway's end of a transport. */
export interface GatewayEnd {
  /** Takes a connection that a connector dialled. */
  accept(socket: TLSSocket): void;
  /** Opens a session: what is written to it reaches the connector's `attach`. */
  open(): Promise<Duplex>;
}

/** A way for sessions to travel over connections that only the connector may dial. */
export interface Candidate {
  /** Protocols that its connections announce (ALPN). */
  readonly protocols: readonly string[];
  /** Connections that the connector dials before any session is asked for. */
  readonly connections: number;
  createGatewayEnd(): GatewayEnd;
  /** The connector's end: dials what it needs, and hands every session that the gateway opens to `attach`. */
  connect(dial: Dial, attach: (session: Duplex) => void): void;
}

/** Candidates by the name that the tables show. */
export const candidates = {
  'http2 ×1': reverseHttp2(1),
  'http2 ×2': reverseHttp2(2),
  tls: spareConnections(8),
} as const satisfies { readonly [name: string]: Candidate };

export type CandidateName = keyof typeof candidates;
export const candidateNames = Object.keys(candidates) as readonly CandidateName[];
