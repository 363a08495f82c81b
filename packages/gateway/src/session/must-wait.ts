import { type Framer, frontendTag } from '@onrecord/wire';
import type { SessionState } from './session-state.ts';
import { glance, glanced } from './sql-glance.ts';
import { untilNul } from './until-nul.ts';

const backslash = 0x5c;
/** Messages that may have to wait until it is certain what they mean. */
const waiting: ReadonlySet<number> = new Set([
  frontendTag.query,
  frontendTag.parse,
  frontendTag.bind,
  frontendTag.execute,
  frontendTag.close,
  frontendTag.functionCall,
]);

/**
 * True when it is not certain what the message means: the name in it, or a text that settings change, depend on answers
 * that are still to come. What is recorded must be what runs, so the message waits for them. Not when the server will answer nothing
 * before it has got more from the client.
 */
export function mustWait(framer: Framer, state: SessionState): boolean {
  const { tag, first, last } = framer;
  if (!waiting.has(tag) || state.expected.isSettled) return false;
  if (!first || state.skipping || state.refusing || state.copyIn !== undefined) return false;
  if (state.discarding && !state.expected.hasCertainSync) return false;
  if (state.effects > 0 && goesByEffects(framer, state)) return true;
  if (tag === frontendTag.functionCall) return false;
  if (!last || readsBySettings(framer)) return true;
  if (tag !== frontendTag.bind && tag !== frontendTag.execute) return false;
  const names = bodyOf(framer);
  const name = untilNul(names);
  if (tag === frontendTag.execute) return !state.portals.isCertain(state.nameKey(name), state.syncs);
  return !state.prepared.isCertain(state.nameKey(untilNul(names.subarray(name.length + 1))), state.syncs);
}

/** True when a statement in front of the message that changes names or settings may change what it means. */
export function goesByEffects(framer: Framer, { options }: SessionState): boolean {
  switch (framer.tag) {
    case frontendTag.bind:
    case frontendTag.execute:
      return true;
    case frontendTag.query:
    case frontendTag.functionCall:
      return options.guard !== undefined;
    case frontendTag.parse:
      // A guard reads its text as well.
      return options.guard !== undefined && bodyOf(framer).some(isNotPlain);
    default:
      return false;
  }
}

/** True when how the message reads depends on settings, and what was sent before may change them. */
function readsBySettings(framer: Framer): boolean {
  const { tag } = framer;
  const body = bodyOf(framer);
  if (tag === frontendTag.query) return looksDifferent(body, glanced.severalStatements | glanced.secret);
  const names = tag === frontendTag.close ? body.subarray(1) : body;
  const name = untilNul(names);
  if (hasNonAscii(name)) return true;
  // Only the text of a Query is taken apart.
  if (tag === frontendTag.parse) return looksDifferent(body, glanced.secret);
  return tag === frontendTag.bind && hasNonAscii(untilNul(names.subarray(name.length + 1)));
}

/** True when settings decide how a text with something of the kind reads: it depends on escapes and on the encoding. */
function looksDifferent(body: Uint8Array, kinds: number): boolean {
  return body.some(isNotPlain) && (glance(body) & kinds) !== 0;
}

function isNotPlain(byte: number): boolean {
  return byte > 0x7f || byte === backslash;
}

function hasNonAscii(name: Uint8Array): boolean {
  return name.some((byte) => byte > 0x7f);
}

function bodyOf({ bytes, start, end }: Framer): Uint8Array {
  return bytes.subarray(start + 5, end);
}
