import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ByteSink } from './codec/byte-sink.ts';
import { CodecError } from './codec/codec-error.ts';
import { anyBody, anyEnvelope, bodyArbitraries } from './codec/entry.fixture.ts';
import { formatVersion } from './codec/format-version.ts';
import { decodeEntry, encodeEntry } from './codec.ts';
import type { Body, Entry, Envelope, SessionOpened } from './entry.ts';

const sha256 = (bytes: Uint8Array): Uint8Array => hash('sha256', bytes, 'buffer');

const envelope: Omit<Envelope, 'index'> = {
  at: 1_764_000_000_000_000,
  us: 12,
  session: '0abcdefghjkmnpqr',
  sessionSeq: 3,
  identity: 'billing-agent',
  identitySeq: 70_000,
  previousInSession: new Uint8Array(32).fill(1),
  previousOfIdentity: new Uint8Array(32).fill(2),
};

function encode(of: Omit<Envelope, 'index'>, body: Body): Uint8Array {
  const sink = new ByteSink(16);
  encodeEntry(sink, of, body);
  return sink.view().slice();
}

function decode(bytes: Uint8Array, version = formatVersion): Entry {
  return decodeEntry(bytes, { index: 0, version }, sha256);
}

/** Decodes, or says with which CodecError it does not; anything else that comes out is a bug. */
function attempt(bytes: Uint8Array): 'decoded' | CodecError {
  try {
    decode(bytes);
    return 'decoded';
  } catch (error) {
    assert.ok(error instanceof CodecError, String(error));
    return error;
  }
}

