/** There is no link to a gateway. The message says why in words, for the operator, and holds no secret. */
export class LinkError extends Error {
  /** Trying again helps only when somebody has done something. */
  readonly final: boolean;

  constructor(message: string, { final = false, cause }: { readonly final?: boolean; readonly cause?: unknown } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'LinkError';
    this.final = final;
  }
}
