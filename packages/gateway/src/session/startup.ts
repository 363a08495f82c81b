import { decodeStartup, ProtocolError, type StartupMessage, startupPacketBytes } from '@onrecord/wire';
import { join } from './join.ts';

/** Whether clients may use TLS, and whether they must. */
export type TlsOffer = 'off' | 'offered' | 'required';

/** What a connection asks for before it is a session. */
export type StartupStep =
  /** Nothing yet: more bytes are needed. */
  | { readonly type: 'more' }
  /** One byte to send; the startup goes on. */
  | { readonly type: 'answer'; readonly bytes: Uint8Array }
  /** TLS begins with `rest`, once `answer` is sent. `direct`: the client did not ask first (ALPN is then a must). */
  | {
      readonly type: 'tls';
      readonly answer: Uint8Array | undefined;
      readonly rest: Uint8Array;
      readonly direct: boolean;
    }
  | { readonly type: 'cancel'; readonly pid: number; readonly key: Uint8Array }
  | { readonly type: 'startup'; readonly message: StartupMessage; readonly rest: Uint8Array };

const yes = new Uint8Array([0x53]);
const no = new Uint8Array([0x4e]);
/** First byte of a TLS handshake record; no startup packet is that long (ProcessSSLStartup). */
const tlsHandshake = 0x16;

/**
 * Reads what stands before a session: requests for TLS and GSSAPI encryption, a cancel request, the startup message.
 * Pure. At most one packet (10,004 bytes) is held. Throws ProtocolError for what Postgres would not accept.
 * Source: BackendInitialize, ProcessStartupPacket (backend/tcop/backend_startup.c).
 */
export class Startup {
  readonly #tls: TlsOffer;
  #encrypted = false;
  #sslAsked = false;
  #gssAsked = false;
  #held: Uint8Array = new Uint8Array(0);

  constructor(tls: TlsOffer) {
    this.#tls = tls;
  }

  /** TLS is established: what was said before does not count any more. */
  encrypted(): void {
    this.#encrypted = true;
    this.#held = new Uint8Array(0);
  }

  /** Call again with no bytes after an `answer`. */
  push(bytes: Uint8Array = nothing): StartupStep {
    this.#held = this.#held.length === 0 ? bytes : join([this.#held, bytes]);
    const held = this.#held;
    if (!this.#encrypted && !this.#sslAsked && held[0] === tlsHandshake) {
      if (this.#tls === 'off') throw new ProtocolError('TLS is not enabled on this gateway');
      return { type: 'tls', answer: undefined, rest: held, direct: true };
    }
    const length = startupPacketBytes(held);
    if (length === undefined || held.length < length) return { type: 'more' };
    const packet = decodeStartup(held.subarray(0, length));
    const rest = held.subarray(length);
    this.#held = rest;
    switch (packet.type) {
      case 'sslRequest':
        return this.#ssl(rest);
      case 'gssEncRequest':
        if (this.#gssAsked) throw unsupported('1234.5680');
        this.#gssAsked = true;
        return { type: 'answer', bytes: no };
      case 'cancelRequest':
        return { type: 'cancel', pid: packet.pid, key: packet.key };
      case 'startupMessage':
        return { type: 'startup', message: packet, rest };
    }
  }

  #ssl(rest: Uint8Array): StartupStep {
    if (this.#sslAsked || this.#encrypted) throw unsupported('1234.5679');
    this.#sslAsked = true;
    if (this.#tls === 'off') return { type: 'answer', bytes: no };
    // Bytes behind the request came before encryption: somebody else may have put them there (CVE-2021-23222).
    if (rest.length > 0) throw new ProtocolError('received unencrypted data after SSL request');
    return { type: 'tls', answer: yes, rest: nothing, direct: false };
  }
}

const nothing = new Uint8Array(0);

/** A second request of a kind reads as a protocol version, and there is none like it. */
function unsupported(version: string): ProtocolError {
  return new ProtocolError(`unsupported frontend protocol ${version}: server supports 3.0 to 3.2`, '0A000');
}
