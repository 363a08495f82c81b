import type { ActiveDetector } from '../active-masks.ts';
import { concatBytes } from '../concat-bytes.ts';
import { type Hmac, hexHash } from '../hash-value.ts';
import { partialText } from '../partial.ts';
import { stricterAction } from '../stricter.ts';
import { DetectedText } from './detector.ts';
import { allFeatures, featuresOf } from './feature.ts';

/** Undefined: nothing was found, the value stays. Null: it becomes NULL. */
export type Replaced = Uint8Array | null | undefined;

export interface ReplaceOptions {
  readonly detectors: readonly ActiveDetector[];
  readonly hmac: Hmac;
  /** Told of each thing that was found, by the place of its detector in the list. */
  readonly tell: (detector: number) => void;
  /** Bytes that carry the form of what the text stands in; with one of them in what was found, the value becomes NULL. */
  readonly structure?: ReadonlySet<number>;
}

interface Place {
  readonly start: number;
  readonly end: number;
  readonly detector: number;
}

const utf8 = new TextEncoder();

/** Whether a detector has something to look at in the bytes from `start` to `end`. */
export function mayHold(detectors: readonly ActiveDetector[], features: number): boolean {
  for (const { detector } of detectors) if ((features & detector.needs) === detector.needs) return true;
  return false;
}

/** Replaces what detectors find in a text by what their action makes of it. */
export function replaceFound(bytes: Uint8Array, start: number, end: number, options: ReplaceOptions): Replaced {
  const features = featuresOf(bytes, start, end);
  return mayHold(options.detectors, features) ? replace(bytes.subarray(start, end), features, options) : undefined;
}

/** The same for a text that is decoded already, whatever its bytes are. */
export function replaceFoundIn(text: Uint8Array, options: ReplaceOptions): Replaced {
  return replace(text, allFeatures, options);
}

function replace(text: Uint8Array, features: number, options: ReplaceOptions): Replaced {
  const { detectors } = options;
  const places: Place[] = [];
  const detected = new DetectedText(text);
  for (const [index, { detector }] of detectors.entries()) {
    if ((features & detector.needs) !== detector.needs) continue;
    detector.find(detected, (start, end) => places.push({ start, end, detector: index }));
  }
  if (places.length === 0) return undefined;
  const parts: Uint8Array[] = [];
  let at = 0;
  let isNull = false;
  for (const { start, end, detector } of apart(places, detectors)) {
    options.tell(detector);
    const { action } = detectors[detector] as ActiveDetector;
    const found = text.subarray(start, end);
    if (action === 'null' || found.some((byte) => options.structure?.has(byte) ?? false)) isNull = true;
    parts.push(text.subarray(at, start), replacement(found, detectors[detector] as ActiveDetector, options.hmac));
    at = end;
  }
  return isNull ? null : concatBytes([...parts, text.subarray(at)]);
}

/** In their order; of places that overlap one, under the strictest of their actions. */
function apart(places: Place[], detectors: readonly ActiveDetector[]): Place[] {
  places.sort((a, b) => a.start - b.start || b.end - a.end);
  const disjoint: Place[] = [];
  for (const place of places) {
    const last = disjoint.at(-1);
    if (last === undefined || place.start >= last.end) {
      disjoint.push(place);
      continue;
    }
    const [a, b] = [action(last, detectors), action(place, detectors)];
    const detector = stricterAction(a, b) === a ? last.detector : place.detector;
    disjoint[disjoint.length - 1] = { start: last.start, end: Math.max(last.end, place.end), detector };
  }
  return disjoint;
}

function action({ detector }: Place, detectors: readonly ActiveDetector[]): ActiveDetector['action'] {
  return (detectors[detector] as ActiveDetector).action;
}

function replacement(found: Uint8Array, { detector, action }: ActiveDetector, hmac: Hmac): Uint8Array {
  if (action === 'partial') return partialText(found);
  return action === 'hash' ? hexHash(hmac, found) : utf8.encode(detector.label);
}
