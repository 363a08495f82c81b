import { createHash } from 'node:crypto';

/**
 * The channel binding `tls-server-end-point` of a certificate in DER (RFC 5929, section 4.1): its hash, by the hash
 * function of its own signature, SHA-256 instead of MD5 and SHA-1. Undefined where the signature has none that is known
 * (Ed25519): SCRAM-SHA-256-PLUS cannot be offered then, as in Postgres (be_tls_get_certificate_hash).
 */
export function tlsServerEndPoint(certificate: Uint8Array): Uint8Array | undefined {
  const algorithm = signatureHash(certificate);
  return algorithm === undefined ? undefined : createHash(algorithm).update(certificate).digest();
}

/** Content bytes of object identifiers, in hex. */
const signatures: { readonly [identifier: string]: string } = {
  '2a864886f70d010104': 'sha256', // md5WithRSAEncryption
  '2a864886f70d010105': 'sha256', // sha1WithRSAEncryption
  '2a864886f70d01010e': 'sha224',
  '2a864886f70d01010b': 'sha256',
  '2a864886f70d01010c': 'sha384',
  '2a864886f70d01010d': 'sha512',
  '2a8648ce3d0401': 'sha256', // ecdsa-with-SHA1
  '2a8648ce3d040301': 'sha224',
  '2a8648ce3d040302': 'sha256',
  '2a8648ce3d040303': 'sha384',
  '2a8648ce3d040304': 'sha512',
};

const rsaPss = '2a864886f70d01010a';

const hashes: { readonly [identifier: string]: string } = {
  '2b0e03021a': 'sha256', // SHA-1
  '608648016503040204': 'sha224',
  '608648016503040201': 'sha256',
  '608648016503040202': 'sha384',
  '608648016503040203': 'sha512',
};

/** Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm SEQUENCE { algorithm, parameters }, signature }. */
function signatureHash(certificate: Uint8Array): string | undefined {
  const outer = element(certificate, 0);
  const signed = element(certificate, outer.start);
  const algorithm = element(certificate, signed.end);
  const identifier = element(certificate, algorithm.start);
  const name = hex(certificate, identifier);
  if (name !== rsaPss) return signatures[name];
  // RSASSA-PSS-params ::= SEQUENCE { hashAlgorithm [0] EXPLICIT AlgorithmIdentifier DEFAULT sha1, … }
  const parameters = element(certificate, identifier.end);
  const first = parameters.start < parameters.end ? element(certificate, parameters.start) : undefined;
  if (first?.tag !== 0xa0) return 'sha256';
  return hashes[hex(certificate, element(certificate, element(certificate, first.start).start))];
}

interface Element {
  readonly tag: number;
  /** Where its content stands. */
  readonly start: number;
  readonly end: number;
}

/** The DER element at an offset. Throws a RangeError when it does not fit. */
function element(bytes: Uint8Array, at: number): Element {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tag = view.getUint8(at);
  const short = view.getUint8(at + 1);
  let start = at + 2;
  let length = short;
  if (short >= 0x80) {
    length = 0;
    for (const last = start + (short & 0x7f); start < last; start += 1) length = length * 256 + view.getUint8(start);
  }
  if (start + length > bytes.length) throw new RangeError(`certificate ends within its element at ${at}`);
  return { tag, start, end: start + length };
}

function hex(bytes: Uint8Array, { start, end }: Element): string {
  return Buffer.from(bytes.subarray(start, end)).toString('hex');
}
