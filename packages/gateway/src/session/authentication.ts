import {
  decodeFrontend,
  encodeBackend,
  Framer,
  frontendTag,
  limits,
  OAuthBearerServer,
  type OAuthDiscovery,
  oauthBearer,
  ProtocolError,
  Reader,
  type SaslInitialResponse,
  type ScramCandidates,
  type ScramCrypto,
  ScramServer,
  Writer,
} from '@onrecord/wire';
import { latin1 } from './latin1.ts';

/** What a client is asked for. */
export type Ask =
  /** Its password as it is: only where nobody else can read it. */
  | { readonly type: 'password' }
  /** Mechanisms with the preferred first. SCRAM binds to `endPoint`, the hash of the server's certificate, if any. */
  | {
      readonly type: 'sasl';
      readonly mechanisms: readonly string[];
      readonly endPoint: Uint8Array | undefined;
      /** What OAUTHBEARER tells a client without a token. */
      readonly discovery: OAuthDiscovery;
    };

export interface AuthenticationOptions {
  readonly ask: Ask;
  readonly crypto: ScramCrypto;
  /** What a proof by SCRAM is checked against. */
  readonly candidates: ScramCandidates;
}

export type AuthenticationStep =
  | { readonly type: 'more' }
  /** Send and go on. */
  | { readonly type: 'send'; readonly bytes: Uint8Array }
  /** `credential` was proved. Send `bytes` once the session may begin. */
  | { readonly type: 'proved'; readonly credential: string; readonly bytes: Uint8Array }
  /** Somebody else must check this: then `accept` or `reject`. A secret. */
  | { readonly type: 'check'; readonly secret: string; readonly by: 'password' | 'bearer' }
  /** `asked`: the client had nothing to show and only asked where tokens come from. */
  | { readonly type: 'refused'; readonly asked?: boolean };

/**
 * The server's side of an authentication: bytes of the client in, messages out. Pure; nothing of it is recorded or
 * logged. Throws ProtocolError for what Postgres would not read (CheckSASLAuth, backend/libpq/auth-sasl.c;
 * recv_password_packet, backend/libpq/auth.c).
 */
export class Authentication {
  readonly #options: AuthenticationOptions;
  readonly #framer: Framer;
  readonly #maxHeldBytes: (tag: number) => number;
  #sasl: ScramServer | OAuthBearerServer | undefined;

  constructor(options: AuthenticationOptions) {
    this.#options = options;
    const bytes = messageBytes(options.ask);
    this.#maxHeldBytes = (tag) => {
      if (tag === frontendTag.password) return bytes + 1;
      throw new ProtocolError(`expected ${expected(options.ask)} response, got message type ${tag}`);
    };
    this.#framer = new Framer({ streams: () => false, maxHeldBytes: this.#maxHeldBytes });
  }

  /** The first message: what the client is asked for. */
  begin(): Uint8Array {
    const { ask } = this.#options;
    if (ask.type === 'password') {
      return encodeBackend({ type: 'authentication', method: 'cleartextPassword' }).finish();
    }
    return encodeBackend({ type: 'authentication', method: 'sasl', mechanisms: ask.mechanisms }).finish();
  }

  /** Goes on with what the client sent, or, without a chunk, with what is left of the last one; `more` asks for one. */
  push(chunk?: Uint8Array): AuthenticationStep {
    const framer = this.#framer;
    if (chunk !== undefined) framer.push(chunk);
    if (!framer.next()) return { type: 'more' };
    this.#maxHeldBytes(framer.tag);
    const body = new Reader(framer.bytes, framer.start + 5, framer.end);
    return this.#options.ask.type === 'password' ? password(body) : this.#saslStep(body);
  }

  /** What was to be checked is right: what to send once the session may begin. */
  accept(): Uint8Array {
    return encodeBackend({ type: 'authentication', method: 'ok' }).finish();
  }

  /** What was to be checked is wrong. */
  reject(): AuthenticationStep {
    if (!(this.#sasl instanceof OAuthBearerServer)) return { type: 'refused' };
    const step = this.#sasl.reject();
    return step.type === 'challenge' ? challenge(step.data) : { type: 'refused' };
  }

  /** What the client has sent behind the exchange. */
  takeRest(): Uint8Array {
    return this.#framer.takeRest();
  }

  #saslStep(body: Reader): AuthenticationStep {
    const kind = this.#sasl === undefined ? 'sasl initial' : 'sasl';
    const message = decodeFrontend(frontendTag.password, body, kind);
    if (message.type === 'saslInitialResponse') this.#sasl = this.#chosen(message);
    else if (message.type !== 'saslResponse') throw new ProtocolError('expected SASL response');
    const sasl = this.#sasl;
    if (sasl instanceof OAuthBearerServer) return bearerStep(sasl, message.data);
    if (sasl === undefined) throw new ProtocolError('expected SASL response');
    const step = sasl.step(message.data);
    switch (step.type) {
      case 'refused':
        return step;
      case 'challenge':
        return challenge(step.data);
      case 'accepted': {
        const writer = new Writer();
        encodeBackend({ type: 'authentication', method: 'saslFinal', data: step.data }, writer);
        encodeBackend({ type: 'authentication', method: 'ok' }, writer);
        return { type: 'proved', credential: step.id, bytes: writer.finish() };
      }
    }
  }

  #chosen({ mechanism }: SaslInitialResponse): ScramServer | OAuthBearerServer {
    const { ask, crypto, candidates } = this.#options;
    if (ask.type !== 'sasl' || !ask.mechanisms.includes(mechanism)) {
      throw new ProtocolError('client selected an invalid SASL authentication mechanism');
    }
    if (mechanism === oauthBearer) return new OAuthBearerServer(ask.discovery);
    return new ScramServer({ crypto, candidates, mechanism, endPoint: ask.endPoint });
  }
}

/** The largest message of an exchange. A password may be a JWT, and those are as large as their issuers like. */
function messageBytes(ask: Ask): number {
  if (ask.type === 'password' || ask.mechanisms.includes(oauthBearer)) return limits.authTokenBytes;
  return limits.saslMessageBytes;
}

function expected(ask: Ask): string {
  return ask.type === 'password' ? 'password' : 'SASL';
}

function password(body: Reader): AuthenticationStep {
  const message = decodeFrontend(frontendTag.password, body, 'password');
  if (message.type !== 'passwordMessage') throw new ProtocolError('expected password response');
  return { type: 'check', secret: latin1(message.password), by: 'password' };
}

function bearerStep(sasl: OAuthBearerServer, data: Uint8Array | null): AuthenticationStep {
  const step = sasl.step(data);
  switch (step.type) {
    case 'token':
      return { type: 'check', secret: step.token, by: 'bearer' };
    case 'challenge':
      return challenge(step.data);
    case 'refused':
      return step;
  }
}

function challenge(data: Uint8Array): AuthenticationStep {
  return { type: 'send', bytes: encodeBackend({ type: 'authentication', method: 'saslContinue', data }).finish() };
}
