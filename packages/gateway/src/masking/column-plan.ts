import type { ActiveDetector } from './active-masks.ts';
import type { ReplaceOptions } from './detectors/replace-found.ts';
import { replaceInValue } from './detectors/replace-in-value.ts';
import type { Hmac } from './hash-value.ts';
import type { ColumnMask, MaskCount } from './mask.ts';
import { type ValueMask, valueMask } from './mask-value.ts';
import type { ValueFamily } from './value-family.ts';

/** What becomes of the values of one column: a mask of its own, or what detectors find in them. Counts as it goes. */
export class ColumnPlan {
  /** Every value becomes this; undefined: it depends on the value. */
  readonly constant: Uint8Array | null | undefined;
  #values = 0;
  readonly #column: number;
  readonly #name: string;
  readonly #mask: ColumnMask | undefined;
  readonly #of: (value: Uint8Array) => Uint8Array | null;
  readonly #form: { readonly family: ValueFamily; readonly format: number };
  readonly #detectors: ReplaceOptions;
  readonly #found: number[];

  constructor({ column, name, mask, family, format, detectors, hmac }: ColumnPlanOptions) {
    this.#column = column;
    this.#name = name;
    this.#mask = mask;
    this.#form = { family, format };
    const masked: ValueMask | undefined = mask && valueMask(mask.action, { family, format, hmac });
    this.constant = masked?.type === 'constant' ? masked.value : undefined;
    this.#of = masked?.type === 'computed' ? masked.of : () => null;
    const found = new Array<number>(detectors.length).fill(0);
    this.#found = found;
    const tell = (detector: number): void => {
      found[detector] = (found[detector] as number) + 1;
    };
    this.#detectors = { detectors, hmac, tell };
  }

  /** The constant, for one more value. */
  takeConstant(): Uint8Array | null | undefined {
    this.#values += 1;
    return this.constant;
  }

  /** What the value from `start` to `end` becomes: undefined when it stays, null for NULL. Not for a constant. */
  replace(bytes: Uint8Array, start: number, end: number): Uint8Array | null | undefined {
    if (this.#mask === undefined) return replaceInValue(bytes, start, end, this.#form, this.#detectors);
    this.#values += 1;
    return this.#of(bytes.subarray(start, end));
  }

  counts(): MaskCount[] {
    const place = { column: this.#column, name: this.#name };
    if (this.#mask !== undefined) return [{ ...place, ...this.#mask, values: this.#values }];
    return this.#found.flatMap((values, index) => {
      const { detector, action } = this.#detectors.detectors[index] as ActiveDetector;
      return values === 0 ? [] : [{ ...place, rule: detector.name, action, values, detected: true as const }];
    });
  }
}

export interface ColumnPlanOptions {
  readonly column: number;
  readonly name: string;
  /** Undefined: detectors look at the values. */
  readonly mask: ColumnMask | undefined;
  readonly family: ValueFamily;
  readonly format: number;
  readonly detectors: readonly ActiveDetector[];
  readonly hmac: Hmac;
}
