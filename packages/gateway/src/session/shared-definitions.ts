import type { Analysis } from '../sql/analysis.ts';
import { nothing } from '../sql/nothing.ts';
import { Definitions, type ReadWith } from './definitions.ts';

/** How many of the last definitions that the catalog has are remembered, for statements that began before it had them. */
const maxPast = 100;

/** Definitions of all sessions on one database that the catalog, as it was read last, may not have. */
export class SharedDefinitions {
  readonly #changed = new Set<Definitions>();
  /** Those that it has by now, the newest last. */
  readonly #past: Definitions[] = [];
  #pastCount = 0;

  /** Some session has defined something. */
  get hasAny(): boolean {
    return this.#changed.size > 0;
  }

  /** Tells a time: how often definitions have come to be in the catalog. */
  get mark(): number {
    return this.#pastCount;
  }

  /** Schemas that a session has made, and those of others that it can see. */
  schemasFor(own: Definitions): readonly string[] {
    const others = Array.from(this.#changed).filter((definitions) => definitions !== own);
    return Array.from(new Set([...own.schemas, ...others.flatMap(({ schemasShown }) => schemasShown)]));
  }

  /** Those of one more session. */
  join(): Definitions {
    return new Definitions(this.#changed, (past) => this.#remember(past));
  }

  #remember(past: Definitions): void {
    this.#past.push(past);
    this.#pastCount += 1;
    if (this.#past.length > maxPast) this.#past.shift();
  }

  /** An analysis as it must be read now, by a session whose own definitions are `own`. */
  cautious(analysis: Analysis, own: Definitions, read?: ReadWith): Analysis {
    const seen = this.cautiousOfOthers(analysis, own);
    return own.changed ? own.cautious(seen, read) : seen;
  }

  /** The same, by what other sessions have defined. `since`: the mark of when the statement began. */
  cautiousOfOthers(analysis: Analysis, own: Definitions, since: number = this.mark): Analysis {
    let seen = analysis;
    for (const definitions of this.#changed) if (definitions !== own) seen = definitions.cautiousOfIt(seen);
    const behind = this.mark - since;
    if (behind === 0) return seen;
    if (behind > this.#past.length) return anything.cautiousOfIt(seen);
    for (const past of this.#past.slice(-behind)) seen = past.cautiousOfIt(seen);
    return seen;
  }
}

/** Nobody knows what was defined. */
const anything = new Definitions(new Set());
anything.begin({ ...nothing, effects: [{ type: 'define', names: undefined }] });
