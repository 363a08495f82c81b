/** Which sessions to look at: those that were open at some time of the range. Everything that is given must hold. */
export interface SessionFilter {
  readonly identity?: string;
  /** Of anybody but this identity. */
  readonly exceptIdentity?: string;
  readonly connection?: string;
  readonly fromUs?: number;
  readonly untilUs?: number;
  readonly open?: boolean;
}
