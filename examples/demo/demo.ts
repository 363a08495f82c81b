// `npm run demo`: a billing agent works on a real Postgres through the gateway, and then you ask what it did.
// Postgres is the embedded one, in a temporary directory; what Onrecord keeps is in ./.demo, made anew at each start.
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, relative } from 'node:path';
import { freePort } from '../../tests/support/free-port.ts';
import { type Child, startChild } from '../../tests/support/start-child.ts';
import { type BillingDatabase, startBillingDatabase } from './billing-database.ts';

const root = join(import.meta.dirname, '..', '..');
const directory = join(root, '.demo');
const configFile = join(directory, 'onrecord.yaml');
const commandLine = join(root, 'packages', 'gateway', 'src', 'cli', 'main.ts');
const agent = join(import.meta.dirname, 'billing-agent.ts');
/** The port that the documentation uses; another one when it is taken. */
const usualPort = 6432;

const say = (line: string): void => console.log(line);

async function demo({ once }: { readonly once: boolean }): Promise<void> {
  const interrupted = new Promise<void>((resolve) => {
    // Ctrl-C reaches the gateway and Postgres as well: each ends in order, and nobody needs to be told.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
  });
  say('· starting Postgres 18 with a billing database …');
  const billing = await startBillingDatabase();
  const { customers, invoices, payments } = billing.rows;
  say(`  ${customers} customers, ${invoices} invoices, ${payments} payments`);
  let gateway: Child | undefined;
  try {
    say('· starting the gateway in front of it …');
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory, { recursive: true });
    writeFileSync(configFile, configurationFor(billing.app, await choosePort()));
    gateway = await startChild(process.execPath, onrecord('gateway'), {
      awaits: /listening on (\S+:\d+)/,
      env: { ...process.env, BILLING_PASSWORD: billing.app.password },
    });
    const address = gateway.printed;
    say(`  listening on ${address}, recording to ${relative(process.cwd(), directory)}/data`);
    const url = (identity: string, token: string): string => `postgres://${identity}:${token}@${address}/billing`;
    const agentUrl = url(
      'billing-agent',
      await output(onrecord('tokens', 'create', 'billing-agent', '--expires', '1d')),
    );
    say('· the billing agent is at work; this is what it says of itself:');
    await output([...process.execArgv, agent], { env: { DATABASE_URL: agentUrl }, shows: '    ' });
    say('\n· and this is what it did: onrecord log --identity billing-agent\n');
    await output(onrecord('log', '--identity', 'billing-agent'), { shows: '' });
    if (once) return;
    const yours = url('you', await output(onrecord('tokens', 'create', 'you', '--expires', '1d')));
    say(invitation(yours));
    await interrupted;
    say('\n· stopping …');
  } finally {
    await gateway?.stop();
    await billing.postgres.stop();
  }
}

function configurationFor(app: BillingDatabase['app'], port: number): string {
  return `# The demo's configuration; docs/config.md has every setting.
listen: { postgres: 127.0.0.1:${port} }
data: ./data
connections:
  billing:
    host: ${app.host}
    port: ${app.port}
    database: ${app.database}
    user: ${app.user}
    password: env:BILLING_PASSWORD
    tls: disable
identities:
  billing-agent: { kind: agent, groups: [billing], connections: [billing] }
  you: { kind: person, connections: [billing] }
`;
}

function invitation(url: string): string {
  const command = (...words: readonly string[]): string =>
    `  npx --no onrecord ${words.join(' ')} --config ${relative(process.cwd(), configFile)}`;
  return `
Everything stays up until Ctrl-C. Connect as anything that speaks Postgres; what you do goes on the record, too:

  psql '${url}'

and in another terminal, here:

${command('log')}
${command('log', '--table', 'customers', '--since', '"10 minutes ago"')}
${command('sessions')}
${command('show', 'latest/2')}
${command('replay', 'latest')}
${command('tail')}
${command('export', 'latest', '--format', 'html', '--output', 'session.html')}`;
}

/** The usual port when nobody listens there, or any other. */
async function choosePort(): Promise<number> {
  const free = await new Promise<boolean>((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(usualPort, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
  if (free) return usualPort;
  const port = await freePort();
  say(`  port ${usualPort} is taken, using ${port}`);
  return port;
}

function onrecord(...args: readonly string[]): readonly string[] {
  return [...process.execArgv, commandLine, ...args, '--config', configFile];
}

interface OutputOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** Passes standard output on, each line behind this; with nothing in front, the program has the terminal itself. */
  readonly shows?: string;
}

/** Runs a program to its end and answers with what it printed; rejects with its complaints when it fails. */
function output(args: readonly string[], { env, shows }: OutputOptions = {}): Promise<string> {
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...env },
    stdio: shows === '' ? 'inherit' : ['ignore', 'pipe', 'pipe'],
  });
  let [printed, complaints] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
    if (shows !== undefined) process.stdout.write(text.replaceAll(/^(?=.)/gm, shows));
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaints += text;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0) resolve(printed.trim());
      else
        reject(
          new Error(`${args.slice(process.execArgv.length).join(' ')} ended with ${signal ?? code}\n${complaints}`),
        );
    });
  });
}

const args = process.argv.slice(2);
const unknown = args.find((arg) => arg !== '--once');
if (unknown !== undefined) {
  console.error(`demo: ${unknown} is not an option; there is only --once, which stops after the timeline`);
  process.exitCode = 2;
} else {
  await demo({ once: args.includes('--once') }).catch((error: Error) => {
    console.error(`demo: ${error.message}`);
    process.exitCode = 1;
  });
}
