import { utf8 } from '../utf8.ts';
import { bearerToken } from './bearer-token.ts';
import { decodeInitialResponse, malformed, separator } from './initial-response.ts';

/** The SASL mechanism by which a client hands over a bearer token (RFC 7628). */
export const oauthBearer = 'OAUTHBEARER';

/** Where a client that has no token, or a wrong one, gets one. */
export interface OAuthDiscovery {
  /** URL of the issuer's metadata, or the issuer itself. */
  readonly openidConfiguration: string;
  /** Scopes to ask for, separated by spaces. */
  readonly scope: string;
}

export type OAuthBearerStep =
  /** The client handed over a token. Send AuthenticationOk when it is good, else what `reject` returns. */
  | { readonly type: 'token'; readonly token: string }
  /** Send as AuthenticationSASLContinue. */
  | { readonly type: 'challenge'; readonly data: Uint8Array }
  /** Send an ErrorResponse. `asked`: the client had no token and only asked where they come from. */
  | { readonly type: 'refused'; readonly asked: boolean };

/**
 * The server's side of OAUTHBEARER, with the checks of Postgres (backend/libpq/auth-oauth.c). A failure takes two
 * steps: a challenge in JSON, which also answers a client that only asks where tokens come from, and the client's
 * acknowledgement. Success has no message of its own: AuthenticationOk follows. Throws a ProtocolError.
 */
export class OAuthBearerServer {
  readonly #discovery: OAuthDiscovery;
  #state: 'first' | 'token' | 'failing' | 'over' = 'first';
  #asked = false;

  constructor(discovery: OAuthDiscovery) {
    this.#discovery = discovery;
  }

  /** `data` is null for a SASLInitialResponse without data: the client wants to be asked. */
  step(data: Uint8Array | null): OAuthBearerStep {
    switch (this.#state) {
      case 'first':
        return this.#first(data);
      case 'failing':
        this.#state = 'over';
        if (data?.length !== 1 || data[0] !== separator) throw malformed('client did not send a kvsep response');
        return { type: 'refused', asked: this.#asked };
      case 'token':
      case 'over':
        throw new Error('the OAUTHBEARER exchange expects no message');
    }
  }

  /** The token of the last step is not accepted: what to send. */
  reject(): OAuthBearerStep {
    this.#state = 'failing';
    const { openidConfiguration, scope } = this.#discovery;
    const failure = { status: 'invalid_token', 'openid-configuration': openidConfiguration, scope };
    return { type: 'challenge', data: utf8(JSON.stringify(failure)) };
  }

  #first(data: Uint8Array | null): OAuthBearerStep {
    if (data === null) return { type: 'challenge', data: new Uint8Array(0) };
    const auth = decodeInitialResponse(data);
    this.#asked = auth.length === 0;
    const token = bearerToken(auth);
    if (token === undefined) return this.reject();
    this.#state = 'token';
    return { type: 'token', token };
  }
}
