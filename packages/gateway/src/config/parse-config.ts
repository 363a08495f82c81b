import { createHash } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import { ConfigError, didYouMean, type Problem } from '@onrecord/connector/config';
import { databaseOf, dotted, explainIssues, readYaml, withPaths, type YamlSource } from '@onrecord/connector/settings';
import { compileRules, type RuleSource } from '../policy/compile-rules.ts';
import type { Rule } from '../policy/policy.ts';
import { accessOf, approvalsOf, controlsOf, maskingOf, withApprovalPaths, withMaskingPaths } from './build-controls.ts';
import { issuerOf, withIssuerPaths } from './build-issuer.ts';
import { canonicalJson } from './canonical.ts';
import type {
  CertificateMapping,
  ClientTls,
  Config,
  Connection,
  ConnectorSettings,
  ExpectedSession,
  Identity,
  Limits,
  LoginMethod,
  Reach,
  Recording,
} from './config.ts';
import { configView } from './config-view.ts';
import { controlProblems } from './control-problems.ts';
import { loginProblems } from './login-problems.ts';
import { policyProblems } from './policy-problems.ts';
import type { RuleSettings } from './policy-settings.ts';
import {
  type ConnectionSettings,
  type ConnectorsSettings,
  checkSettings,
  connectionProblems,
  type ExpectedSessionSettings,
  type IdentitySettings,
  type LimitSettings,
  noOffSwitch,
  type RecordingSettings,
  type Settings,
  settingsJsonSchema,
  type TlsSettings,
} from './settings.ts';

const defaultRecording: Recording = {
  durability: 'before-forward',
  rows: { max: 1000, bytes: 256 * 1024 },
  redact: false,
};

/**
 * The configuration that `text` describes. Paths in it are relative to the directory of `file`, an absolute path. Opens
 * nothing. Throws a ConfigError with every problem that was found, in the order of the file.
 */
export function parseConfig(text: string, file: string): Config {
  const source = readYaml(text);
  if (source.problems.length > 0) throw new ConfigError(file, source.problems);
  const checked = checkSettings(source.value);
  const problems = [
    ...(checked.success ? [] : explainIssues(checked.error.issues, { source, schema: settingsJsonSchema, remark })),
    ...wrongConnections(source),
    ...wrongReach(source),
    ...loginProblems(source),
    ...policyProblems(source),
    ...controlProblems(source),
  ];
  if (!checked.success || problems.length > 0) throw new ConfigError(file, problems.sort(byPlace));
  return freeze(build(checked.data, file));
}

/** Why a setting that would keep something off the record does not exist. */
function remark(path: readonly PropertyKey[]): string | undefined {
  return path.at(-1) === 'recording' ? noOffSwitch : undefined;
}

/** Orders problems as the file does. */
export function byPlace(a: Problem, b: Problem): number {
  return (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);
}

/** Connections that identities name twice, or that do not exist. Reads the raw value, so that other problems do not hide these. */
function wrongConnections(source: YamlSource): readonly Problem[] {
  const connections = Object.keys(asRecord(asRecord(source.value)['connections']));
  const problems: Problem[] = [];
  for (const [identity, settings] of Object.entries(asRecord(asRecord(source.value)['identities']))) {
    const names = asRecord(settings)['connections'];
    if (!Array.isArray(names)) continue;
    names.forEach((name: unknown, index) => {
      if (typeof name !== 'string') return;
      const path = ['identities', identity, 'connections', index];
      const wrong = (message: string): number =>
        problems.push({ ...source.positionOf(path), path: dotted(path), message });
      if (names.indexOf(name) < index) wrong(`names "${name}" a second time`);
      else if (!connections.includes(name)) {
        wrong(`there is no connection "${name}"${didYouMean(name, connections)}`);
      }
    });
  }
  return problems;
}

