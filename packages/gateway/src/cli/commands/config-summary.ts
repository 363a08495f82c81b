import type { DatabaseLogin } from '@onrecord/connector';
import { formatAddress, formatDuration, formatSecretReference } from '@onrecord/connector/config';
import type {
  ClientTls,
  Config,
  Connection,
  ConnectorSettings,
  ExpectedSession,
  Identity,
  LoginMethod,
  Reach,
  SessionApproval,
} from '../../config/config.ts';
import type { Issuer, IssuerKeySource } from '../../config/issuer.ts';
import { formatSize } from '../../config/size.ts';
import type { MaskingRule } from '../../masking/masking-rule.ts';
import type { Controls, Rule } from '../../policy/policy.ts';

/** What a configuration means, in lines for people; no secret, and names as they stand in the file. */
export function configSummary(config: Config): readonly string[] {
  const { listen, tls, connections, identities, issuers, sessions } = config;
  return [
    `${config.file} can be used. Configuration ${config.hash.slice(0, 12)}`,
    '',
    `listens on   ${formatAddress(listen.postgres)}, ${clientTls(tls)}`,
    ...clientAuthorities(tls),
    ...(listen.connectors === undefined
      ? []
      : [`connectors   dial in at ${formatAddress(listen.connectors)}, ${connectorLine(config.connectors)}`]),
    `data         ${config.data}`,
    ...[...connections.values()].flatMap(connectionLines),
    ...[...identities.values()].flatMap((identity) => [identityLine(identity), ...controlLines(identity.controls)]),
    ...[...issuers.values()].flatMap(issuerLines),
    ...config.policy.map(ruleLine),
    ...config.masking.rules.map(maskingLine),
    ...config.approvals.webhooks.map(({ url, format }) => `approvals    told to ${url} as ${format}`),
    ...(sessions.endAtExpiry ? ['sessions     end when the credential that they were opened with expires'] : []),
    ...(connections.size === 0 ? ['no connections yet'] : []),
    ...(identities.size === 0 ? ['no identities yet'] : []),
  ];
}

function clientTls(tls: ClientTls): string {
  if (tls.mode === 'off') return 'without TLS';
  const certificate = tls.mode === 'auto' ? 'a self-signed certificate' : tls.certificate;
  return `TLS ${tls.required ? 'required' : 'offered'} with ${certificate}`;
}

function clientAuthorities(tls: ClientTls): readonly string[] {
  if (tls.mode === 'off' || tls.clientCa === undefined) return [];
  const revoked = tls.clientCrl === undefined ? '' : `, unless revoked in ${tls.clientCrl}`;
  return [`             client certificates of the authorities in ${tls.clientCa}${revoked}`];
}

function connectorLine({ certificateMs, waitMs }: ConnectorSettings): string {
  return `with certificates for ${formatDuration(certificateMs)}; new sessions wait ${formatDuration(waitMs)} for one that is away`;
}

function connectionLines(connection: Connection): readonly string[] {
  const { name, reach, recording, replication, expected } = connection;
  const { max, bytes } = recording.rows;
  const kept = max === 0 ? 'digests of results' : `up to ${max} rows or ${formatSize(bytes)} of a result`;
  return [
    `connection   ${name}: ${reachLine(reach)}`,
    `             ${recording.durability}, keeps ${kept}${replication === 'allow' ? ', replication allowed' : ''}`,
    ...controlLines(connection.controls),
    ...accessLines(connection.access),
    ...expected.map(
      (session) => `             a session past the gateway is not reported with ${expectedLine(session)}`,
    ),
  ];
}

function controlLines({ readOnly, tables, rows, timeMs, rate }: Controls): readonly string[] {
  const parts = [
    ...(readOnly ? ['only reads'] : []),
    ...(tables === undefined ? [] : [`only ${tables.join(', ') || 'no table'}`]),
    ...(rows === undefined ? [] : [`up to ${rows} rows of a statement`]),
    ...(timeMs === undefined ? [] : [`up to ${formatDuration(timeMs)} for a statement`]),
    ...(rate === undefined ? [] : [`up to ${rate.count} statements in ${formatDuration(rate.perMs)}`]),
  ];
  return parts.length === 0 ? [] : [`             ${parts.join('; ')}`];
}

