import type { Body } from '@onrecord/record';
import type { Config } from '../config/config.ts';
import type { State } from '../store/state.ts';
import type { ForeignCancel, WatchSink } from './connector-gate.ts';

export interface ConnectorsOptions {
  readonly config: Config;
  readonly state: State;
  /** Wall-clock microseconds since 1970. */
  readonly nowUs: () => number;
  /** Resolves when the entries are on disk, in this order, in the gateway's own chain. */
  readonly append: (bodies: readonly Body[]) => Promise<void>;
  /** Resolves when what commands did before now is on the record, and in force (the outbox). */
  readonly settle: () => Promise<void>;
  readonly watch: WatchSink;
  /** A cancel request that came to another gateway: cancels the session when it is one of ours. */
  readonly cancel: (cancel: ForeignCancel) => void;
  /** What an operator reads. */
  readonly log: (message: string) => void;
}
