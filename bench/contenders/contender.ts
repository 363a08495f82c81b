import type { Target } from '../../tests/support/target.ts';

export type ContenderName =
  | 'direct'
  | 'pgbouncer'
  | 'forwarder'
  | 'relaxed'
  | 'before-reveal'
  | 'before-forward'
  | 'relaxed-connector'
  | 'before-forward-connector'
  | ControlledName;

/** Of the measure of controls: an older gateway, and identities of a gateway with rules or masks. */
export type ControlledName = 'before-controls' | 'policy' | 'policy-before-forward' | 'masked' | 'detected';

/** The gateway in its three durability modes. */
export const gatewayModes = ['relaxed', 'before-reveal', 'before-forward'] as const satisfies readonly ContenderName[];

/** The gateway, with a connector between it and Postgres. */
export const connectorModes = [
  'relaxed-connector',
  'before-forward-connector',
] as const satisfies readonly ContenderName[];

/** What pgbench connects to in a run: Postgres, or something in front of it. */
export interface Contender extends Target {
  readonly name: ContenderName;
  /** The processes in the middle, whose CPU is counted; none for Postgres itself. */
  readonly pids: readonly number[];
  /** Bytes of journal that it has written so far; undefined where it keeps none. */
  readonly journalBytes: (() => number) | undefined;
}

/** Contenders that stop together. */
export interface Started {
  readonly contenders: readonly Contender[];
  stop(): Promise<void>;
}
