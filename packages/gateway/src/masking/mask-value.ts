import { type Hmac, hashValue } from './hash-value.ts';
import type { MaskAction } from './mask.ts';
import { partialText } from './partial.ts';
import type { ValueFamily } from './value-family.ts';

/** What a value of a column becomes: the same for every value, or something made of it. Null is NULL. */
export type ValueMask =
  | { readonly type: 'constant'; readonly value: Uint8Array | null }
  | { readonly type: 'computed'; readonly of: (value: Uint8Array) => Uint8Array | null };

const utf8 = new TextEncoder();
const label = utf8.encode('[masked]');
const jsonLabel = utf8.encode('"[masked]"');
/** The version of jsonb's binary format (jsonb_recv). */
const jsonbLabel = utf8.encode('\u0001"[masked]"');

const nothing: ValueMask = { type: 'constant', value: null };

export interface MaskedType {
  readonly family: ValueFamily;
  /** 0 text, 1 binary; of any other format nothing is known, and every value is NULL. */
  readonly format: number;
  readonly hmac: Hmac;
}

/** What an action does to values of a type (see MaskAction). */
export function valueMask(action: MaskAction, { family, format, hmac }: MaskedType): ValueMask {
  if (format !== 0 && format !== 1) return nothing;
  switch (action) {
    case 'null':
      return nothing;
    case 'redact':
      return { type: 'constant', value: labelOf(family, format) };
    case 'partial':
      return isText(family) ? { type: 'computed', of: partialText } : nothing;
    case 'hash':
      return { type: 'computed', of: (value) => hashValue(value, { family, format, hmac }) };
  }
}

/** Texts of which a part can be shown. */
export function isText(family: ValueFamily): boolean {
  return family === 'text' || family === 'bpchar';
}

function labelOf(family: ValueFamily, format: number): Uint8Array | null {
  if (isText(family)) return label;
  if (family === 'json') return jsonLabel;
  if (family === 'jsonb') return format === 0 ? jsonLabel : jsonbLabel;
  return null;
}
