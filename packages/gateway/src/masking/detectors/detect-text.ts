import type { ActiveDetector } from '../active-masks.ts';
import { builtInDetectors } from './detector.ts';
import { replaceFound } from './replace-found.ts';

const all: readonly ActiveDetector[] = Object.values(builtInDetectors).map((detector) => ({
  detector,
  action: 'redact',
}));

const noHash = (): never => {
  throw new Error('no detector in this list hashes');
};

/** A recorded text (SQL, a parameter) with what any of the built-in detectors finds replaced by its name: `[card]`. */
export function detectText(text: Uint8Array): Uint8Array {
  const replaced = replaceFound(text, 0, text.length, { detectors: all, hmac: noHash, tell: () => {} });
  return replaced ?? text;
}
