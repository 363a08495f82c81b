import type { Analysis, Effect } from '../sql/analysis.ts';
import type { Definitions } from './definitions.ts';
import type { Judged } from './guard.ts';
import { leftBy, MadeTables, undoes } from './made-tables.ts';

/** Follows which tables a session has made in the transaction block that is open, and what it has surely dropped. */
export class OwnTables {
  readonly #definitions: Definitions;
  #made = new MadeTables();
  /** A transaction block is open that nobody has asked to end. */
  #inBlock = false;

  constructor(definitions: Definitions) {
    this.#definitions = definitions;
  }

  get made(): MadeTables {
    return this.#made;
  }

  /** A statement may run from now on. */
  begin(analysis: Analysis): void {
    this.#made = leftBy(this.#made, analysis);
  }

  /** It has. `isAsJudged`: under the settings that it was judged under. */
  completed(analysis: Analysis, { makes }: Judged, { isAsJudged }: { readonly isAsJudged: boolean }): void {
    this.#made = leftBy(this.#made, analysis);
    this.#definitions.completed(analysis);
    if (undoes(analysis)) this.#definitions.undone();
    // Outside of a block it is committed with the end of its Query, or its pipeline.
    if (makes !== undefined && this.#inBlock && isAsJudged) this.#made = this.#made.with(makes);
    for (const effect of analysis.effects) {
      if (effect.type === 'transaction') this.#inBlock = opensBlock(effect.does, this.#inBlock);
    }
  }

  /** The server answered with an error. */
  failed(): void {
    this.#made = this.#made.cleared();
    this.#definitions.undone();
  }

  /** ReadyForQuery. */
  ready(status: string): void {
    this.#inBlock = status === 'T';
    if (!this.#inBlock) this.#made = this.#made.cleared();
  }
}

/** Behind COMMIT AND CHAIN there is one as well; the server says so. */
function opensBlock(does: Extract<Effect, { type: 'transaction' }>['does'], wasOpen: boolean): boolean {
  return does === 'begin' || (wasOpen && !['commit', 'rollback', 'prepare'].includes(does));
}
