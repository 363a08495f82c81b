import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Refusal } from '../errors.ts';
import { askGateway } from './ask-gateway.ts';
import { type ControlRequest, controlSocketName } from './control-request.ts';
import { ControlServer } from './control-server.ts';

interface Served {
  readonly directory: string;
  readonly logged: string[];
  readonly server: ControlServer;
}

async function serve(t: TestContext, answer: (request: ControlRequest) => Promise<unknown>): Promise<Served> {
  const directory = mkdtempSync(join(tmpdir(), 'onrecord-control-'));
  const logged: string[] = [];
  const server = new ControlServer({ dataDirectory: directory, answer, log: (message) => logged.push(message) });
  await server.listen();
  t.after(async () => {
    await server.close();
    rmSync(directory, { recursive: true });
  });
  return { directory, logged, server };
}

test('a question is answered, as long as a gateway runs', async (t) => {
  const { directory, server } = await serve(t, async (request) => {
    // Later than the end of the question.
    await new Promise((resolve) => setTimeout(resolve, 20));
    return { asked: request, long: 'x'.repeat(200_000) };
  });
  const answer = await askGateway<{ asked: unknown; long: string }>(directory, { type: 'connectors' });
  assert.deepEqual(answer?.asked, { type: 'connectors' });
  assert.equal(answer?.long.length, 200_000);
  await server.close();
  assert.equal(await askGateway(directory, { type: 'connectors' }), undefined);
});

test('a refusal comes back in its own words, a mistake does not', async (t) => {
  let error: Error = new Refusal('42704', 'there is no connection "x"', { hint: 'Look again.' });
  const { directory, logged } = await serve(t, async () => {
    throw error;
  });
  await assert.rejects(askGateway(directory, { type: 'doctor', connection: 'x' }), {
    message: 'there is no connection "x"',
    hint: 'Look again.',
  });
  error = new Error('hunter2');
  await assert.rejects(askGateway(directory, { type: 'connectors' }), { message: 'internal error of the gateway' });
  assert.match(String(logged), /hunter2/);
});

test('an answer that cannot be written is an error for who asked, and the gateway lives', async (t) => {
  let answer: unknown = JSON.parse(`${'['.repeat(200_000)}${']'.repeat(200_000)}`);
  const { directory, logged } = await serve(t, async () => answer);
  await assert.rejects(askGateway(directory, { type: 'connectors' }), { message: 'internal error of the gateway' });
  assert.match(String(logged), /call stack/);
  answer = 'well';
  assert.equal(await askGateway(directory, { type: 'connectors' }), 'well');
});

test('only the owner may ask', async (t) => {
  const { directory } = await serve(t, async () => 1);
  assert.equal(statSync(join(directory, controlSocketName)).mode & 0o777, 0o600);
});

test('what a killed gateway left behind is replaced', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'onrecord-control-'));
  t.after(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, controlSocketName), '');
  const server = new ControlServer({ dataDirectory: directory, answer: async () => 'here', log: () => {} });
  await server.listen();
  t.after(() => server.close());
  assert.equal(await askGateway(directory, { type: 'connectors' }), 'here');
});

test('a question that has no end, or is none, is answered with the end of the connection or an error', async (t) => {
  const { directory } = await serve(t, async () => 1);
  const raw = (text: string): Promise<string> =>
    new Promise((resolve) => {
      let received = '';
      const socket = connect(join(directory, controlSocketName), () => socket.write(text));
      socket.on('error', () => {});
      socket.on('data', (chunk) => {
        received += chunk.toString();
      });
      socket.once('close', () => resolve(received));
    });
  assert.equal(await raw('x'.repeat(100_000)), '');
  assert.match(await raw('no json\n'), /internal error/);
});

test('where there can be no socket the gateway runs without one, and says so', async () => {
  const logged: string[] = [];
  const dataDirectory = join(tmpdir(), 'x'.repeat(120));
  const server = new ControlServer({ dataDirectory, answer: async () => 1, log: (message) => logged.push(message) });
  await server.listen();
  assert.match(String(logged), /no command can ask this gateway/);
  await server.close();
});
