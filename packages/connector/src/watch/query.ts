import { backendTag, decodeBackend, encodeFrontend, errorFieldText, Framer, Reader } from '@onrecord/wire';
import type { UpstreamStream } from '../dial-postgres.ts';
import type { Rows } from './poll.ts';

/** The server refused a query, or the session is over. */
export class QueryError extends Error {
  /** Undefined when the session ended. */
  readonly sqlstate: string | undefined;

  constructor(message: string, sqlstate?: string) {
    super(message);
    this.name = 'QueryError';
    this.sqlstate = sqlstate;
  }
}

/** A row of what the watch asks for is short; an answer of all of them is below this, or the server is not one to trust. */
const maxMessageBytes = 1024 * 1024;
const maxAnswerBytes = 64 * 1024 * 1024;
const headerBytes = 5;

interface Asked {
  readonly results: (string | null)[][][];
  bytes: number;
  failure: QueryError | undefined;
  readonly resolve: (results: readonly Rows[]) => void;
  readonly reject: (error: QueryError) => void;
}

/**
 * A session of Postgres that asks fixed queries, one after the other, and takes answers as text. Owns the stream from
 * the turn in which it was opened.
 */
export class QuerySession {
  readonly #stream: UpstreamStream;
  readonly #framer = new Framer({ streams: () => false, maxHeldBytes: () => maxMessageBytes });
  readonly #waiting: Asked[] = [];
  readonly #ended: (reason: string) => void;
  #over: string | undefined;

  /** `ended` is told once why the session is over, unless `close` was called. */
  constructor(stream: UpstreamStream, ended: (reason: string) => void) {
    this.#stream = stream;
    this.#ended = ended;
    stream.socket
      .on('error', (error: NodeJS.ErrnoException) => this.#end(`the connection broke: ${error.code ?? error.message}`))
      .on('close', () => this.#end('the server closed the connection'))
      .on('data', (chunk: Uint8Array) => this.#take(chunk));
    if (stream.rest.length > 0) this.#take(stream.rest);
    stream.socket.resume();
  }

  /** The rows of each statement of a simple query. Rejects with a QueryError. */
  query(sql: string): Promise<readonly Rows[]> {
    if (this.#over !== undefined) return Promise.reject(new QueryError(this.#over));
    this.#stream.socket.write(encodeFrontend({ type: 'query', sql: Buffer.from(sql) }).finish());
    return new Promise((resolve, reject) => {
      this.#waiting.push({ results: [], bytes: 0, failure: undefined, resolve, reject });
    });
  }

  /** Says goodbye. Queries that are under way are rejected. */
  close(): void {
    if (this.#over !== undefined) return;
    this.#stop('the session was closed');
    this.#stream.socket.end(encodeFrontend({ type: 'terminate' }).finish());
  }

  /** Ends it without a word, for a server that does not answer. */
  abandon(reason: string): void {
    this.#end(reason);
  }

  #take(chunk: Uint8Array): void {
    if (this.#over !== undefined) return;
    try {
      this.#framer.push(chunk);
      while (this.#over === undefined && this.#framer.next()) this.#message();
    } catch (error) {
      this.#end(error instanceof Error ? error.message : String(error));
    }
  }

  #message(): void {
    const { tag, bytes, start, end } = this.#framer;
    const body = new Reader(bytes, start + headerBytes, end);
    const asked = this.#waiting[0];
    if (tag === backendTag.errorResponse) {
      const failure = failureOf(tag, body);
      if (asked === undefined) this.#end(failure.message);
      else asked.failure ??= failure;
      return;
    }
    if (asked === undefined) return;
    asked.bytes += end - start;
    if (asked.bytes > maxAnswerBytes) this.#end(`the answer to a query is over ${maxAnswerBytes} bytes`);
    else if (tag === backendTag.rowDescription) asked.results.push([]);
    else if (tag === backendTag.dataRow) asked.results.at(-1)?.push(body.list((fields) => textOf(fields.value())));
    else if (tag === backendTag.readyForQuery) this.#answer(asked);
  }

  #answer({ failure, results, resolve, reject }: Asked): void {
    this.#waiting.shift();
    if (failure === undefined) resolve(results);
    else reject(failure);
  }

  #end(reason: string): void {
    if (this.#over !== undefined) return;
    // A FATAL is an answer that says more than the end of the connection behind it.
    this.#stop(this.#waiting[0]?.failure?.message ?? reason);
    this.#stream.socket.destroy();
    this.#ended(this.#over ?? reason);
  }

  #stop(reason: string): void {
    this.#over = reason;
    for (const { reject } of this.#waiting.splice(0)) reject(new QueryError(reason));
  }
}

function failureOf(tag: number, body: Reader): QueryError {
  const decoded = decodeBackend(tag, body);
  if (decoded.type !== 'errorResponse') return new QueryError('the server sent an error that cannot be read');
  const sqlstate = errorFieldText(decoded.fields, 'sqlstate') ?? 'XX000';
  return new QueryError(`${errorFieldText(decoded.fields, 'message') ?? 'error'} (SQLSTATE ${sqlstate})`, sqlstate);
}

function textOf(value: Uint8Array | null): string | null {
  return value === null ? null : Buffer.from(value).toString();
}
