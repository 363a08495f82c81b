/** On whose behalf somebody acted, behind the name of who did. */
import { quotedName } from '../../store/quoted-name.ts';
import type { OnBehalfOf } from '../../store/views.ts';
import { type Line, recorded, span } from './line.ts';

/** Each word with how far it can be believed; two only when the client says another than the issuer. */
export function onBehalfOfWords({ verified, claimed }: OnBehalfOf): readonly (readonly [name: string, how: string])[] {
  return [
    ...(verified === undefined ? [] : ([[quotedName(verified), 'verified']] as const)),
    ...(claimed === undefined || claimed === verified ? [] : ([[quotedName(claimed), 'claimed']] as const)),
  ];
}

/** Characters of a name in a line: a longer one would push out how far it can be believed, and what stands behind that. */
const maximumInLine = 32;

/** ` on behalf of alice (verified)`; nothing when nobody said so. Long names are cut. */
export function onBehalfOfSpans({ verified, claimed }: OnBehalfOf): Line {
  const other = claimed === verified ? undefined : claimed;
  return onBehalfOfWords({ verified: inLine(verified), claimed: inLine(other) }).flatMap(([name, how], at) => [
    span(at === 0 ? ' on behalf of ' : ', ', 'dim'),
    ...recorded(name, how === 'verified' ? 'accent' : undefined),
    span(` (${how})`, 'dim'),
  ]);
}

/** The same as text that is not escaped yet. */
export function onBehalfOfText(who: OnBehalfOf): string {
  const words = onBehalfOfWords(who).map(([name, how]) => `${name} (${how})`);
  return words.length === 0 ? '' : ` on behalf of ${words.join(', ')}`;
}

function inLine(name: string | undefined): string | undefined {
  const characters = [...(name ?? '')];
  return characters.length > maximumInLine ? `${characters.slice(0, maximumInLine).join('')}…` : name;
}
