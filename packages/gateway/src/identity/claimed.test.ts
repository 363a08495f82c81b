import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StartupParameter } from '@onrecord/wire';
import { Termination } from '../errors.ts';
import { type Claims, takeClaims } from './claimed.ts';

const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

function take(parameters: { readonly [name: string]: string }): Claims {
  return takeClaims(
    Object.entries(parameters).map(([name, value]): StartupParameter => ({ name, value: Buffer.from(value) })),
  );
}

/** What is left of \`options\`; undefined when nothing is. */
function restOf(options: string): string | undefined {
  const rest = take({ options }).parameters.find(({ name }) => name === 'options');
  return rest === undefined ? undefined : Buffer.from(rest.value).toString('utf8');
}

function refused(parameters: { readonly [name: string]: string }): Termination {
  try {
    take(parameters);
  } catch (error) {
    assert.ok(error instanceof Termination);
    return error;
  }
  return assert.fail(`not refused: ${JSON.stringify(parameters)}`);
}

test('run and trace ids are taken out of the options', () => {
  const { claimed, parameters } = take({
    user: 'agent',
    options: `-c onrecord.run_id=run-7 -c onrecord.traceparent=${traceparent}`,
    application_name: 'psql',
  });
  assert.deepEqual(claimed, { runId: 'run-7', traceparent, applicationName: 'psql' });
  assert.deepEqual(
    parameters.map(({ name }) => name),
    ['user', 'application_name'],
  );
});

test('the person whom an agent says it acts for is a claim as well', () => {
  const { claimed, parameters } = take({ options: '-c onrecord.on_behalf_of=ann@example.com' });
  assert.deepEqual(claimed, { onBehalfOf: 'ann@example.com' });
  assert.deepEqual(parameters, []);
  assert.equal(refused({ 'onrecord.on_behalf_of': 'ann\n' }).sqlstate, '22023');
  assert.equal(refused({ 'onrecord.on_behalf_of': 'a'.repeat(257) }).sqlstate, '22023');
});

test('they can be startup parameters themselves', () => {
  const { claimed, parameters } = take({ user: 'agent', 'onrecord.run_id': 'run-7' });
  assert.deepEqual(claimed, { runId: 'run-7' });
  assert.deepEqual(
    parameters.map(({ name }) => name),
    ['user'],
  );
});

test('everything else in the options stays byte for byte', () => {
  assert.equal(restOf('-c work_mem=1MB  -c onrecord.run_id=x\t-c a=b\\ c'), '-c work_mem=1MB  \t-c a=b\\ c');
  assert.equal(restOf('-e --onrecord.run-id=x --search_path=é'), '-e  --search_path=é');
  assert.equal(restOf('-ec ONRECORD.run_id=x'), '-e');
  assert.equal(restOf(' --onrecord.run_id=x '), undefined);
});

test('options without claims are the same bytes, also when they are no text', () => {
  const value = Uint8Array.of(0x2d, 0x63, 0x20, 0x61, 0x3d, 0xff, 0xfe);
  const [parameter] = takeClaims([{ name: 'options', value }]).parameters;
  assert.equal(parameter?.value, value);
  const mixed = Buffer.concat([value, Buffer.from(' -c onrecord.run_id=x')]);
  const [rest] = takeClaims([{ name: 'options', value: mixed }]).parameters;
  assert.deepEqual(Buffer.from(rest?.value ?? []), Buffer.concat([value, Buffer.from(' ')]));
});

test('a run id is text: escaped spaces and letters of any script', () => {
  assert.equal(take({ options: '-c onrecord.run_id=nightly\\ run\\ é' }).claimed.runId, 'nightly run é');
});

test('the last claim holds, and an empty one claims nothing', () => {
  assert.equal(take({ options: '-c onrecord.run_id=a -c onrecord.run_id=b' }).claimed.runId, 'b');
  assert.deepEqual(take({ options: '-c onrecord.run_id=' }).claimed, {});
  assert.deepEqual(take({ options: '-c onrecord.run_id=a -c onrecord.run_id=' }).claimed, {});
});

test('a run id that is too long or not printable is refused, and not shown', () => {
  const lengths = [take({ 'onrecord.run_id': 'x'.repeat(128) }).claimed.runId?.length];
  assert.deepEqual(lengths, [128]);
  for (const value of ['x'.repeat(129), 'a\u001b[31m', 'a\u202eb', 'a\nb', '\u2028']) {
    const error = refused({ 'onrecord.run_id': value });
    assert.equal(error.sqlstate, '22023');
    assert.equal(error.message, 'invalid value for parameter "onrecord.run_id"');
  }
  assert.throws(
    () => takeClaims([{ name: 'onrecord.run_id', value: Uint8Array.of(0x61, 0xff) }]),
    (error: unknown) => error instanceof Termination && error.sqlstate === '22023',
  );
});

test('a traceparent has the form of W3C Trace Context', () => {
  const later = `01${traceparent.slice(2)}-more`;
  for (const value of [traceparent, later]) {
    assert.equal(take({ 'onrecord.traceparent': value }).claimed.traceparent, value);
  }
  const wrong = [
    'x',
    `ff${traceparent.slice(2)}`,
    `${traceparent}-more`,
    traceparent.toUpperCase(),
    traceparent.replace('4bf92f3577b34da6a3ce929d0e0e4736', '0'.repeat(32)),
    traceparent.replace('00f067aa0ba902b7', '0'.repeat(16)),
    ` ${traceparent}`,
    `${later}${'x'.repeat(300)}`,
  ];
  for (const value of wrong) assert.equal(refused({ 'onrecord.traceparent': value }).sqlstate, '22023', value);
});

test('other names of the gateway are refused, with near misses', () => {
  const error = refused({ options: '-c onrecord.runid=x' });
  assert.equal(error.sqlstate, '42704');
  assert.match(error.hint ?? '', /^Did you mean "onrecord\.run_id"\?/);
  assert.equal(
    refused({ 'onrecord.\u001b[31m': 'x' }).message,
    'unrecognized configuration parameter "onrecord.?[31m"',
  );
  assert.equal(refused({ options: '-c onrecord.run_id' }).sqlstate, '42601');
});

test('what the client calls itself is kept up to a bound, and passed on whole', () => {
  const { claimed, parameters } = take({ application_name: 'x'.repeat(1000) });
  assert.equal(claimed.applicationName?.length, 256);
  assert.equal(parameters[0]?.value.length, 1000);
  assert.deepEqual(take({ application_name: '' }).claimed, {});
});
