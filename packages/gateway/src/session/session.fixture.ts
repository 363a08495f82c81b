import { createHash } from 'node:crypto';
import type { Body, Outcome, Statement } from '@onrecord/record';
import { type BackendMessage, encodeBackend, encodeFrontend, type FrontendMessage, Writer } from '@onrecord/wire';
import { Session } from './session.ts';
import type { SessionOptions, SqlReader } from './session-state.ts';
import type { Turn } from './turn.ts';

/** Splits at every `;`: enough for texts without literals. */
export const naiveSql: SqlReader = {
  split(sql) {
    const parts: { start: number; end: number }[] = [];
    let start = 0;
    for (const piece of sql.split(';')) {
      if (piece.trim() !== '') parts.push({ start, end: start + piece.length });
      start += piece.length + 1;
    }
    return parts;
  },
  redact: (sql) => (sql.includes("'hunter2'") ? sql.replace("'hunter2'", "'***'") : undefined),
  effect: (sql) => {
    const prepare = /^prepare (\w+)/i.exec(sql);
    return prepare?.[1] === undefined ? undefined : { type: 'prepare', name: prepare[1] };
  },
  traceparent: (sql) => /traceparent='([^']*)'/.exec(sql)?.[1],
};

export function createSession(options: Partial<SessionOptions> = {}): Session {
  return new Session({
    rows: { max: 3, bytes: 1024 },
    messageBytes: 1 << 20,
    createDigest: () => {
      const hash = createHash('sha256');
      return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest() };
    },
    sql: naiveSql,
    replication: false,
    parameters: new Map(),
    ...options,
  });
}

export function frontend(...messages: FrontendMessage[]): Uint8Array {
  const writer = new Writer();
  for (const message of messages) encodeFrontend(message, writer);
  return writer.finish();
}

export function backend(...messages: BackendMessage[]): Uint8Array {
  const writer = new Writer();
  for (const message of messages) encodeBackend(message, writer);
  return writer.finish();
}

export const text = (value: string): Uint8Array => new TextEncoder().encode(value);
export const readable = (bytes: Uint8Array | undefined): string | undefined =>
  bytes === undefined ? undefined : new TextDecoder().decode(bytes);

/** What a turn says about statements, in a form that a test can read. */
export function summary(turn: Turn): string[] {
  return turn.entries.map(describe);
}

function describe(body: Body): string {
  switch (body.type) {
    case 'statement':
      return describeStatement(body);
    case 'outcome':
      return describeOutcome(body);
    case 'rows':
      return `rows of ${body.of}: ${body.count}`;
    case 'copy_in':
      return `copy in of ${body.of}: ${body.count}`;
    case 'copy_in_ended':
      return `copy in ended of ${body.of}: ${body.failure === undefined ? 'done' : `fail ${readable(body.failure)}`} ${body.messages} messages${body.truncated ? ' truncated' : ''}`;
    case 'statement_part':
      return `part of ${body.n}: ${body.bytes.length}`;
    case 'server_message':
      return `${body.message} after ${body.after ?? 'nothing'}`;
    default:
      return body.type;
  }
}

function describeStatement(body: Statement): string {
  const words = [`${body.n} ${body.kind}`];
  if (body.sql !== undefined) words.push(JSON.stringify(readable(body.sql)));
  if (body.sqlOf !== undefined) words.push(`sql of ${body.sqlOf}`);
  if (body.parametersOf !== undefined) words.push(`parameters of ${body.parametersOf}`);
  if (body.portalOf !== undefined) words.push(`portal of ${body.portalOf}`);
  if (body.position !== undefined) words.push(`${body.position.index + 1}/${body.position.count}`);
  if (body.maxRows !== undefined) words.push(`max ${body.maxRows}`);
  if (body.parts !== undefined) words.push(`in ${body.parts} parts`);
  if (body.redacted) words.push('redacted');
  return words.join(' ');
}

function describeOutcome(body: Outcome): string {
  const words = [`outcome of ${body.of}: ${body.outcome}`];
  if (body.more) words.push('more');
  if (body.tag !== undefined) words.push(body.tag);
  if (body.rowCount > 0) words.push(`${body.rowCount} rows`);
  if (body.truncatedAt !== undefined) words.push(`kept ${body.truncatedAt}`);
  if (body.transactionAfter !== undefined) words.push(body.transactionAfter);
  return words.join(' ');
}
