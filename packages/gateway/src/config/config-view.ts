import type { Database, DatabaseLogin } from '@onrecord/connector';
import { formatSecretReference } from '@onrecord/connector/config';
import type { MaskingRule } from '../masking/masking-rule.ts';
import type { Rule } from '../policy/policy.ts';
import type { Config, Connection, Identity, Masking, Reach } from './config.ts';
import type { Issuer } from './issuer.ts';

/** What a configuration means, as plain JSON: maps as objects, secrets as their references. */
export interface ConfigView
  extends Omit<Config, 'hash' | 'file' | 'connections' | 'identities' | 'issuers' | 'policy' | 'masking'> {
  readonly connections: { readonly [name: string]: Omit<Connection, 'name' | 'reach'> & { readonly reach: ReachView } };
  readonly identities: { readonly [name: string]: Omit<Identity, 'name'> };
  readonly issuers: { readonly [name: string]: Omit<Issuer, 'name'> };
  readonly policy: readonly Omit<Rule, 'matches' | 'uses'>[];
  readonly masking: Omit<Masking, 'rules'> & { readonly rules: readonly MaskingRuleView[] };
}

export interface MaskingRuleView extends Omit<MaskingRule, 'columns' | 'detectors'> {
  readonly columns: { readonly [column: string]: string };
  readonly detectors: { readonly [detector: string]: string };
}

export type ReachView = { readonly type: string; readonly [setting: string]: unknown };

/** The view of a configuration; also of one whose paths are still as they were written. */
export function configView(
  config: Omit<Config, 'hash' | 'file' | 'connections' | 'identities' | 'issuers'> & {
    readonly connections: Pick<Config['connections'], 'values'>;
    readonly identities: Pick<Config['identities'], 'values'>;
    readonly issuers: Pick<Config['issuers'], 'values'>;
  },
): ConfigView {
  const { connections, identities, issuers, policy, masking, ...rest } = config;
  return {
    ...rest,
    connections: Object.fromEntries(
      [...connections.values()].map(({ name, reach, ...connection }) => [
        name,
        { ...connection, reach: reachView(reach) },
      ]),
    ),
    identities: Object.fromEntries([...identities.values()].map(({ name, ...identity }) => [name, identity])),
    issuers: Object.fromEntries([...issuers.values()].map(({ name, ...issuer }) => [name, issuer])),
    policy: policy.map(({ matches: _, uses: __, ...rule }) => rule),
    masking: { ...masking, rules: masking.rules.map(maskingRuleView) },
  };
}

function maskingRuleView({ columns, detectors, ...rule }: MaskingRule): MaskingRuleView {
  return { ...rule, columns: Object.fromEntries(columns), detectors: Object.fromEntries(detectors) };
}

function reachView(reach: Reach): ReachView {
  return reach.type === 'connector' ? reach : { type: reach.type, ...databaseView(reach.database) };
}

function databaseView({ name: _, login, roles, watch, ...database }: Database): object {
  return {
    ...database,
    ...(login === undefined ? {} : { login: loginView(login) }),
    roles: roles.map(loginView),
    ...(watch === undefined ? {} : { watch: loginView(watch) }),
  };
}

function loginView<Login extends DatabaseLogin>({ password, ...login }: Login): object {
  return { ...login, ...(password === undefined ? {} : { password: formatSecretReference(password) }) };
}
