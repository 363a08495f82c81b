// `npm run demo`: a billing agent works on a real Postgres through a gateway and a connector. Some of what it reads is masked, one
// statement is denied, and one waits until somebody approves it. Then you ask what it did; and somebody goes around the
// gateway, and is seen. Postgres is the embedded one, in a temporary directory; what Onrecord
// keeps is in ./.demo, made anew at each start.
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { freePort } from '../../tests/support/free-port.ts';
import { type Child, startChild } from '../../tests/support/start-child.ts';
import { type BillingDatabase, startBillingDatabase } from './billing-database.ts';

const root = join(import.meta.dirname, '..', '..');
const directory = join(root, '.demo');
const configFile = join(directory, 'onrecord.yaml');
const connectorFile = join(directory, 'connector.yaml');
const commandLine = join(root, 'packages', 'gateway', 'src', 'cli', 'main.ts');
const connectorProgram = join(root, 'packages', 'connector', 'src', 'cli', 'main.ts');
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
  let connector: Child | undefined;
  try {
    say('· starting the gateway …');
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory, { recursive: true });
    const connectorAddress = `127.0.0.1:${await freePort()}`;
    writeFileSync(configFile, gatewayConfiguration(await choosePort(), connectorAddress));
    writeFileSync(connectorFile, connectorConfiguration(billing, connectorAddress));
    gateway = await startChild(process.execPath, onrecord('gateway'), { awaits: /listening on (\S+:\d+)/ });
    const address = gateway.printed;
    say(`  listening on ${address}, recording to ${relative(process.cwd(), directory)}/data`);
    say('· starting a connector next to Postgres; it alone has the passwords …');
    const token = await output(onrecord('connectors', 'enroll', connectorName));
    connector = await startChild(
      process.execPath,
      [...process.execArgv, connectorProgram, ...connectorArguments(token)],
      {
        awaits: /connected to (\S+) as/,
        env: { ...process.env, BILLING_PASSWORD: billing.app.password, WATCH_PASSWORD: billing.watch.password },
      },
    );
    say(`  connected to ${connector.printed} over mutual TLS`);
    const url = (identity: string, token: string): string => `postgres://${identity}:${token}@${address}/billing`;
    const agentUrl = url(
      'billing-agent',
      await output(onrecord('tokens', 'create', 'billing-agent', '--expires', '1d')),
    );
    const aliceToken = await output(onrecord('tokens', 'create', 'alice', '--expires', '1d'));
    say('· the billing agent is at work; this is what it says of itself:');
    const work = output([...process.execArgv, agent], { env: { DATABASE_URL: agentUrl }, shows: '    ' });
    // When the demo is interrupted it fails, and nobody listens any more.
    work.catch(() => {});
    const question = await firstQuestion(work);
    if (question !== undefined) await decide(question, { aliceToken, once, over: Promise.race([work, interrupted]) });
    if ((await Promise.race([work, interrupted])) === undefined) return;
    say('\n· and this is what it did: onrecord log --identity billing-agent\n');
    await output(onrecord('log', '--identity', 'billing-agent'), { shows: '' });
    say('\n· somebody who has the password goes around the gateway, and reads customers …');
    await goAround(billing.app);
    say('· the connector has seen it: onrecord blind\n');
    await output(onrecord('blind'), { shows: '' });
    if (once) return;
    const yours = url('you', await output(onrecord('tokens', 'create', 'you', '--expires', '1d')));
    say(invitation(yours));
    await interrupted;
    say('\n· stopping …');
  } finally {
    await connector?.stop();
    await gateway?.stop();
    await billing.postgres.stop();
  }
}

/** The id of the first thing that people are asked about; undefined when the agent ends without any. */
async function firstQuestion(work: Promise<string>): Promise<string | undefined> {
  const asked = startChild(process.execPath, onrecord('approvals', 'watch', '--json'), {
    awaits: /"event":"requested".*?"approval":"(\w+)"/,
  });
  const watch = await Promise.race([asked, work.then(() => undefined)]);
  if (watch !== undefined) await watch.stop();
  else asked.then((late) => late.stop()).catch(() => {});
  return watch?.printed;
}

/** How the agent's question is answered: by whoever sits at the terminal, or by the demo. */
interface Deciding {
  readonly aliceToken: string;
  readonly once: boolean;
  /** Resolves when nothing is to be decided any more. */
  readonly over: Promise<unknown>;
}

