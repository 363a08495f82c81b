import { bypassAttacksOnMasks } from './bypass-attacks-masks.ts';
import { bypassAttacksMoreOnMasks } from './bypass-attacks-more-masks.ts';
import { furtherAttacksOnRules } from './bypass-attacks-more-rules.ts';
import { bypassAttacksOnRules } from './bypass-attacks-rules.ts';
import type { BypassCase } from './bypass-case.ts';
import { bypassCorpus } from './bypass-corpus.ts';
import { freshBypassesOfMasks } from './bypass-fresh-masks.ts';
import { freshBypassesOfRules } from './bypass-fresh-rules.ts';
import { furtherBypasses } from './bypass-more.ts';
import { furtherShapes } from './bypass-shapes.ts';

/** Ways that were thought of, and those that were found by who looked for them: two halves, as they take minutes each. */
export const bypasses: { readonly known: readonly BypassCase[]; readonly found: readonly BypassCase[] } = {
  known: [...bypassCorpus, ...furtherBypasses, ...furtherShapes],
  found: [
    ...bypassAttacksOnMasks,
    ...bypassAttacksMoreOnMasks,
    ...freshBypassesOfMasks,
    ...bypassAttacksOnRules,
    ...furtherAttacksOnRules,
    ...freshBypassesOfRules,
  ],
};
