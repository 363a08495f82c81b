import { resolve } from 'node:path';
import { ConfigError } from '@onrecord/connector/config';
import type { Command } from 'commander';
import type { Config } from '../../config/config.ts';
import { configView } from '../../config/config-view.ts';
import { configWarnings } from '../../config/config-warnings.ts';
import { loadConfig } from '../../config/load-config.ts';
import { clientAuthorities } from '../../identity/client-authorities.ts';
import { serverCertificate } from '../../identity/server-certificate.ts';
import { type CommandIo, exitCodes } from '../command-io.ts';
import { escapeForTerminal } from '../present/escape.ts';
import { configSummary } from './config-summary.ts';

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
  io.stdout.write(`${shown(configSummary(config).join('\n'))}\n`);
  for (const warning of warnings) io.stderr.write(`warning: ${shown(warning)}\n`);
}

/** What a start would find wrong with the certificates of `tls`. */
async function certificateWarnings(config: Config): Promise<readonly string[]> {
  const own = config.tls.mode === 'files' ? await problemsOf(serverCertificate(config)) : [];
  return [...own, ...(await problemsOf(clientAuthorities(config)))];
}

async function problemsOf(read: Promise<unknown>): Promise<readonly string[]> {
  try {
    await read;
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ path, message }) => `${path}: ${message}`);
  }
}

function shown(text: string): string {
  return escapeForTerminal(text, { multiline: true });
}
