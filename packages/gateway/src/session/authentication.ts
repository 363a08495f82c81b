import {
  decodeFrontend,
  encodeBackend,
  Framer,
  frontendTag,
  limits,
  offeredMechanisms,
  ProtocolError,
  Reader,
  type ScramCandidates,
  type ScramCrypto,
  ScramServer,
  type ScramStep,
  Writer,
} from '@onrecord/wire';

export interface AuthenticationOptions {
  readonly crypto: ScramCrypto;
  /** Hash of the server's certificate for channel binding; undefined without TLS. */
  readonly endPoint: Uint8Array | undefined;
  readonly candidates: ScramCandidates;
}

export type AuthenticationStep =
  | { readonly type: 'more' }
  /** Send and go on. */
  | { readonly type: 'send'; readonly bytes: Uint8Array }
  /** `credential` was proved. Send `bytes` once the session may begin; `rest` came behind the exchange. */
  | { readonly type: 'accepted'; readonly credential: string; readonly bytes: Uint8Array; readonly rest: Uint8Array }
  | { readonly type: 'refused' };

/**
 * The server's side of a SASL authentication: bytes of the client in, messages out. Pure; nothing of it is recorded or
 * logged. Throws ProtocolError for what Postgres would not read (CheckSASLAuth, backend/libpq/auth-sasl.c).
 */
export class Authentication {
  readonly #options: AuthenticationOptions;
  readonly #framer: Framer = new Framer({ streams: () => false, maxHeldBytes });
  #scram: ScramServer | undefined;

  constructor(options: AuthenticationOptions) {
    this.#options = options;
  }

  /** The first message: which mechanisms there are. */
  begin(): Uint8Array {
    const mechanisms = offeredMechanisms(this.#options.endPoint);
    return encodeBackend({ type: 'authentication', method: 'sasl', mechanisms }).finish();
  }

  push(chunk: Uint8Array): AuthenticationStep {
    const framer = this.#framer;
    framer.push(chunk);
    if (!framer.next()) return { type: 'more' };
    maxHeldBytes(framer.tag);
    const step = this.#step(new Reader(framer.bytes, framer.start + 5, framer.end));
    switch (step.type) {
      case 'refused':
        return step;
      case 'challenge':
        return {
          type: 'send',
          bytes: encodeBackend({ type: 'authentication', method: 'saslContinue', data: step.data }).finish(),
        };
      case 'accepted': {
        const writer = new Writer();
        encodeBackend({ type: 'authentication', method: 'saslFinal', data: step.data }, writer);
        encodeBackend({ type: 'authentication', method: 'ok' }, writer);
        return { type: 'accepted', credential: step.id, bytes: writer.finish(), rest: framer.takeRest() };
      }
    }
  }

  #step(body: Reader): ScramStep {
    const kind = this.#scram === undefined ? 'sasl initial' : 'sasl';
    const message = decodeFrontend(frontendTag.password, body, kind);
    if (message.type === 'saslInitialResponse') {
      this.#scram = new ScramServer({ ...this.#options, mechanism: message.mechanism });
      return this.#scram.step(message.data);
    }
    if (message.type !== 'saslResponse' || this.#scram === undefined) throw new ProtocolError('expected SASL response');
    return this.#scram.step(message.data);
  }
}

function maxHeldBytes(tag: number): number {
  if (tag !== frontendTag.password) throw new ProtocolError(`expected SASL response, got message type ${tag}`);
  return limits.saslMessageBytes + 5;
}