/** Connections that lack what they need, or name a connector that cannot dial in. Reads the raw value, too. */
function wrongReach(source: YamlSource): readonly Problem[] {
  const { connections, listen } = asRecord(source.value);
  return Object.entries(asRecord(connections)).flatMap(([name, settings]) => {
    if (typeof settings !== 'object' || settings === null) return [];
    const connection = settings as ConnectionSettings;
    const path = ['connections', name];
    const problems = connectionProblems(connection).map((problem) => {
      const at = [...path, ...problem.path.split('.')];
      return { ...source.positionOf(at), path: dotted(at), message: problem.message };
    });
    if (connection.connector === undefined || asRecord(listen)['connectors'] !== undefined) return problems;
    const at = [...path, 'connector'];
    const message = 'no connector can dial in: `listen.connectors` is not set';
    return [...problems, { ...source.positionOf(at), path: dotted(at), message }];
  });
}

function asRecord(value: unknown): { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null ? (value as { readonly [name: string]: unknown }) : {};
}

function build(settings: Settings, file: string): Config {
  const directory = dirname(file);
  const path = (written: string): string => resolve(directory, written);
  const recording = recordingOf(defaultRecording, settings.recording);
  const connections = Object.entries(settings.connections).map(([name, connection]) =>
    connectionOf(name, connection, recording),
  );
  const identities = Object.entries(settings.identities).map(([name, identity]) => identityOf(name, identity));
  const limits = limitsOf(settings.limits);
  const { data } = settings;
  const listen = { postgres: settings.listen.postgres, connectors: settings.listen.connectors };
  const connectors = connectorsOf(settings.connectors);
  const tls = tlsOf(settings.tls);
  const issuers = Object.entries(settings.issuers).map(([name, issuer]) => issuerOf(name, issuer));
  const policy = rulesOf(settings.policy);
  const masking = maskingOf(settings.masking);
  const approvals = approvalsOf(settings.approvals);
  const sessions = { endAtExpiry: settings.sessions.end_at_expiry };
  // Over what the file means, with paths as they are written: the same file in another directory has the same hash, and
  // so has a file that only spells out a default.
  const meaning = canonicalJson(
    configView({
      listen,
      data,
      tls,
      connections,
      identities,
      issuers,
      sessions,
      connectors,
      limits,
      policy,
      masking,
      approvals,
    }),
  );
  return {
    hash: createHash('sha256').update(meaning).digest('hex'),
    file,
    data: path(data),
    listen,
    tls: withTlsPaths(tls, path),
    connections: new Map(
      connections.map((connection) => [connection.name, { ...connection, reach: absolute(connection.reach, path) }]),
    ),
    identities: new Map(identities.map((identity) => [identity.name, identity])),
    issuers: new Map(issuers.map((issuer) => [issuer.name, withIssuerPaths(issuer, path)])),
    sessions,
    connectors,
    limits,
    policy,
    masking: withMaskingPaths(masking, path),
    approvals: withApprovalPaths(approvals, path),
  };
}

/** Rules as their settings mean them. Their conditions were checked before (`policyProblems`). */
export function rulesOf(settings: readonly RuleSettings[]): readonly Rule[] {
  return compileRules(settings.map(ruleSourceOf)).rules;
}

function ruleSourceOf({ name, when, then, message, approvers }: RuleSettings): RuleSource {
  return {
    name,
    when,
    then,
    ...(message === undefined ? {} : { message }),
    ...(approvers === undefined
      ? {}
      : {
          approvers: {
            group: approvers.group,
            count: approvers.count,
            timeoutMs: approvers.timeout,
            reuseMs: approvers.reuse,
          },
        }),
  };
}

function recordingOf(base: Recording, { durability, rows, redact = base.redact }: RecordingSettings): Recording {
  if (rows === undefined) return { durability: durability ?? base.durability, rows: base.rows, redact };
  const digest = { max: 0, bytes: 0 };
  // On top of `digest`, a cap alone means the usual other cap and not none.
  const other = base.rows.max === 0 ? defaultRecording.rows : base.rows;
  const kept = rows === 'digest' ? digest : { max: rows.max ?? other.max, bytes: rows.bytes ?? other.bytes };
  return {
    durability: durability ?? base.durability,
    rows: kept.max === 0 || kept.bytes === 0 ? digest : kept,
    redact,
  };
}