function accessLines(access: SessionApproval | undefined): readonly string[] {
  if (access === undefined) return [];
  const { group, count, durationMs, except } = access;
  const free = [...except.identities, ...except.groups];
  const others = free.length === 0 ? '' : `, but for ${free.join(', ')}`;
  return [`             opened for ${formatDuration(durationMs)} once ${count} of ${group} approved it${others}`];
}

function ruleLine({ name, then, approvers }: Rule): string {
  const asks = approvers === undefined ? '' : ` by ${approvers.count} of ${approvers.group}`;
  return `rule         ${name}: ${then}${asks}`;
}

function maskingLine({ connections, identities, groups, columns, detectors, patterns }: MaskingRule): string {
  const whom = [...(identities ?? []), ...(groups ?? [])].join(', ') || 'everybody';
  const what = [...columns.keys(), ...detectors.keys(), ...patterns.map(({ name }) => name)].join(', ') || 'nothing';
  return `masks        ${what} for ${whom}${connections === undefined ? '' : ` on ${connections.join(', ')}`}`;
}

function expectedLine(expected: ExpectedSession): string {
  return Object.entries(expected)
    .map(([field, value]) => `${field} ${value}`)
    .join(', ');
}

function reachLine(reach: Reach): string {
  if (reach.type === 'connector') return `through the connector ${reach.connector}`;
  const { host, port, database, tls, login, roles, watch } = reach.database;
  const others = roles.map((role) => `${loginLine(role)} for ${[...role.identities, ...role.groups].join(', ')}`);
  const who = [...(login === undefined ? [] : [loginLine(login)]), ...others].join('; ');
  const watched =
    watch === undefined ? 'nobody watches' : `${loginLine(watch)} watches every ${formatDuration(watch.everyMs)}`;
  return `${formatAddress({ host, port })}, database ${database}, tls ${tls}, as ${who}; ${watched}`;
}

function loginLine({ user, password }: DatabaseLogin): string {
  return `${user} (${password === undefined ? 'no password' : formatSecretReference(password)})`;
}

function identityLine({ name, kind, connections, groups, login, certificate }: Identity): string {
  const may = connections.length === 0 ? 'may not use any connection' : `may use ${connections.join(', ')}`;
  const by = login.map((method) => loginNames[method]).join(' or ');
  const mapped = certificate === undefined ? '' : ` (${certificate.type} ${certificate.name})`;
  const member = groups.length === 0 ? '' : ` in ${groups.join(', ')}`;
  return `identity     ${name} (${kind}${member}) ${may}, logs in with ${by}${mapped}`;
}

const loginNames: { readonly [Method in LoginMethod]: string } = {
  token: 'a token of the gateway',
  jwt: 'a JWT',
  oauth: 'a JWT by OAUTHBEARER',
  certificate: 'a client certificate',
};

function issuerLines({ name, issuer, audience, keys, identities, onBehalfOf }: Issuer): readonly string[] {
  const known = new Set(identities.map(({ identity }) => identity));
  const says = known.size === 0 ? 'of nobody' : `of ${[...known].join(', ')}`;
  const behalf = onBehalfOf === undefined ? '' : `; its claim ${onBehalfOf.join('.')} is on whose behalf`;
  return [
    `issuer       ${name}: ${issuer} for the audience ${audience.join(' or ')}, with the keys ${keySource(keys)}`,
    `             takes its word ${says}${behalf}`,
  ];
}

function keySource(keys: IssuerKeySource): string {
  switch (keys.type) {
    case 'discovery':
      return 'that its metadata names';
    case 'url':
      return `at ${keys.url}`;
    case 'file':
      return `in ${keys.path}`;
  }
}
