import type { Config, Identity, LoginMethod } from '../../config/config.ts';

/** Methods for which a client is asked something. */
export type AskedMethod = Exclude<LoginMethod, 'certificate'>;

export interface MethodsOptions {
  /** Undefined for a name that nobody has. */
  readonly identity: Identity | undefined;
  readonly config: Pick<Config, 'identities'>;
  /** A number that stays the same for a text and that nobody can guess. */
  readonly lot: (text: string) => bigint;
}

/**
 * By which methods a client that says it is `user` may log in. A stranger, and an identity that has only a certificate
 * and does not show it, gets those that some identity has: always the same for a name, by a lot that only the gateway
 * knows. So what a name is asked for does not tell whether there is such an identity. A change of the configuration that
 * brings a new combination moves as few names as possible.
 */
export function methodsFor(user: string, { identity, config, lot }: MethodsOptions): readonly AskedMethod[] {
  const drawn = draw(user, config, lot);
  const own = identity === undefined ? [] : asked(identity);
  return own.length === 0 ? drawn : own;
}

/** Rendezvous hashing: each combination has a lot for the name, and the highest wins. */
function draw(
  user: string,
  { identities }: MethodsOptions['config'],
  lot: MethodsOptions['lot'],
): readonly AskedMethod[] {
  const combinations = new Map<string, readonly AskedMethod[]>();
  for (const identity of identities.values()) {
    const methods = asked(identity);
    if (methods.length > 0) combinations.set(methods.join(), methods);
  }
  let best: { readonly methods: readonly AskedMethod[]; readonly lot: bigint } | undefined;
  for (const [name, methods] of combinations) {
    const drawn = { methods, lot: lot(`login method\0${name}\0${user}`) };
    if (best === undefined || drawn.lot > best.lot) best = drawn;
  }
  return best?.methods ?? ['token'];
}

function asked({ login }: Identity): readonly AskedMethod[] {
  return login.filter((method) => method !== 'certificate');
}
