import { resolve } from 'node:path';
import type { DatabaseLogin } from '@onrecord/connector';
import { ConfigError, formatAddress, formatSecretReference } from '@onrecord/connector/config';
import type { Command } from 'commander';
import type { ClientTls, Config, Connection, Identity, Reach } from '../../config/config.ts';
import { configView } from '../../config/config-view.ts';
import { configWarnings } from '../../config/config-warnings.ts';
import { loadConfig } from '../../config/load-config.ts';
import { formatSize } from '../../config/size.ts';
import { serverCertificate } from '../../identity/server-certificate.ts';
import { type CommandIo, exitCodes } from '../command-io.ts';
import { escapeForTerminal } from '../present/escape.ts';

interface CheckOptions {
  readonly config: string;
  readonly json?: true;
}

const checkHelp = `
Problems go to standard output, one a line: FILE:LINE:COLUMN: SETTING: what is wrong. With --json, one object:
  {"ok":true,"file":…,"hash":…,"config":…,"warnings":[…]} or {"ok":false,"file":…,"problems":[{"line":…,"column":…,"path":…,"message":…}]}
Warnings are about what surrounds the file now: a secret that is not there, a certificate that cannot be read.
Secrets are looked for and never shown.

Exit codes: 0 the configuration can be used, 1 it has problems, 2 the command was called wrongly.`;

/** `onrecord config`: what the configuration file means. */
export function registerConfig(program: Command, io: CommandIo): void {
  const config = program.command('config').description('check the configuration file, print its schema');
  config
    .command('check')
    .description('say what the configuration file means, or everything that is wrong with it')
    .option('--config <file>', 'configuration file', './onrecord.yaml')
    .option('--json', 'print one JSON object')
    .addHelpText('after', checkHelp)
    .action((options: CheckOptions) => check(options, io));
  config
    .command('schema')
    .description('print the JSON Schema of the configuration file, for editors')
    .action(async () => {
      const { formatJson } = await import('../../config/generated-files.ts');
      const { settingsJsonSchema } = await import('../../config/settings.ts');
      io.stdout.write(formatJson(settingsJsonSchema()));
    });
}

async function check(options: CheckOptions, io: CommandIo): Promise<void> {
  let config: Config;
  try {
    config = await loadConfig(resolve(io.cwd, options.config));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const { file, problems } = error;
    io.setExitCode(exitCodes.error);
    io.stdout.write(options.json ? `${JSON.stringify({ ok: false, file, problems })}\n` : `${shown(error.message)}\n`);
    return;
  }
  const warnings = [...(await configWarnings(config, io.env)), ...(await certificateWarnings(config))];
  if (options.json) {
    const { file, hash } = config;
    io.stdout.write(`${JSON.stringify({ ok: true, file, hash, config: configView(config), warnings })}\n`);
    return;
  }
  io.stdout.write(`${shown(summary(config).join('\n'))}\n`);
  for (const warning of warnings) io.stderr.write(`warning: ${shown(warning)}\n`);
}

async function certificateWarnings(config: Config): Promise<readonly string[]> {
  if (config.tls.mode !== 'files') return [];
  try {
    await serverCertificate(config);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ path, message }) => `${path}: ${message}`);
  }
}

function summary(config: Config): readonly string[] {
  return [
    `${config.file} can be used. Configuration ${config.hash.slice(0, 12)}`,
    '',
    `listens on   ${formatAddress(config.listen.postgres)}, ${clientTls(config.tls)}`,
    ...(config.listen.connectors === undefined
      ? []
      : [`connectors   dial in at ${formatAddress(config.listen.connectors)}`]),
    `data         ${config.data}`,
    ...[...config.connections.values()].flatMap(connectionLines),
    ...[...config.identities.values()].map(identityLine),
    ...(config.connections.size === 0 ? ['no connections yet'] : []),
    ...(config.identities.size === 0 ? ['no identities yet'] : []),
  ];
}

function clientTls(tls: ClientTls): string {
  if (tls.mode === 'off') return 'without TLS';
  const certificate = tls.mode === 'auto' ? 'a self-signed certificate' : tls.certificate;
  return `TLS ${tls.required ? 'required' : 'offered'} with ${certificate}`;
}

function connectionLines(connection: Connection): readonly string[] {
  const { name, reach, recording, replication } = connection;
  const { max, bytes } = recording.rows;
  const kept = max === 0 ? 'digests of results' : `up to ${max} rows or ${formatSize(bytes)} of a result`;
  return [
    `connection   ${name}: ${reachLine(reach)}`,
    `             ${recording.durability}, keeps ${kept}${replication === 'allow' ? ', replication allowed' : ''}`,
  ];
}

function reachLine(reach: Reach): string {
  if (reach.type === 'connector') return `through the connector ${reach.connector}`;
  const { host, port, database, tls, login, roles, watch } = reach.database;
  const others = roles.map((role) => `${loginLine(role)} for ${[...role.identities, ...role.groups].join(', ')}`);
  const who = [...(login === undefined ? [] : [loginLine(login)]), ...others].join('; ');
  const watched = watch === undefined ? '' : `; ${loginLine(watch)} watches`;
  return `${formatAddress({ host, port })}, database ${database}, tls ${tls}, as ${who}${watched}`;
}

function loginLine({ user, password }: DatabaseLogin): string {
  return `${user} (${password === undefined ? 'no password' : formatSecretReference(password)})`;
}

function identityLine({ name, kind, connections, groups }: Identity): string {
  const may = connections.length === 0 ? 'may not use any connection' : `may use ${connections.join(', ')}`;
  return `identity     ${name} (${kind}${groups.length === 0 ? '' : ` in ${groups.join(', ')}`}) ${may}`;
}

function shown(text: string): string {
  return escapeForTerminal(text, { multiline: true });
}
