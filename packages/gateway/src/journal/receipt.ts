import type { Body, Chains, Durability } from '@onrecord/record';

declare const recorded: unique symbol;

/** Proof that the journal has recorded entries up to `index`. Only the journal makes one. */
export interface Receipt {
  readonly [recorded]: true;
  readonly index: number;
}

/**
 * When an append counts as recorded: `written` to the operating system (survives the gateway's death), or `synced`
 * to disk (survives a power cut).
 */
export type Durable = 'written' | 'synced';

/** The one way in. Implemented by `Journal`; tests use it with an in-memory double. */
export interface Recorder {
  /**
   * Appends entries of one session, in order, as neighbours; their bytes are encoded before `append` returns, so what
   * the bodies refer to may be reused then. `settled` is called exactly once, in the order of appends of the same
   * durability, with a receipt, or with the error that made recording impossible (a Refusal when the disk is full and
   * nothing was lost, a Halt when the journal's state is unknown). It is never called before `append` returns.
   */
  append(chains: Chains, bodies: readonly Body[], durable: Durable, settled: (receipt: Receipt | Error) => void): void;
  /** Throws a Refusal (53100) when new work must not start because the space to record it is not there. */
  admit(): void;
}

/** What each mode asks of a statement before it is forwarded, and of an outcome before it is revealed (DESIGN §3). */
export const durableBefore: { readonly [Mode in Durability]: { readonly forward: Durable; readonly reveal: Durable } } =
  {
    'before-forward': { forward: 'synced', reveal: 'synced' },
    'before-reveal': { forward: 'written', reveal: 'synced' },
    relaxed: { forward: 'written', reveal: 'written' },
  };
