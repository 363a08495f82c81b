import { RE2JS } from 're2js';
import type { DetectorName, MaskingRule } from '../masking-rule.ts';
import { findApiKeys } from './api-key.ts';
import { findCards } from './card.ts';
import { findEmails } from './email.ts';
import { feature } from './feature.ts';
import { type Find, type Found, latin1 } from './find.ts';
import { findIbans } from './iban.ts';
import { findNationalIds } from './national-id.ts';
import { findPhones } from './phone.ts';
import { findPrivateKeys } from './private-key.ts';

/** Finds one kind of thing in texts. Takes time in proportion to the text, whatever is in it. */
export interface Detector {
  readonly name: string;
  /** What it becomes with `redact`. */
  readonly label: string;
  /** Features (feature.ts) without which there is nothing to find. */
  readonly needs: number;
  readonly find: (text: DetectedText, found: Found) => void;
}

/** A text in the two forms in which detectors read it, made when they are asked for. */
export class DetectedText {
  readonly bytes: Uint8Array;
  #characters: string | undefined;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** One character a byte, so that places in one are places in the other. */
  get characters(): string {
    this.#characters ??= latin1(this.bytes);
    return this.#characters;
  }
}

/** The detectors that rules name. */
export const builtInDetectors: { readonly [Name in DetectorName]: Detector } = {
  card: builtIn('card', feature.digits13, findCards),
  email: builtIn('email', feature.at, findEmails),
  phone: builtIn('phone', feature.digits6, findPhones),
  iban: builtIn('iban', feature.letter | feature.digits6 | feature.bytes15, findIbans),
  national_id: builtIn('national_id', feature.digits6, findNationalIds),
  api_key: builtIn('api_key', feature.letter | feature.run15, findApiKeys),
  private_key: builtIn('private_key', feature.dash | feature.letter | feature.bytes15, findPrivateKeys),
};

function builtIn(name: DetectorName, needs: number, find: Find): Detector {
  return { name, label: `[${name}]`, needs, find: (text, found) => find(text.characters, found) };
}

type Pattern = MaskingRule['patterns'][number];

const compiled = new WeakMap<Pattern, Detector>();

/** The detector of a rule's pattern (RE2 syntax, over UTF-8). Throws when it is no pattern. */
export function patternDetector(pattern: Pattern): Detector {
  const detector = compiled.get(pattern) ?? compile(pattern);
  compiled.set(pattern, detector);
  return detector;
}

function compile({ name, pattern }: Pattern): Detector {
  const expression = RE2JS.compile(pattern);
  // A label stands in JSON, arrays and composite values; nothing in it may need quotes there.
  const word = name.replaceAll(/[^\w-]+/g, '_');
  const find = ({ bytes }: DetectedText, found: Found): void => {
    // The automaton without captures is three times as fast, and most texts have no match.
    if (!expression.test(bytes)) return;
    const matcher = expression.matcher(bytes);
    while (matcher.find()) if (matcher.end() > matcher.start()) found(matcher.start(), matcher.end());
  };
  return { name, label: `[${word}]`, needs: 0, find };
}
