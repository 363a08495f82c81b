import type { CopyMask, MaskCount, RowMask } from './mask.ts';

/** What a statement means now, and the mask that follows from it; undefined: nothing is masked. */
export interface Followed<Meaning, Mask> {
  /** Another object when it may be another meaning. */
  readonly means: () => Meaning;
  /** `begun`: some of the answer has gone by. */
  readonly plan: (meaning: Meaning, begun: boolean) => Mask | undefined;
}

/**
 * The mask of an answer as long as it comes: planned anew when what the statement means has changed since. Code that it
 * calls is looked up again for each row.
 */
class Following<Meaning, Mask extends { counts(): readonly MaskCount[] }> {
  readonly #followed: Followed<Meaning, Mask>;
  #meaning: Meaning;
  #mask: Mask | undefined;
  #counted: readonly MaskCount[] = [];
  #begun = false;

  constructor(followed: Followed<Meaning, Mask>) {
    this.#followed = followed;
    this.#meaning = followed.means();
    this.#mask = followed.plan(this.#meaning, false);
  }

  /** The mask for what comes next. */
  next(): Mask | undefined {
    const meaning = this.#followed.means();
    if (meaning !== this.#meaning) {
      this.#counted = this.counts();
      this.#meaning = meaning;
      this.#mask = this.#followed.plan(meaning, this.#begun);
    }
    this.#begun = true;
    return this.#mask;
  }

  counts(): readonly MaskCount[] {
    return added(this.#counted, this.#mask?.counts() ?? []);
  }
}

/** Rows of a statement whose meaning may change while they come. */
export class FollowingRows<Meaning> implements RowMask {
  readonly #following: Following<Meaning, RowMask>;

  constructor(followed: Followed<Meaning, RowMask>) {
    this.#following = new Following(followed);
  }

  rows(bytes: Uint8Array): Uint8Array {
    return this.#following.next()?.rows(bytes) ?? bytes;
  }

  counts(): readonly MaskCount[] {
    return this.#following.counts();
  }
}

/** The same for COPY data. Postgres sends each line as one message, so that a mask may take over between any two. */
export class FollowingCopy<Meaning> implements CopyMask {
  readonly #following: Following<Meaning, CopyMask>;

  constructor(followed: Followed<Meaning, CopyMask>) {
    this.#following = new Following(followed);
  }

  data(bytes: Uint8Array): Uint8Array {
    return this.#following.next()?.data(bytes) ?? bytes;
  }

  end(): Uint8Array {
    return this.#following.next()?.end() ?? nothing;
  }

  counts(): readonly MaskCount[] {
    return this.#following.counts();
  }
}

const nothing = new Uint8Array(0);

/** Both together, one count for each column and rule. */
function added(before: readonly MaskCount[], more: readonly MaskCount[]): readonly MaskCount[] {
  const sum = [...before];
  for (const count of more) {
    const { column, rule, action } = count;
    const at = sum.findIndex((each) => each.column === column && each.rule === rule && each.action === action);
    const known = sum[at];
    if (known === undefined) sum.push(count);
    else sum[at] = { ...count, values: known.values + count.values };
  }
  return sum;
}