function connectionOf(name: string, settings: ConnectionSettings, recording: Recording): Connection {
  return {
    name,
    reach: reachOf(name, settings),
    expected: (settings.watch?.allow ?? []).map(expectedOf),
    recording: recordingOf(recording, settings.recording),
    replication: settings.replication,
    controls: controlsOf(settings),
    access: accessOf(settings.access),
  };
}

function reachOf(name: string, settings: ConnectionSettings): Reach {
  const { connector, watch } = settings;
  if (connector !== undefined) return { type: 'connector', connector };
  const login =
    watch?.user === undefined ? undefined : { user: watch.user, password: watch.password, every: watch.every };
  return { type: 'built-in', database: databaseOf(name, settings, login) };
}

function expectedOf({ user, database, application, address }: ExpectedSessionSettings): ExpectedSession {
  return {
    ...(user === undefined ? {} : { user }),
    ...(database === undefined ? {} : { database }),
    ...(application === undefined ? {} : { application }),
    ...(address === undefined ? {} : { address }),
  };
}

function connectorsOf({ certificate, wait, spares }: ConnectorsSettings): ConnectorSettings {
  return { certificateMs: certificate, waitMs: wait, spares };
}

function identityOf(name: string, settings: IdentitySettings): Identity {
  const { kind, groups, connections, login, certificate } = settings;
  const usual: readonly LoginMethod[] = certificate === undefined ? ['token'] : ['certificate', 'token'];
  return {
    name,
    kind,
    groups,
    connections,
    login: login === undefined ? usual : typeof login === 'string' ? [login] : login,
    ...(certificate === undefined ? {} : { certificate: mappingOf(certificate) }),
    controls: controlsOf(settings),
  };
}

function mappingOf({ subject, san }: NonNullable<IdentitySettings['certificate']>): CertificateMapping {
  return san === undefined ? { type: 'subject', name: subject ?? '' } : { type: 'san', name: san };
}

function limitsOf({ clients, unauthenticated, startup, message, pipeline, segment }: LimitSettings): Limits {
  return { clients, unauthenticated, startupMs: startup, messageBytes: message, pipeline, segmentBytes: segment };
}

function tlsOf(settings: TlsSettings): ClientTls {
  if (settings === 'off') return { mode: 'off' };
  if (settings === 'auto') return { mode: 'auto', required: false };
  const { certificate, key, required, client_ca, client_crl } = settings;
  const clients = {
    ...(client_ca === undefined ? {} : { clientCa: client_ca }),
    ...(client_crl === undefined ? {} : { clientCrl: client_crl }),
  };
  if (certificate === undefined || key === undefined) return { mode: 'auto', required, ...clients };
  return { mode: 'files', certificate, key, required, ...clients };
}

function withTlsPaths(tls: ClientTls, path: (written: string) => string): ClientTls {
  if (tls.mode === 'off') return tls;
  const { clientCa, clientCrl } = tls;
  const clients = {
    ...(clientCa === undefined ? {} : { clientCa: path(clientCa) }),
    ...(clientCrl === undefined ? {} : { clientCrl: path(clientCrl) }),
  };
  if (tls.mode === 'auto') return { ...tls, ...clients };
  return { ...tls, certificate: path(tls.certificate), key: path(tls.key), ...clients };
}

function absolute(reach: Reach, path: (written: string) => string): Reach {
  return reach.type === 'connector' ? reach : { ...reach, database: withPaths(reach.database, path) };
}

function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const member of value instanceof Map ? value.values() : Object.values(value)) freeze(member);
  return Object.freeze(value);
}
