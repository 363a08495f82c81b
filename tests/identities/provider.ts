import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { Provider } from 'oidc-provider';

/** A real OpenID provider on this machine. */
export interface TestProvider {
  readonly issuer: string;
  /** An access token that says what the provider says of a client, and `claims` besides. */
  token(options?: {
    readonly audience?: string;
    readonly claims?: object;
    readonly lifetimeS?: number;
  }): Promise<string>;
  /** Signs with a new key from now on, and does not publish the old one any more. */
  rotate(): Promise<void>;
  /** Answers nobody until it is `up` again; tokens can still be had. */
  down(): Promise<void>;
  up(): Promise<void>;
  /** Times that somebody asked for its keys. */
  readonly asked: () => number;
  stop(): Promise<void>;
}

const client = { id: 'billing-agent', secret: 'a secret of the tests' };

/** Starts it; `alg` is what it signs with. */
export async function startProvider(alg: 'RS256' | 'ES256' = 'RS256'): Promise<TestProvider> {
  let listener: RequestListener = () => {};
  let away = false;
  let asked = 0;
  const server = createServer((request, response) => {
    const forGateway = request.headers['user-agent'] === 'onrecord';
    if (forGateway && request.url === '/jwks') asked += 1;
    if (forGateway && away) request.socket.destroy();
    else listener(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  let wanted: { readonly claims: object; readonly lifetimeS: number } = { claims: {}, lifetimeS: 300 };
  const begin = async (): Promise<void> => {
    const { privateKey } = await generateKeyPair(alg, { extractable: true });
    listener = provider(issuer, { ...(await exportJWK(privateKey)), alg, use: 'sig' }, () => wanted).callback();
  };
  await begin();
  return {
    issuer,
    token: async ({ audience = 'onrecord', claims = {}, lifetimeS = 300 } = {}) => {
      wanted = { claims, lifetimeS };
      return await fetchToken(issuer, audience);
    },
    rotate: begin,
    down: async () => {
      away = true;
    },
    up: async () => {
      away = false;
    },
    asked: () => asked,
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** Resources are URIs; what they are called in tokens is another thing. */
const resource = (audience: string): string => `urn:test:${audience}`;

function provider(
  issuer: string,
  key: JWK,
  wanted: () => { readonly claims: object; readonly lifetimeS: number },
): Provider {
  return new Provider(issuer, {
    clients: [
      {
        client_id: client.id,
        client_secret: client.secret,
        id_token_signed_response_alg: key.alg,
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
      },
    ],
    jwks: { keys: [key] },
    extraTokenClaims: () => wanted().claims,
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context: unknown, indicator: string) => ({
          scope: 'query',
          audience: indicator.slice(resource('').length),
          accessTokenFormat: 'jwt',
          accessTokenTTL: wanted().lifetimeS,
          jwt: { sign: { alg: key.alg } },
        }),
      },
    },
  });
}

async function fetchToken(issuer: string, audience: string): Promise<string> {
  const answer = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`${client.id}:${encodeURIComponent(client.secret)}`).toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: new URLSearchParams({ grant_type: 'client_credentials', resource: resource(audience) }),
  });
  const { access_token: token, ...rest } = (await answer.json()) as { readonly access_token?: string };
  if (token === undefined) throw new Error(`the provider gives no token: ${JSON.stringify(rest)}`);
  return token;
}
