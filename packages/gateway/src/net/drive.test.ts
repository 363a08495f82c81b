import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { type BackendMessage, encodeBackend } from '@onrecord/wire';
import { Halt, Refusal, Termination } from '../errors.ts';
import { ScriptedGuard } from '../session/guard.fixture.ts';
import { backend, createSession, frontend, text } from '../session/session.fixture.ts';
import { systemClock } from './clock.ts';
import { Drive } from './drive.ts';
import { ManualRecorder, receipt } from './manual-recorder.fixture.ts';
import type { SessionControl } from './session-control.ts';

/** Both ends of a connection on loopback. */
async function pair(t: TestContext): Promise<[Socket, Socket]> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const outer = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const [inner] = (await once(server, 'connection')) as [Socket];
  server.close();
  outer.on('error', () => {});
  t.after(() => {
    outer.destroy();
    inner.destroy();
  });
  return [outer, inner];
}

interface Rig {
  readonly client: Socket;
  readonly server: Socket;
  readonly recorder: ManualRecorder;
  readonly drive: Drive;
  readonly closed: Promise<void>;
  readonly received: { client: string; server: string };
  /** Resolves when the peer has received a text. */
  until(side: 'client' | 'server', part: string): Promise<void>;
}

/** Under a guard, people who are asked never answer. */
async function rig(t: TestContext, guard?: ScriptedGuard, control = askNobody): Promise<Rig> {
  const [client, clientInner] = await pair(t);
  const [server, serverInner] = await pair(t);
  const recorder = new ManualRecorder();
  const closed = Promise.withResolvers<void>();
  const received = { client: '', server: '' };
  const changed = new Set<() => void>();
  for (const side of ['client', 'server'] as const) {
    (side === 'client' ? client : server).on('data', (chunk) => {
      received[side] += chunk.toString('latin1');
      for (const check of changed) check();
    });
  }
  const drive = new Drive({
    session: createSession({ guard }),
    client: clientInner,
    upstream: serverInner,
    recorder,
    chains: { session: 's', identity: 'i' },
    durable: { forward: 'synced', reveal: 'synced' },
    receipt,
    clock: systemClock(),
    lostBecause: () => undefined,
    pipeline: 10_000,
    log: () => {},
    sighted: () => {},
    control: guard === undefined ? undefined : control,
    closed: () => closed.resolve(),
  });
  const none = new Uint8Array(0);
  drive.start({ client: none, upstream: none });
  return {
    client,
    server,
    recorder,
    drive,
    closed: closed.promise,
    received,
    until: (side, part) =>
      new Promise((resolve) => {
        const check = (): void => {
          if (!received[side].includes(part)) return;
          changed.delete(check);
          resolve();
        };
        changed.add(check);
        check();
      }),
  };
}

/** People who are asked, and do not hear that it is over either. */
const askNobody: SessionControl = {
  readCatalog: () => Promise.resolve(),
  ask: () =>
    Promise.resolve({
      approval: 'appr_0',
      notice: new Uint8Array(0),
      answer: new Promise(() => {}),
      withdraw: () => {},
      use: () => Promise.resolve(),
    }),
  cancel: () => Promise.resolve(),
  timeMs: undefined,
};

const query = (sql: string): Uint8Array => frontend({ type: 'query', sql: text(sql) });
const answered: BackendMessage[] = [
  { type: 'commandComplete', tag: 'SELECT 0' },
  { type: 'readyForQuery', status: 'I' },
];
/** Whatever was on its way has arrived when a byte sent later has. */
const turns = async (count: number): Promise<void> => {
  for (let at = 0; at < count; at += 1) await new Promise((resolve) => setImmediate(resolve));
};

