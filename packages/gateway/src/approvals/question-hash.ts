import { createHash, type Hash } from 'node:crypto';

/** All that an approval binds to. What is not in here may differ between what was approved and what runs. */
export interface BoundQuestion {
  readonly scope: 'statement' | 'session';
  readonly connection: string;
  readonly database: string;
  readonly identity: string;
  readonly onBehalfOf: string | undefined;
  /** The database role in force, `SET ROLE` included. */
  readonly role: string;
  /** Fingerprint of the session's settings that can change what the texts mean: `search_path`, `DateStyle`, … */
  readonly settings: string;
  /** What the catalog says of all that they touch (`boundDefinitions`). */
  readonly definitions: string;
  /** What runs together, in order; none for `session`. */
  readonly statements: readonly BoundStatement[];
}

export interface BoundStatement {
  readonly protocol: 'simple' | 'extended' | 'function call';
  /** The text as the client sent it, not as it is shown; of a function call, its OID. */
  readonly sql: string;
  readonly parameters: readonly BoundParameter[];
}

export interface BoundParameter {
  /** The bytes of Bind; null for NULL. */
  readonly value: Uint8Array | null;
  /** 0 text, 1 binary. */
  readonly format: number;
  /** OID of its type, 0 where nobody has said it. */
  readonly type: number;
}

/** Another one whenever what is hashed, or how, changes: an approval of before covers nothing then. */
const version = 'onrecord question 2';

/**
 * SHA-256, hex, of a canonical form: every text and value with its length in front, every list with its count, so that no
 * two questions have the same bytes. Texts are taken as UTF-16, in which any two strings differ, lone surrogates included.
 */
export function questionHash(question: BoundQuestion): string {
  const hash = createHash('sha256');
  for (const text of [
    version,
    question.scope,
    question.connection,
    question.database,
    question.identity,
    question.role,
    question.settings,
    question.definitions,
  ]) {
    addText(hash, text);
  }
  addOptional(hash, question.onBehalfOf === undefined ? null : utf16(question.onBehalfOf));
  addNumber(hash, question.statements.length);
  for (const { protocol, sql, parameters } of question.statements) {
    addText(hash, protocol);
    addText(hash, sql);
    addNumber(hash, parameters.length);
    for (const { value, format, type } of parameters) {
      addNumber(hash, format);
      addNumber(hash, type);
      addOptional(hash, value);
    }
  }
  return hash.digest('hex');
}

function addText(hash: Hash, text: string): void {
  addBytes(hash, utf16(text));
}

function addOptional(hash: Hash, bytes: Uint8Array | null): void {
  addNumber(hash, bytes === null ? 0 : 1);
  if (bytes !== null) addBytes(hash, bytes);
}

function addBytes(hash: Hash, bytes: Uint8Array): void {
  addNumber(hash, bytes.length);
  hash.update(bytes);
}

/** Eight bytes: a text may be longer than four count, and a format that is none must not look like one that is. */
function addNumber(hash: Hash, value: number): void {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  hash.update(bytes);
}

function utf16(text: string): Uint8Array {
  return Buffer.from(text, 'utf16le');
}
