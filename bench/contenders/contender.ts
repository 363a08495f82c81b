import type { Target } from '../../tests/support/target.ts';

export type ContenderName = 'direct' | 'pgbouncer' | 'forwarder' | 'relaxed' | 'before-reveal' | 'before-forward';

/** The gateway in its three durability modes. */
export const gatewayModes: readonly ContenderName[] = ['relaxed', 'before-reveal', 'before-forward'];

/** What pgbench connects to in a run: Postgres, or something in front of it. */
export interface Contender extends Target {
  readonly name: ContenderName;
  /** The process in the middle, whose CPU is counted; undefined for Postgres itself. */
  readonly pid: number | undefined;
  /** Bytes of journal that it has written so far; undefined where it keeps none. */
  readonly journalBytes: (() => number) | undefined;
}

/** Contenders that stop together. */
export interface Started {
  readonly contenders: readonly Contender[];
  stop(): Promise<void>;
}
