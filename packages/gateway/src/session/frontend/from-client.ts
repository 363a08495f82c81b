import { type Framer, Reader } from '@onrecord/wire';
import type { GatewayError } from '../../errors.ts';
import { Arrived } from '../arrived.ts';
import { errorResponse } from '../error-response.ts';
import { ExpectedReply } from '../expected-replies.ts';
import { createFrontendFramer } from '../frontend-framer.ts';
import { Gatekeeper } from '../gatekeeper.ts';
import type { OpenStatement } from '../open-statement.ts';
import { readText } from '../read-text.ts';
import type { SessionState } from '../session-state.ts';
import { ToServer } from './to-server.ts';

/**
 * The message of the client that is being taken, with what every kind of message needs for that: one for a session. Each
 * kind has a file here.
 */
export class FromClient {
  readonly state: SessionState;
  readonly framer: Framer;
  /** Statements that have no entry yet. */
  readonly arrived: Arrived;
  readonly server: ToServer;
  /** Undefined in a session without a guard. */
  readonly gatekeeper: Gatekeeper | undefined;
  /** When the message came, by the gateway's monotonic clock, in microseconds. */
  us = 0;
  /** Set when new work must not start, and why. */
  refusal: GatewayError | undefined;
  /** Messages of the extended protocol have come and no Sync behind them: for the server they are a transaction, and may be skipped. */
  inGroup = false;

  constructor(state: SessionState) {
    const { guard, messageBytes } = state.options;
    this.state = state;
    this.framer = createFrontendFramer(messageBytes);
    this.arrived = new Arrived(state);
    this.server = new ToServer(state, this.framer, this.arrived);
    this.gatekeeper = guard === undefined ? undefined : new Gatekeeper(guard, state);
  }

  /** Of the body of the message. */
  reader(): Reader {
    const { bytes, start, end } = this.framer;
    return new Reader(bytes, start + 5, end);
  }

  /** A statement of the message, with its text. `found`: what a glance saw in it. */
  begin(kind: OpenStatement['kind'], sql: Uint8Array, found: number): OpenStatement {
    const statement = this.arrived.begin(kind);
    readText(statement, sql, { found, state: this.state });
    return statement;
  }

  /** True when the message is not to go on: the session refuses new work, or has refused it earlier in the pipeline. */
  refuses(behind: 'ready' | 'go on'): boolean {
    const { state, refusal } = this;
    if (state.refusing) return true;
    if (refusal === undefined || state.skipping) return false;
    this.server.answer(new ExpectedReply('refusal', { error: errorResponse(refusal), behind }));
    if (behind === 'go on') state.refusing = true;
    return true;
  }

  /** The gatekeeper, unless the server skips what comes: that is judged by nobody. */
  get keeper(): Gatekeeper | undefined {
    return this.state.skipping ? undefined : this.gatekeeper;
  }

  /** The message is taken up again when the catalog has been read. */
  awaitCatalog(): 'wait' {
    this.state.held = true;
    this.state.waitsFor = 'catalog';
    return 'wait';
  }
}
