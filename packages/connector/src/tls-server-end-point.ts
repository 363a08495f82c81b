import { createHash } from 'node:crypto';

/** Signature algorithms by OID, with the hash that each is made with; and hashes, which RSASSA-PSS names by themselves. */
const hashes: ReadonlyMap<string, string> = new Map([
  ['1.2.840.113549.1.1.4', 'md5'],
  ['1.2.840.113549.1.1.5', 'sha1'],
  ['1.2.840.113549.1.1.14', 'sha224'],
  ['1.2.840.113549.1.1.11', 'sha256'],
  ['1.2.840.113549.1.1.12', 'sha384'],
  ['1.2.840.113549.1.1.13', 'sha512'],
  ['1.2.840.10045.4.1', 'sha1'],
  ['1.2.840.10045.4.3.1', 'sha224'],
  ['1.2.840.10045.4.3.2', 'sha256'],
  ['1.2.840.10045.4.3.3', 'sha384'],
  ['1.2.840.10045.4.3.4', 'sha512'],
  ['1.3.14.3.2.26', 'sha1'],
  ['2.16.840.1.101.3.4.2.1', 'sha256'],
  ['2.16.840.1.101.3.4.2.2', 'sha384'],
  ['2.16.840.1.101.3.4.2.3', 'sha512'],
]);

const rsassaPss = '1.2.840.113549.1.1.10';
const sequence = 0x30;
const objectIdentifier = 0x06;
const hashAlgorithmField = 0xa0;

/**
 * The channel binding `tls-server-end-point` of a certificate in DER (RFC 5929 section 4.1): its hash, with the hash of
 * its signature, but SHA-256 for MD5 and SHA-1. Undefined where the signature has no one hash (Ed25519): such a
 * certificate cannot be bound to, by Postgres neither (be_tls_get_certificate_hash, backend/libpq/be-secure-openssl.c).
 */
export function tlsServerEndPoint(certificate: Uint8Array): Uint8Array | undefined {
  const hash = signatureHash(certificate);
  if (hash === undefined) return undefined;
  const name = hash === 'md5' || hash === 'sha1' ? 'sha256' : hash;
  return createHash(name).update(certificate).digest();
}

/** Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm AlgorithmIdentifier, signature } (RFC 5280). */
function signatureHash(certificate: Uint8Array): string | undefined {
  const [, algorithm] = children(elementAt(certificate, 0));
  const [oid, parameters] = children(algorithm);
  const name = oidText(oid);
  if (name !== rsassaPss) return name === undefined ? undefined : hashes.get(name);
  // RSASSA-PSS-params ::= SEQUENCE { [0] hashAlgorithm DEFAULT sha1, … } (RFC 4055 section 3.1).
  const field = children(parameters).find((element) => element.tag === hashAlgorithmField);
  if (field === undefined) return 'sha1';
  const [identifier] = children(field);
  const hashOid = oidText(children(identifier)[0]);
  return hashOid === undefined ? undefined : hashes.get(hashOid);
}

interface Element {
  readonly tag: number;
  readonly content: Uint8Array;
  /** Offset behind it. */
  readonly end: number;
}

/** One element of DER; undefined when it is not whole. Lengths of up to four bytes. */
function elementAt(bytes: Uint8Array, at: number): Element | undefined {
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined || first === undefined) return undefined;
  const extra = first < 0x80 ? 0 : first & 0x7f;
  if (first === 0x80 || extra > 4) return undefined;
  let length = extra === 0 ? first : 0;
  for (const byte of bytes.subarray(at + 2, at + 2 + extra)) length = length * 256 + byte;
  const start = at + 2 + extra;
  if (start + length > bytes.length) return undefined;
  return { tag, content: bytes.subarray(start, start + length), end: start + length };
}

function children(element: Element | undefined): readonly Element[] {
  const found: Element[] = [];
  if (element === undefined || (element.tag !== sequence && element.tag !== hashAlgorithmField)) return found;
  for (let child = elementAt(element.content, 0); child !== undefined; child = elementAt(element.content, child.end)) {
    found.push(child);
  }
  return found;
}

function oidText(element: Element | undefined): string | undefined {
  if (element?.tag !== objectIdentifier) return undefined;
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of element.content) {
    arc = arc * 128 + (byte & 0x7f);
    if (byte >= 0x80) continue;
    arcs.push(arc);
    arc = 0;
  }
  const [head = 0, ...rest] = arcs;
  const root = Math.min(2, Math.floor(head / 40));
  return [root, head - root * 40, ...rest].join('.');
}
