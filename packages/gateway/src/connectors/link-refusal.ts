/** Why a connector is not let in: `reason` goes to the record and to the connector, in words. */
export class LinkRefusal extends Error {
  readonly reason: string;
  /** As its certificate or token names it. */
  readonly connector: string | undefined;
  /** Trying again is of no use until somebody does something. */
  readonly final: boolean;

  constructor(reason: string, options: { readonly connector?: string | undefined; readonly final?: boolean } = {}) {
    super(reason);
    this.name = 'LinkRefusal';
    this.reason = reason;
    this.connector = options.connector;
    this.final = options.final ?? true;
  }
}
