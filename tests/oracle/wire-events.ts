import { createHash } from 'node:crypto';
import type { Body, Outcome, Statement } from '@onrecord/record';
import { backendTag, frontendTag, Reader } from '@onrecord/wire';
import type { WireMessage } from '../support/wire-client.ts';
import { isMadeOf } from './compare-session.ts';

/** One message that asks for work: Parse, Bind, Execute, Query or FunctionCall, and all that it says. */
type Asked = readonly [what: string, ...content: readonly string[]];

/** The first difference between what a client sent and what is on record of it; `whole`: nothing may be missing. */
export function differenceInSent(
  sent: readonly Uint8Array[],
  bodies: readonly Body[],
  whole: boolean,
): string | undefined {
  const wanted = sent.map(asked).filter((each) => each !== undefined);
  const found = recordedAsked(bodies);
  for (const [at, recorded] of found.entries()) {
    const want = wanted[at];
    if (want === undefined || !same(want, recorded)) return `sent ${show(want)}, on record ${show(recorded)}`;
  }
  if (whole && found.length < wanted.length) return `sent and not on record: ${show(wanted[found.length])}`;
  return undefined;
}

/** The first difference between what a client received and what is on record of it; more may be on record than received. */
export function differenceInReceived(
  received: readonly WireMessage[],
  bodies: readonly Body[],
  whole: boolean,
): string | undefined {
  const wanted = answered(received);
  const found = recordedAnswers(bodies);
  for (const [at, want] of wanted.entries()) {
    if (found[at] !== want) return `answer ${at + 1}: received ${want}, on record ${found[at]}`;
  }
  if (whole && found.length > wanted.length) return `on record and not received: ${found[wanted.length]}`;
  return undefined;
}

function asked(bytes: Uint8Array): Asked | undefined {
  const body = new Reader(bytes, 5);
  switch (bytes[0]) {
    case frontendTag.parse:
      return ['parse', hex(body.cstringBytes()), text(body.cstringBytes())];
    case frontendTag.bind:
      return ['bind', hex(body.cstringBytes()), hex(body.cstringBytes()), digest([body.rest()])];
    case frontendTag.execute:
      return ['execute', hex(body.cstringBytes()), String(Math.max(0, body.int32()))];
    case frontendTag.query:
      return ['query', text(body.cstringBytes())];
    case frontendTag.functionCall:
      return ['call', digest([body.rest()])];
    default:
      return undefined;
  }
}

function recordedAsked(bodies: readonly Body[]): readonly Asked[] {
  const found: Asked[] = [];
  const parts = new Map<number, Uint8Array[]>();
  for (const body of bodies) {
    if (body.type === 'statement_part') parts.set(body.n, [...(parts.get(body.n) ?? []), body.bytes]);
    if (body.type !== 'statement') continue;
    if (body.kind === 'simple') {
      const { index = 0 } = body.position ?? {};
      if (index === 0) found.push(['query', text(body.sql)]);
      else found.push(['query', ...(found.pop()?.slice(1) ?? []), text(body.sql)]);
      continue;
    }
    found.push(...messagesOf(body, parts.get(body.n)));
  }
  return found;
}

function messagesOf(body: Statement, parts: readonly Uint8Array[] | undefined): readonly Asked[] {
  const found: Asked[] = [];
  const { parameters } = body;
  if (body.kind === 'call') return [['call', digest([parameters ?? nothing])]];
  if (body.sql !== undefined) found.push(['parse', hex(body.statementName), text(body.sql)]);
  if (parameters !== undefined || parts !== undefined)
    found.push(['bind', hex(body.portal), hex(body.statementName), digest(parts ?? [parameters ?? nothing])]);
  if (body.kind === 'execute' || body.kind === 'fetch')
    found.push(['execute', hex(body.portal), String(body.maxRows ?? 0)]);
  return found;
}

function same(sent: Asked, recorded: Asked): boolean {
  if (sent[0] !== recorded[0]) return false;
  if (sent[0] === 'query' && recorded.length > 2) return isMadeOf(sent[1] ?? '', recorded.slice(1));
  return sent.length === recorded.length && sent.every((each, at) => each === recorded[at]);
}

/** Results and errors, one line each: how many rows, the digest of all row messages, and how it ended. */
function answered(received: readonly WireMessage[]): readonly string[] {
  const found: string[] = [];
  let rows: Uint8Array[] = [];
  const end = (how: string): void => {
    found.push(answer(rows.length, rows.length === 0 ? '' : digest(rows), how));
    rows = [];
  };
  for (const { tag, bytes } of received) {
    if (tag === backendTag.dataRow || tag === backendTag.copyData) rows.push(bytes);
    if (tag === backendTag.commandComplete) end(text(new Reader(bytes, 5).cstringBytes()));
    if (tag === backendTag.portalSuspended) end('suspended');
    if (tag === backendTag.emptyQueryResponse) end('nothing');
    if (tag === backendTag.errorResponse) end(errorOf(bytes.subarray(5)));
    if (tag === backendTag.functionCallResponse) end(`result ${hex(bytes.subarray(5))}`);
  }
  return found;
}

function recordedAnswers(bodies: readonly Body[]): readonly string[] {
  const found: string[] = [];
  const goingOn = new Set<number>();
  for (const body of bodies) {
    if (body.type === 'server_message' && body.message === 'error') found.push(answer(0, '', errorOf(body.body)));
    if (body.type !== 'outcome') continue;
    // The last outcome of a Query whose statements could not be told apart only says that it is over.
    if (goingOn.has(body.of) && body.outcome === 'completed' && !body.more) continue;
    if (body.more) goingOn.add(body.of);
    const how = howItEnded(body);
    if (how === undefined) continue;
    const rows =
      body.rowCount === 0 ? '' : body.digest === undefined ? digest([body.rows ?? nothing]) : hex(body.digest);
    found.push(answer(body.rowCount, rows, how));
  }
  return found;
}

function howItEnded(body: Outcome): string | undefined {
  if (body.error !== undefined) return errorOf(body.error);
  if (body.outcome === 'suspended') return 'suspended';
  if (body.outcome !== 'completed') return undefined;
  if (body.functionResult !== undefined) return `result ${hex(body.functionResult)}`;
  return body.tag ?? 'nothing';
}

function answer(rows: number, digested: string, how: string): string {
  return `${rows} rows ${digested} ${how}`;
}

/** The record cuts an error that is too large to be held. */
function errorOf(body: Uint8Array): string {
  return `error ${hex(body.subarray(0, comparedBytes))}`;
}

const comparedBytes = 60_000;
const nothing = new Uint8Array(0);

function hex(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? nothing).toString('hex');
}

function text(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? nothing).toString('latin1');
}

function digest(pieces: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return hash.digest('hex');
}

function show(asked: Asked | undefined): string {
  return JSON.stringify(asked)?.slice(0, 300) ?? 'nothing';
}
