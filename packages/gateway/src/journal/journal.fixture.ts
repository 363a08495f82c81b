import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Body, Chains } from '@onrecord/record';
import type { Journal, JournalClock } from './journal.ts';
import type { Durable, Receipt } from './receipt.ts';

/** A directory that is removed at the end of the test. */
export function temporaryJournal(test: { after(fn: () => void): void }): string {
  const parent = mkdtempSync(join(tmpdir(), 'onrecord-journal-'));
  test.after(() => rmSync(parent, { recursive: true, force: true }));
  return join(parent, 'journal');
}

/** Counts up by a microsecond each time it is asked. */
export function countingClock(): JournalClock {
  let us = 0;
  return { wallUs: () => 1_764_000_000_000_000 + us++, monotonicUs: () => us };
}

export const agent: Chains = { session: '0123456789abcdef', identity: 'billing-agent' };
export const gatewayItself: Chains = { session: '', identity: '' };

export const sessionOpened: Body = {
  type: 'session_opened',
  identityKind: 'agent',
  groups: ['billing'],
  method: 'token',
  credential: 'tok_1',
  connection: 'billing',
  database: 'billing',
  role: 'billing_app',
  upstream: '127.0.0.1:5432',
  backendPid: -7,
  client: '127.0.0.1:50000',
  protocol: 196_608,
  configuration: 'abc',
  durability: 'before-forward',
  claimed: { applicationName: 'psql' },
  parameters: { client_encoding: 'UTF8', server_version: '18.0' },
};

export function statement(n: number, sql = 'SELECT 1'): Body {
  return { type: 'statement', n, kind: 'simple', sql: new TextEncoder().encode(sql), transactionBefore: 'I' };
}

export function outcome(of: number): Body {
  return { type: 'outcome', of, outcome: 'completed', tag: 'SELECT 1', rowCount: 1, rowBytes: 12 };
}

/** Appends and waits until it is settled; throws the error that it was settled with. */
export async function appended(
  journal: Journal,
  chains: Chains,
  bodies: readonly Body[],
  durable: Durable = 'synced',
): Promise<Receipt> {
  const result = await new Promise<Receipt | Error>((resolve) => journal.append(chains, bodies, durable, resolve));
  if (result instanceof Error) throw result;
  return result;
}

/** A turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
