import type { TLSSocket } from 'node:tls';
import { DialError } from '@onrecord/connector';
import type { FromConnector, Open, OpenFailed } from '@onrecord/connector/link';
import { type BackendMessage, backendTag, decodeBackend, ProtocolError, Reader } from '@onrecord/wire';
import type { MessageStream } from './message-stream.ts';

/** A spare that has become a session of Postgres. */
export interface OpenedSpare {
  /** Paused. */
  readonly socket: TLSSocket;
  readonly address: string;
  readonly database: string;
  readonly role: string;
  readonly protocol: number;
  readonly backendPid: number;
  readonly parameters: ReadonlyMap<string, string>;
  readonly parameterStatus: readonly Uint8Array[];
  readonly notices: readonly Uint8Array[];
  /** What Postgres has sent already behind its ReadyForQuery. */
  readonly rest: Uint8Array;
}

/** The connection ended before it said anything, or said nothing: another one may do better. */
export class BrokenSpare extends Error {}

/** The connector has no connection of this name any more. */
export class NotServed extends Error {}

/**
 * How long a connector may take to say that it has heard. TCP would find a connection that has silently broken after
 * minutes, and a client waits for seconds.
 */
const hearsMs = 3_000;

/**
 * Has a connector open a session over a spare. Rejects with a DialError, a BrokenSpare or a NotServed. The connection is closed then;
 * a connector that hears of that gives up what it has begun.
 */
export function openOnSpare(spare: MessageStream, open: Open, signal: AbortSignal): Promise<OpenedSpare> {
  return new Promise((resolve, reject) => {
    const done = (): void => {
      clearTimeout(silence);
      signal.removeEventListener('abort', onAbort);
    };
    const fail = (error: Error): void => {
      done();
      spare.close();
      reject(error);
    };
    const onAbort = (): void => fail(givenUp(signal));
    const silence = setTimeout(() => fail(new BrokenSpare(`it said nothing for ${hearsMs} ms`)), hearsMs);
    let heard = false;
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    spare.listen({
      message: (message) => {
        clearTimeout(silence);
        if (message.type === 'opening' && !heard) {
          heard = true;
          return;
        }
        try {
          resolve(takeOver(spare, message));
          done();
        } catch (error) {
          fail(error as Error);
        }
      },
      closed: (end) => fail(end.type === 'malformed' ? malformed(end.reason) : new BrokenSpare(end.reason)),
    });
    if (!spare.closed) spare.send(open);
  });
}

/** Throws what there is instead of a session. */
function takeOver(spare: MessageStream, answer: FromConnector): OpenedSpare {
  if (answer.type === 'failed') throw failed(answer);
  if (answer.type !== 'opened') throw malformed(`it answered "open" with "${answer.type}"`);
  const { address, database, role, protocol, backendPid } = answer;
  const parameterStatus = answer.parameterStatus.map(bytes);
  const notices = answer.notices.map(bytes);
  const parameters = new Map(parameterStatus.map(parameter));
  for (const notice of notices) wholeMessage(notice, backendTag.noticeResponse);
  const rest = Buffer.concat([bytes(answer.rest), spare.release()]);
  const about = { address, database, role, protocol, backendPid };
  return { socket: spare.socket, ...about, parameters, parameterStatus, notices, rest };
}

function parameter(message: Uint8Array): [string, string] {
  const decoded = wholeMessage(message, backendTag.parameterStatus);
  if (decoded.type !== 'parameterStatus') throw malformed('a ParameterStatus is none');
  return [decoded.name, Buffer.from(decoded.value).toString()];
}

/** Tag and length. */
const headerBytes = 5;

/** They go on to the client as they are, so each must be one message, of that kind, and whole inside as well. */
function wholeMessage(message: Uint8Array, tag: number): BackendMessage {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  if (message.length < headerBytes || message[0] !== tag || view.getUint32(1) !== message.length - 1) {
    throw malformed('what it passed on from Postgres is not a whole message');
  }
  try {
    return decodeBackend(tag, new Reader(message, headerBytes));
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw malformed(`what it passed on from Postgres cannot be read: ${error.message}`);
  }
}

function failed({ failure, message }: OpenFailed): Error {
  switch (failure.type) {
    case 'no connection':
      return new NotServed(message);
    case 'refused': {
      const response = bytes(failure.response);
      wholeMessage(response, backendTag.errorResponse);
      return new DialError({ ...failure, response }, message);
    }
    default:
      return new DialError(failure, message);
  }
}

function malformed(what: string): DialError {
  return new DialError({ type: 'protocol' }, `the connector did not keep to the protocol: ${what}`);
}

/** Why there is no time left. */
export function givenUp(signal: AbortSignal): DialError {
  const late = signal.reason instanceof DOMException && signal.reason.name === 'TimeoutError';
  if (late) return new DialError({ type: 'timeout' }, 'the connector could not open a session in time');
  return new DialError({ type: 'aborted' }, 'the session was given up');
}

function bytes(base64: string): Uint8Array {
  return Buffer.from(base64, 'base64');
}
