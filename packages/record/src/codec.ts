import { bodies } from './codec/bodies.ts';
import type { ByteSink } from './codec/byte-sink.ts';
import { ByteSource } from './codec/byte-source.ts';
import { CodecError } from './codec/codec-error.ts';
import { type Layout, readFields, writeFields } from './codec/layout.ts';
import type { Body, Entry, Envelope } from './entry.ts';

/**
 * Bytes of an entry, and back (docs/journal-format.md, "Entry"). Opens no file, reads no clock, computes no hash of its
 * own. An entry has exactly one encoding, and the decoder accepts no other: unknown types and fields, repeated or
 * disordered fields, numbers not in their shortest form and bytes left over are errors.
 */

/** SHA-256 in one shot; given in, because this package computes nothing that a runtime has. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array;

export const hashBytes = 32;

interface NumberedBody {
  readonly type: Body['type'];
  readonly since: number;
  readonly layout: Layout;
}

/** Where an entry stands: its index, and the version of the format that its segment is in. */
export interface EntryPlace {
  readonly index: number;
  readonly version: number;
}

const byNumber: NumberedBody[] = [];
for (const [type, { number, since, layout }] of Object.entries(bodies)) {
  if (byNumber[number] !== undefined) throw new Error(`two types have the number ${number}`);
  byNumber[number] = { type: type as Body['type'], since, layout };
}

/**
 * Appends an entry's bytes to the sink. A value that its field cannot hold (a negative count, a missing property) throws
 * a RangeError or TypeError and leaves half an entry behind: set `sink.at` back.
 */
export function encodeEntry(sink: ByteSink, envelope: Omit<Envelope, 'index'>, body: Body): void {
  const format = bodies[body.type];
  sink.uint(format.number);
  sink.uint(envelope.at);
  sink.uint(envelope.us);
  sink.text(envelope.session);
  sink.uint(envelope.sessionSeq);
  sink.text(envelope.identity);
  sink.uint(envelope.identitySeq);
  sink.raw(hash(envelope.previousInSession));
  sink.raw(hash(envelope.previousOfIdentity));
  writeFields(sink, format.layout, body as unknown as { readonly [name: string]: unknown });
}

/**
 * Decodes one entry that takes up all of `bytes`. One of an earlier version is presented as one of this version: so far
 * they lack only what is optional. Byte fields are views of `bytes`. Throws a CodecError, also for a type or field that the
 * entry's version did not have.
 */
export function decodeEntry(bytes: Uint8Array, { index, version }: EntryPlace, sha256: Sha256): Entry {
  const source = new ByteSource(bytes);
  source.version = version;
  const number = source.uint();
  const format = byNumber[number];
  if (format === undefined) throw new CodecError(`no type has the number ${number}`, 0);
  if (format.since > version) throw new CodecError(`version ${version} has no type with the number ${number}`, 0);
  const at = source.uint();
  const us = source.uint();
  const session = source.text();
  const sessionSeq = source.uint();
  const identity = source.text();
  const identitySeq = source.uint();
  const previousInSession = source.raw(hashBytes);
  const previousOfIdentity = source.raw(hashBytes);
  const body: { [name: string]: unknown } = { type: format.type };
  readFields(source, format.layout, body);
  return {
    index,
    at,
    us,
    session,
    sessionSeq,
    identity,
    identitySeq,
    previousInSession,
    previousOfIdentity,
    hash: sha256(bytes),
    body: body as unknown as Body,
  };
}

function hash(value: Uint8Array): Uint8Array {
  if (value.length !== hashBytes) throw new RangeError(`a hash of ${value.length} bytes`);
  return value;
}
