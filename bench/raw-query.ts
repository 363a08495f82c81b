import { Socket } from 'node:net';
import { encodeFrontend, Writer } from '@onrecord/wire';
import { Client } from 'pg';
import type { Target } from '../tests/support/target.ts';

/** A session that is logged in, whose bytes nobody decodes: what it takes to read is what the other side takes to send. */
export interface RawSession {
  readonly socket: Socket;
  /** Sends a simple Query. */
  send(sql: string): void;
  /** Sends a query and reads all of its answer; resolves with the number of bytes. */
  read(sql: string): Promise<number>;
  /** The same in the extended protocol, with every column in binary. */
  readBinary(sql: string): Promise<number>;
  close(): void;
}

/** ReadyForQuery outside a transaction. No answer that the bench asks for ends a chunk with these bytes by chance. */
const ready = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);

export async function openRaw(target: Target): Promise<RawSession> {
  const socket = new Socket();
  const { host, port, user, password, database } = target;
  const client = new Client({ host, port, user, password, database, stream: () => socket });
  await client.connect();
  // It takes the end of the connection, which is ours to end, for a fault.
  client.on('error', () => {});
  // From here on the bytes are ours.
  socket.removeAllListeners('data');
  const send = (sql: string): void => void socket.write(new Writer().begin(0x51).cstring(sql).end().finish());
  return {
    socket,
    send,
    read: (sql) => {
      const length = answerLength(socket);
      send(sql);
      return length;
    },
    readBinary: (sql) => {
      const length = answerLength(socket);
      socket.write(extended(sql));
      return length;
    },
    close: () => socket.destroy(),
  };
}

function extended(sql: string): Uint8Array {
  const unnamed = new Uint8Array(0);
  const writer = new Writer();
  encodeFrontend({ type: 'parse', name: unnamed, sql: Buffer.from(sql), parameterTypes: [] }, writer);
  const bind = { portal: unnamed, statement: unnamed, parameterFormats: [], parameters: [], resultFormats: [1] };
  encodeFrontend({ type: 'bind', ...bind }, writer);
  encodeFrontend({ type: 'describe', target: 'portal', name: unnamed }, writer);
  encodeFrontend({ type: 'execute', portal: unnamed, maxRows: 0 }, writer);
  encodeFrontend({ type: 'sync' }, writer);
  return writer.finish();
}

function answerLength(socket: Socket): Promise<number> {
  return new Promise((resolve, reject) => {
    let bytes = 0;
    let tail: Buffer = Buffer.alloc(0);
    const take = (chunk: Buffer): void => {
      bytes += chunk.length;
      tail =
        chunk.length >= ready.length
          ? chunk.subarray(-ready.length)
          : Buffer.concat([tail, chunk]).subarray(-ready.length);
      if (!tail.equals(ready)) return;
      socket.off('data', take).off('close', lost);
      if (bytes < 1_000) reject(new Error(`the query was answered with ${chunk.toString('latin1')}`));
      else resolve(bytes);
    };
    const lost = (): void => reject(new Error(`the connection was closed after ${bytes} bytes of the answer`));
    socket.on('data', take).once('close', lost);
  });
}
