import { gatewayIdentity } from '../../identity/gateway-identity.ts';

/** The part of a filter that leaves out what the gateway itself asks of databases, unless it is asked for. */
export function withoutOwn(options: { readonly identity?: string; readonly session?: string; readonly all?: true }): {
  readonly exceptIdentity?: string;
} {
  const { identity, session, all } = options;
  return identity !== undefined || session !== undefined || all === true ? {} : { exceptIdentity: gatewayIdentity };
}

/** The filter of what another one leaves out; undefined when it leaves out nothing. */
export function leftOutBy<Filter extends { readonly exceptIdentity?: string }>(
  filter: Filter,
): (Omit<Filter, 'exceptIdentity'> & { readonly identity: string }) | undefined {
  const { exceptIdentity, ...others } = filter;
  return exceptIdentity === undefined ? undefined : { ...others, identity: exceptIdentity };
}