async function decide(approval: string, { aliceToken, once, over }: Deciding): Promise<void> {
  say(`\n· it wants to change a payment, and waits for finance: onrecord approvals show ${approval}\n`);
  await output(onrecord('approvals', 'show', approval), { shows: '' });
  const words = ['approvals', 'approve', approval, '--as', 'alice', '--reason', 'The bank confirms it.'];
  if (!once && process.stdin.isTTY) {
    const shown = words.map((word) => (word.includes(' ') ? `"${word}"` : word));
    say(`\n· you are alice of finance. In another terminal, here, approve it, or deny it:

  ONRECORD_TOKEN=${aliceToken} \\
${command(...shown)}

  Or press Enter, and the demo approves it.`);
    const entered = new Promise<string>((resolve) => process.stdin.once('data', () => resolve('entered')));
    const first = await Promise.race([entered, over]);
    process.stdin.pause();
    if (first !== 'entered') return;
  }
  say(`\n· alice approves it: onrecord approvals approve ${approval} --as alice`);
  await output(onrecord(...words), { env: { ONRECORD_TOKEN: aliceToken }, shows: '    ' });
}

const connectorName = 'billing-db';

function gatewayConfiguration(port: number, connectors: string): string {
  return `# The demo's configuration; docs/config.md has every setting.
listen: { postgres: 127.0.0.1:${port}, connectors: "${connectors}" }
data: ./data
connections:
  billing: { connector: ${connectorName} }
identities:
  billing-agent: { kind: agent, groups: [billing], connections: [billing] }
  alice: { kind: person, groups: [finance] }
  you: { kind: person, connections: [billing] }
masking:
  rules:
    - groups: [billing]
      columns: { public.customers.email: partial, public.customers.iban: hash }
policy:
  - name: no blind deletes
    when: statement.kind in ["delete", "update"] && !statement.hasWhere
    then: deny
    message: Add a WHERE clause.
  - name: money moves need a second pair of eyes
    when: statement.writes.exists(t, t == "public.payments") && identity.kind == "agent"
    then: approve
    approvers: { group: finance, timeout: 10m }
`;
}

function connectorConfiguration({ app, watch }: BillingDatabase, gateway: string): string {
  return `# What only the connector knows; docs/connector.md has every setting.
gateways: [ "${gateway}" ]
state: ./connector-state
connections:
  billing:
    host: ${app.host}
    port: ${app.port}
    database: ${app.database}
    user: ${app.user}
    password: env:BILLING_PASSWORD
    tls: disable
    watch: { user: ${watch.user}, password: env:WATCH_PASSWORD }
`;
}

function connectorArguments(token: string): readonly string[] {
  return ['--config', connectorFile, '--enroll', token];
}

/** How long the watch may take to see somebody: it looks once a second. */
const seenMs = 20_000;

/** Reads customers on a connection of its own, and stays until the watch has seen it. */
async function goAround({ host, port, user, password, database }: BillingDatabase['app']): Promise<void> {
  const client = new Client({ host, port, user, password, database, application_name: 'nightly-export' });
  await client.connect();
  try {
    await client.query('select name, email from customers limit 3');
    for (const until = Date.now() + seenMs; Date.now() < until; await delay(250)) {
      if ((await output(onrecord('blind', '--json'))).includes('nightly-export')) return;
    }
    throw new Error('the session around the gateway was not seen');
  } finally {
    await client.end();
  }
}

/** How somebody types it who stands where the demo does. */
function command(...words: readonly string[]): string {
  return `  npx --no onrecord ${words.join(' ')} --config ${relative(process.cwd(), configFile)}`;
}

function invitation(url: string): string {
  return `
Everything stays up until Ctrl-C. Connect as anything that speaks Postgres; what you do goes on the record, too:

  psql '${url}'

and in another terminal, here:

${command('log')}
${command('log', '--table', 'customers', '--since', '"10 minutes ago"')}
${command('sessions')}
${command('approvals', 'list', '--all')}
${command('log', '--decision', 'deny')}
${command('policy', 'explain', '"delete from invoices"', '--identity', 'billing-agent', '--connection', 'billing')}
${command('blind')}
${command('connectors', 'list')}
${command('connections', 'test')}
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
