import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeStartup, ProtocolError, protocolVersion, type StartupPacket } from '@onrecord/wire';
import { Startup, type StartupStep } from './startup.ts';

const bytes = (...packets: StartupPacket[]): Uint8Array =>
  Buffer.concat(packets.map((packet) => encodeStartup(packet).finish()));
const ssl: StartupPacket = { type: 'sslRequest' };
const gss: StartupPacket = { type: 'gssEncRequest' };
const hello: StartupPacket = {
  type: 'startupMessage',
  version: protocolVersion.v3_0,
  parameters: [{ name: 'user', value: Buffer.from('agent') }],
};

function begins(step: StartupStep): string {
  if (step.type !== 'startup') return step.type;
  return `startup of ${step.message.parameters.map(({ name, value }) => `${name}=${Buffer.from(value)}`).join()}`;
}

describe('what stands before a session', () => {
  it('is the same however the bytes are cut', () => {
    const whole = bytes(hello);
    for (let at = 1; at < whole.length; at += 1) {
      const startup = new Startup('off');
      assert.equal(startup.push(whole.subarray(0, at)).type, 'more');
      assert.equal(begins(startup.push(whole.subarray(at))), 'startup of user=agent');
    }
  });

  it('declines TLS and GSSAPI encryption where there are none, one after the other, and goes on', () => {
    const startup = new Startup('off');
    for (const request of [ssl, gss]) {
      const step = startup.push(bytes(request));
      assert.equal(step.type === 'answer' && String.fromCharCode(...step.bytes), 'N');
    }
    assert.equal(begins(startup.push(bytes(hello))), 'startup of user=agent');
  });

  it('goes on with what came behind a request that was declined', () => {
    const startup = new Startup('off');
    assert.equal(startup.push(bytes(ssl, hello)).type, 'answer');
    assert.equal(begins(startup.push()), 'startup of user=agent');
  });

  it('starts TLS when it is offered', () => {
    const step = new Startup('offered').push(bytes(ssl));
    assert.ok(step.type === 'tls' && !step.direct && String.fromCharCode(...(step.answer ?? [])) === 'S');
  });

  it('refuses bytes that came ahead of encryption', () => {
    assert.throws(() => new Startup('offered').push(bytes(ssl, hello)), /unencrypted data after SSL request/);
  });

  it('knows a TLS handshake that nobody asked for', () => {
    const step = new Startup('required').push(new Uint8Array([0x16, 3, 1]));
    assert.ok(step.type === 'tls' && step.direct && step.answer === undefined && step.rest.length === 3);
    assert.throws(() => new Startup('off').push(new Uint8Array([0x16])), ProtocolError);
  });

  it('forgets what was said before encryption', () => {
    const startup = new Startup('offered');
    startup.push(bytes(ssl));
    startup.encrypted();
    assert.equal(begins(startup.push(bytes(hello))), 'startup of user=agent');
    const twice = new Startup('offered');
    twice.push(bytes(ssl));
    twice.encrypted();
    assert.throws(() => twice.push(bytes(ssl)), /unsupported frontend protocol 1234.5679/);
  });

  it('refuses the same request twice, as Postgres does', () => {
    for (const request of [ssl, gss]) {
      const startup = new Startup('off');
      startup.push(bytes(request));
      assert.throws(() => startup.push(bytes(request)), /unsupported frontend protocol 1234/);
    }
  });

  it('hands over a cancel request', () => {
    const key = new Uint8Array(32).fill(7);
    const step = new Startup('off').push(bytes({ type: 'cancelRequest', pid: 9, key }));
    assert.ok(step.type === 'cancel' && step.pid === 9 && Buffer.from(step.key).equals(key));
  });

  it('holds no more than one packet', () => {
    assert.throws(() => new Startup('off').push(new Uint8Array([0, 1, 0, 0])), /invalid length of startup packet/);
    assert.throws(() => new Startup('off').push(Buffer.from('GET / HTTP/1.1')), ProtocolError);
  });

  it('keeps what a client sends ahead of its authentication', () => {
    const step = new Startup('off').push(Buffer.concat([bytes(hello), Buffer.from('more')]));
    assert.equal(step.type === 'startup' && Buffer.from(step.rest).toString(), 'more');
  });
});