describe('codec', () => {
  for (const [type, arbitrary] of Object.entries(bodyArbitraries)) {
    it(`decodes every ${type} to what was encoded`, () => {
      fc.assert(
        fc.property(anyEnvelope, arbitrary, (of, body) => {
          const bytes = encode(of, body);
          assert.deepEqual(
            plain(decodeEntry(bytes, { index: 9, version: formatVersion }, sha256)),
            plain({ index: 9, ...of, hash: sha256(bytes), body }),
          );
        }),
        { numRuns: 60 },
      );
    });
  }

  it('refuses an entry that was cut short at any byte, or has a byte more', () => {
    fc.assert(
      fc.property(anyBody, (body) => {
        const bytes = encode(envelope, body);
        const longer = new Uint8Array([...bytes, 0]);
        assert.notEqual(attempt(longer), 'decoded');
        for (let length = 0; length < bytes.length; length += 1) {
          const cut = attempt(bytes.subarray(0, length));
          if (cut !== 'decoded') continue;
          // A cut between two fields can leave an entry that is whole, but then it is the encoding of something else.
          const entry = decode(bytes.subarray(0, length));
          assert.deepEqual(encode(entry, entry.body), bytes.slice(0, length));
          assert.notDeepEqual(entry.body, body);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('accepts no second encoding: whatever it decodes from damaged bytes encodes to those bytes', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 3 });
    let decoded = 0;
    fc.assert(
      fc.property(anyBody, damage, (body, changes) => {
        const bytes = encode(envelope, body);
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        if (attempt(bytes) !== 'decoded') return;
        decoded += 1;
        const entry = decode(bytes);
        assert.deepEqual(encode(entry, entry.body), bytes);
      }),
      { numRuns: 3000 },
    );
    assert.ok(decoded > 0);
  });

  it('answers garbage with a CodecError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat({ max: 41 }), (garbage, number) => {
        attempt(garbage);
        // The same behind a sound envelope, where the fields are.
        const start = encode(envelope, { type: 'gateway_stopped', reason: '' });
        attempt(new Uint8Array([number, ...start.subarray(1, start.length - 2), ...garbage]));
      }),
      { numRuns: 3000 },
    );
  });

  it('refuses what it does not know by its place', () => {
    const known = encode(envelope, { type: 'gateway_stopped', reason: 'x' });
    const unknownType = known.slice();
    unknownType[0] = 41;
    assert.match(String(attempt(unknownType)), /no type has the number 41 at byte 0/);
    const unknownField = new Uint8Array([...known, 31 * 4, 0]);
    assert.match(String(attempt(unknownField)), /no field has the key 124 at byte \d+/);
    const twice = new Uint8Array([...known, ...known.subarray(known.length - 3)]);
    assert.match(String(attempt(twice)), /field "reason" out of order/);
    assert.match(String(attempt(known.subarray(0, known.length - 3))), /a required field is missing/);
  });

  it('refuses to encode numbers that are negative, broken or beyond 2^53, and hashes of another length', () => {
    for (const n of [-1, 0.5, Number.NaN, 2 ** 53, Number.POSITIVE_INFINITY]) {
      assert.throws(() => encode(envelope, { type: 'statement_part', n, bytes: new Uint8Array() }), RangeError);
    }
    const short = { ...envelope, previousInSession: new Uint8Array(31) };
    assert.throws(() => encode(short, { type: 'gateway_stopped', reason: 'x' }), RangeError);
    assert.throws(() => encode(envelope, { type: 'gateway_stopped' } as Body), TypeError);
    assert.throws(
      () => encode(envelope, { type: 'server_message', message: 'bogus', body: new Uint8Array() } as unknown as Body),
      RangeError,
    );
  });

  it('takes object identifiers for unsigned numbers', () => {
    const body: Body = {
      type: 'outcome',
      of: 1,
      outcome: 'failed',
      rowCount: 0,
      rowBytes: 0,
      parameterTypes: [-1, 23],
    };
    const read = decode(encode(envelope, body)).body;
    assert.deepEqual(read.type === 'outcome' && read.parameterTypes, [0xffff_ffff, 23]);
  });

  it('refuses a type or a field in an entry of a version that did not have it', () => {
    const session = fc.sample(bodyArbitraries.session_opened, { numRuns: 1, seed: 1 })[0] as SessionOpened;
    const { connector, onBehalfOf, issuer, credentialExpiresAt, ...first } = session;
    const { onBehalfOf: claimedToo, ...claimed } = session.claimed;
    const gap = { type: 'gap', reason: 'x' } as const;
    const old: SessionOpened = { ...first, claimed };
    for (const body of [gap, old]) assert.deepEqual(plain(decode(encode(envelope, body), 1).body), plain(body));
    const later: readonly Body[] = [
      { ...gap, connection: 'billing' },
      { ...old, connector: 'db-eu' },
      { ...old, onBehalfOf: 'alice' },
      { ...old, issuer: 'corp' },
      { ...old, credentialExpiresAt: 7 },
      { ...old, claimed: { onBehalfOf: 'alice' } },
    ];
    for (const body of later) {
      const bytes = encode(envelope, body);
      assert.deepEqual(plain(decode(bytes, 2).body), plain(body));
      assert.throws(() => decode(bytes, 1), /version 1 has no field with the key \d+ at byte \d+/);
    }
    const head = {
      session: '',
      identity: '',
      seq: 1,
      hash: envelope.previousInSession,
      statements: 0,
      openStatements: [],
    };
    const heads: Body = { type: 'heads', identities: [], sessions: [head] };
    assert.deepEqual(plain(decode(encode(envelope, heads), 2).body), plain(heads));
    const latest = encode(envelope, { ...heads, sessions: [{ ...head, unusedApprovals: [{ approval: 'appr_1' }] }] });
    assert.throws(() => decode(latest, 2), /version 2 has no field with the key 30 at byte \d+/);
    assert.deepEqual(typesLackedBy(1), [...since2, ...since3]);
    assert.deepEqual(typesLackedBy(2), since3);
  });

  it('keeps the bytes of an entry as they are: version 1 never changes', () => {
    const body: Body = {
      type: 'outcome',
      of: 300,
      outcome: 'completed',
      tag: 'SELECT 1',
      rowCount: 1,
      rowBytes: 12,
      rows: new Uint8Array([0x44, 0, 0]),
      transactionAfter: 'I',
      completedUs: 2 ** 40,
    };
    assert.equal(
      Buffer.from(encode(envelope, body)).toString('hex'),
      [
        '12', // type 18
        '8080898b948b9103', // at
        '0c', // us
        '103061626364656667686a6b6d6e707172',
        '03',
        '0d62696c6c696e672d6167656e74',
        'f0a204',
        '01'.repeat(32),
        '02'.repeat(32),
        '04ac02', // 1 of
        '0800', // 2 outcome
        '110853454c4543542031', // 4 tag
        '1401', // 5 rowCount
        '180c', // 6 rowBytes
        '2503440000', // 9 rows
        '4800', // 18 transactionAfter
        '54808080808020', // 21 completedUs
      ].join(''),
    );
  });
});

const since2: readonly Body['type'][] = [
  'connector_enrollment_created',
  'connector_enrolled',
  'connector_renewed',
  'connector_connected',
  'connector_disconnected',
  'connector_refused',
  'connector_revoked',
  'watch_started',
  'blind_session',
  'blind_session_ended',
  'blind_sessions_unseen',
];
const since3: readonly Body['type'][] = [
  'decision',
  'approval_requested',
  'approval_evidence',
  'approval_voted',
  'approval_ended',
  'approval_used',
  'masked',
];

/** Types that a reader refuses in an entry of the version. */
function typesLackedBy(version: number): Body['type'][] {
  const bodies = Object.values(bodyArbitraries).map((arbitrary) => fc.sample(arbitrary, { numRuns: 1 })[0] as Body);
  const refused = bodies.filter((body) => {
    try {
      decode(encode(envelope, body), version);
      return false;
    } catch (error) {
      return String(error).includes(`version ${version} has no type`);
    }
  });
  return refused.map(({ type }) => type);
}

/** Byte arrays become plain ones, so that a Buffer equals the Uint8Array with the same content. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return { bytes: [...value] };
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .map(([key, content]) => [key, plain(content)])
    .sort();
}
