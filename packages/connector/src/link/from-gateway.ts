import { ProtocolError } from '@onrecord/wire';
import { z } from 'zod';
import type { FromGateway } from './messages.ts';

const base64 = z.base64();
const whole = z.int().nonnegative();

const message: z.ZodType<FromGateway> = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('enrolled'),
    connector: z.string(),
    certificate: z.string(),
    authority: z.string(),
    notAfter: z.number(),
  }),
  z.object({ type: z.literal('refused'), reason: z.string(), final: z.boolean() }),
  z.object({
    type: z.literal('welcome'),
    spares: whole,
    refused: z.array(z.object({ connection: z.string(), reason: z.string() })),
  }),
  z.object({
    type: z.literal('open'),
    connection: z.string(),
    database: z.string().optional(),
    identity: z.string(),
    groups: z.array(z.string()),
    parameters: z.array(z.tuple([z.string(), base64])),
    timeoutMs: whole,
  }),
  z.object({ type: z.literal('renewed'), id: whole, certificate: z.string(), notAfter: z.number() }),
  z.object({
    type: z.literal('request'),
    id: whole,
    ask: z.discriminatedUnion('type', [
      z.object({ type: z.literal('cancel'), backendPid: z.int(), connection: z.string() }),
      z.object({ type: z.literal('doctor'), connection: z.string() }),
    ]),
  }),
  z.object({ type: z.literal('watch ack'), seq: whole }),
  z.object({ type: z.literal('cancel elsewhere'), pid: z.int(), key: base64, client: z.string() }),
  z.object({ type: z.literal('ping') }),
  z.object({ type: z.literal('pong') }),
]);

/** A message of a gateway, checked. Throws a ProtocolError that names what is wrong and quotes nothing. */
export function decodeFromGateway(value: { readonly type: string }): FromGateway {
  const checked = message.safeParse(value);
  if (checked.success) return checked.data;
  const path = checked.error.issues[0]?.path.join('.') ?? '';
  throw new ProtocolError(`a message of the gateway (${value.type.slice(0, 40)}) is malformed: ${path}`);
}