describe('driving a session', () => {
  it('forwards nothing before its entry is recorded', async (t) => {
    const { client, recorder, received, until } = await rig(t);
    client.write(query('select 1'));
    await recorder.appended();
    await turns(20);
    assert.deepEqual([recorder.waiting, received.server], [['statement'], '']);
    recorder.record();
    await until('server', 'select 1');
  });

  it('reveals nothing before the outcome is recorded', async (t) => {
    const { client, server, recorder, received, until } = await rig(t);
    client.write(query('select 1'));
    await recorder.appended();
    recorder.record();
    await until('server', 'select 1');
    server.write(backend(...answered));
    await recorder.appended();
    await turns(20);
    assert.deepEqual([recorder.waiting, received.client], [['outcome'], '']);
    recorder.record();
    await until('client', 'SELECT 0');
  });

  it('keeps the order of bytes behind an entry that is not recorded yet', async (t) => {
    const { client, recorder, received, until } = await rig(t);
    client.write(query('select 1'));
    await recorder.appended();
    client.write(frontend({ type: 'sync' }));
    await turns(20);
    assert.equal(received.server, '');
    recorder.record();
    await until('server', 'S\0\0\0\x04');
    assert.match(received.server, /^Q.*select 1\0S/s);
  });

  it('records the outcome of what a client that has left was waiting for', async (t) => {
    const { client, server, recorder, until, closed } = await rig(t);
    client.write(query('insert'));
    await recorder.recordUntil('statement');
    await until('server', 'insert');
    server.once('end', () => server.end(backend(...answered)));
    client.destroy();
    const last = await recorder.recordUntil('session_closed');
    await closed;
    assert.equal(last.type === 'session_closed' && last.reason, 'client lost');
    const outcome = recorder.entries.find((body) => body.type === 'outcome');
    assert.equal(outcome?.outcome, 'completed');
  });

  it('calls an outcome unknown when Postgres is lost, and tells the client', async (t) => {
    const { client, server, recorder, until, closed } = await rig(t);
    client.write(query('insert'));
    await recorder.recordUntil('statement');
    await until('server', 'insert');
    server.destroy();
    await recorder.recordUntil('session_closed');
    await closed;
    await until('client', '08006');
    const outcome = recorder.entries.find((body) => body.type === 'outcome');
    assert.equal(outcome?.outcome, 'unknown');
  });

  it('ends only the session in which the gateway itself fails, and says so', async (t) => {
    const { client, recorder, until, closed } = await rig(t);
    recorder.refusal = new RangeError('a bug');
    client.write(query('select 1'));
    await recorder.recordUntil('session_closed');
    await until('client', 'XX000');
    await closed;
  });

  it('ends a session whose entries cannot be recorded, without forwarding or revealing', async (t) => {
    const { client, server, recorder, received, closed, until } = await rig(t);
    const cut = once(server, 'end');
    client.write(query('select 1'));
    await recorder.appended();
    recorder.record(new Halt('58030', 'the disk failed'));
    await until('client', '58030');
    await closed;
    await cut;
    assert.equal(received.server, '');
  });

  it('refuses new work while there is no room for it, and goes on when there is', async (t) => {
    const { client, recorder, received, until } = await rig(t);
    recorder.refusal = new Refusal('53100', 'the disk is full');
    client.write(query('select 1'));
    await until('client', '53100');
    assert.match(received.client, /^E.*ERROR.*53100.*I$/s);
    recorder.refusal = undefined;
    client.write(query('select 2'));
    await recorder.recordUntil('statement');
    await until('server', 'select 2');
    assert.doesNotMatch(received.server, /select 1/);
  });

  it('tells a session that is ended from outside why', async (t) => {
    const { server, recorder, drive, until, closed } = await rig(t);
    server.once('end', () => server.end());
    drive.terminate(new Termination('57P01', 'shutting down'), { reason: 'gateway shut down' });
    await until('client', '57P01');
    const last = await recorder.recordUntil('session_closed');
    await closed;
    assert.equal(last.type === 'session_closed' && last.reason, 'gateway shut down');
  });

  it('stops reading from Postgres while the client does not read', async (t) => {
    const { client, server, recorder, until } = await rig(t);
    client.write(query('select'));
    await recorder.recordUntil('statement');
    await until('server', 'select');
    client.pause();
    const row = encodeBackend({ type: 'dataRow', values: [new Uint8Array(60_000)] }).finish();
    let sent = 0;
    const recording = setInterval(() => recorder.record(), 1);
    t.after(() => clearInterval(recording));
    // Far more than the kernel's buffers on four sockets hold: writing must come to a stand.
    while (sent < 4096 && server.write(row)) {
      sent += 1;
      await turns(1);
    }
    await turns(200);
    assert.ok(server.writableLength > 0 || sent < 4096, `${sent} rows were taken`);
    assert.ok(sent < 4096);
  });

  it('holds a message until it is certain what it means, also when the client leaves', async (t) => {
    const { client, server, recorder, received, until } = await rig(t);
    const sync = { type: 'sync' } as const;
    const parse = { type: 'parse', name: text('a'), sql: text('select 1'), parameterTypes: [] } as const;
    const execute = { type: 'execute', portal: text(''), maxRows: 0 } as const;
    const bind = {
      type: 'bind',
      portal: text(''),
      statement: text('a'),
      parameterFormats: [],
      parameters: [],
      resultFormats: [],
    } as const;
    client.end(frontend(parse, sync, bind, execute, sync));
    await recorder.appended();
    recorder.record();
    await until('server', 'select 1');
    await turns(20);
    assert.equal(received.server.length, frontend(parse, sync).length);
    server.write(backend({ type: 'parseComplete' }, { type: 'readyForQuery', status: 'I' }));
    await recorder.appended();
    const all = Buffer.from(frontend(parse, sync, bind, execute, sync)).toString('latin1');
    while (received.server.length < all.length) {
      recorder.record();
      await turns(5);
    }
    assert.equal(received.server, all);
  });

  it('has what waits for the catalog arrive when that is read, and not before', async (t) => {
    const guard = new ScriptedGuard();
    guard.isStale = guard.catalogIsStale = true;
    const read = Promise.withResolvers<void>();
    const { client, drive, recorder, received, until } = await rig(t, guard, {
      ...askNobody,
      readCatalog: () => read.promise,
    });
    await drive.arrived();
    client.write(query('select 1'));
    await turns(20);
    let hasArrived = false;
    const arrived = drive.arrived().then(() => {
      hasArrived = true;
    });
    await turns(20);
    assert.deepEqual([hasArrived, received.server, recorder.waiting], [false, '', []]);
    guard.isStale = false;
    read.resolve();
    await arrived;
    assert.ok(recorder.waiting.includes('statement'), 'it is on record before a cancel request is');
    recorder.record();
    await until('server', 'select 1');
  });

  it('records as refused what waits for people when it ends, however it does', async (t) => {
    const shutDown = new Termination('57P01', 'the gateway is shutting down');
    for (const end of [
      ({ server }: Rig) => server.end(),
      ({ drive }: Rig) => drive.terminate(shutDown, { reason: 'gateway shut down' }),
    ]) {
      const all = await rig(t, new ScriptedGuard());
      const { client, server, recorder, received } = all;
      client.write(query('ask'));
      await recorder.recordUntil('decision');
      await turns(20);
      end(all);
      server.end();
      const outcome = await recorder.recordUntil('outcome');
      assert.equal(outcome.type === 'outcome' && outcome.outcome, 'refused');
      await recorder.recordUntil('session_closed');
      await all.closed;
      assert.equal(recorder.entries.filter(({ type }) => type === 'outcome').length, 1);
      assert.equal(received.server, '');
    }
  });

  it('does not outlive its end by more than it takes to say good-bye, whatever the server does', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { client, recorder, drive, closed, until } = await rig(t);
    client.write(query('select pg_sleep(1e6)'));
    await recorder.appended();
    recorder.record();
    await until('server', 'pg_sleep');
    client.destroy();
    await turns(50);
    drive.terminate(new Termination('57P01', 'the gateway is shutting down'), { reason: 'gateway shut down' });
    t.mock.timers.tick(5_000);
    await recorder.appended();
    recorder.record();
    await closed;
  });
});
