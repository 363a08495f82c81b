import type { FromConnector } from '@onrecord/connector/link';
import { ProtocolError } from '@onrecord/wire';
import { z } from 'zod';
import type { WatchEvent } from './connector-gate.ts';

const whole = z.int().nonnegative();
const base64 = z.base64();
/** What goes into log lines and entries as it is. */
const word = z.string().regex(/^[\x21-\x7e]{1,255}$/);
/** As the configuration takes it: 63 bytes. */
const connection = z.string().min(1).max(63);
/** Microseconds since 1970. */
const time = whole;
const text = z.string().max(65_536);
/** Names of Postgres, which cuts them at 63 bytes by default, addresses and paths. */
const name = z.string().max(1_024);
/** What may stand in a line of the log; nobody reads more of it. */
const line = text.transform((written) => written.slice(0, 1_024).replace(/[^\x20-\x7e]/g, '?'));

/** A hello with more is not believed; nor is a server that said more before its first query. */
const maximumConnections = 1_000;
const maximumMessages = 10_000;
/** A cancel key of protocol 3.2 has at most 256 bytes (Postgres manual, BackendKeyData). */
const keyDigits = 344;

/** Counted before any of the items is looked at: each that is wrong costs some microseconds. */
function list<Item>(item: z.ZodType<Item>, maximum: number): z.ZodType<Item[]> {
  return z.array(z.unknown()).max(maximum).pipe(z.array(item));
}

const watchEvent = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('watch started'),
    connection,
    role: name,
    pid: whole,
    everyMs: whole,
    at: time,
    afresh: z.boolean(),
    limits: list(line, 20),
  }),
  z.object({ type: z.literal('watch stopped'), connection, reason: line, at: time }),
  z.object({
    type: z.literal('session seen'),
    connection,
    pid: whole,
    startedAt: time,
    seenAt: time,
    user: name,
    database: name,
    address: name,
    application: name,
    kind: z.enum(['client backend', 'walsender', 'unknown']),
  }),
  z.object({ type: z.literal('session ended'), connection, pid: whole, startedAt: time, lastSeenAt: time }),
  z.object({
    type: z.literal('sessions unseen'),
    connection,
    database: name,
    count: whole,
    fromAt: time,
    untilAt: time,
  }),
  z.object({ type: z.literal('counter reset'), connection, database: text, at: time }),
]) satisfies z.ZodType<WatchEvent>;

const failure = z.union([
  z.object({ type: z.literal('refused'), response: base64, sqlstate: z.string().regex(/^[0-9A-Z]{5}$/) }),
  z.object({ type: z.enum(['unreachable', 'tls']), code: word }),
  z.object({
    type: z.enum(['authentication', 'credential', 'protocol', 'timeout', 'aborted', 'no role', 'no connection']),
  }),
]);

const proof = { publicKey: base64, proof: base64 };

const message: z.ZodType<FromConnector> = z.discriminatedUnion('type', [
  z.object({ type: z.literal('enroll'), link: whole, token: z.string(), ...proof, version: word }),
  z.object({
    type: z.literal('hello'),
    link: whole,
    version: word,
    instance: word,
    host: line.pipe(z.string().min(1).max(255)),
    connections: list(z.object({ name: connection, watched: z.boolean() }), maximumConnections),
  }),
  z.object({ type: z.literal('spare'), link: whole, instance: word }),
  z.object({
    type: z.literal('opened'),
    address: name,
    database: name,
    role: name,
    protocol: whole,
    backendPid: whole,
    parameterStatus: list(base64, maximumMessages),
    notices: list(base64, maximumMessages),
    tls: word.optional(),
    rest: base64,
  }),
  z.object({ type: z.literal('opening') }),
  z.object({ type: z.literal('failed'), failure, message: line }),
  z.object({ type: z.literal('renew'), id: whole, ...proof }),
  z.object({ type: z.literal('result'), id: whole, value: z.unknown() }),
  z.object({ type: z.literal('error'), id: whole, message: line }),
  z.object({ type: z.literal('watch'), seq: whole, event: watchEvent }),
  z.object({ type: z.literal('cancel elsewhere'), pid: z.int(), key: base64.max(keyDigits), client: word }),
  z.object({ type: z.literal('ping') }),
  z.object({ type: z.literal('pong') }),
]);

/** A message of a connector, checked. Throws a ProtocolError that names what is wrong and quotes nothing. */
export function decodeFromConnector(value: { readonly type: string }): FromConnector {
  const checked = message.safeParse(value);
  if (checked.success) return checked.data;
  const path = checked.error.issues[0]?.path.join('.') ?? '';
  const type = JSON.stringify(value.type.slice(0, 40));
  throw new ProtocolError(`a message of the type ${type} is malformed${path === '' ? '' : ` at ${path}`}`);
}
