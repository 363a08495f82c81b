import type { Decision, Masked, MaskedColumn } from '@onrecord/record';
import { decisionCode } from './codes.ts';
import type { DecisionView, MasksView } from './views.ts';

/** What the policy said, over all that it was asked of one statement: the most restrictive, by every rule that matched. Pure. */
export function decisionView(decisions: readonly Decision[]): DecisionView | undefined {
  const [first, ...others] = decisions;
  if (first === undefined) return undefined;
  const rules = new Map<string, Decision['rules'][number]>();
  for (const rule of decisions.flatMap((each) => each.rules)) {
    rules.set(JSON.stringify([rule.rule, rule.then, rule.via ?? '']), rule);
  }
  const decision = others.reduce(
    (most, { decision: next }) => (decisionCode(next) > decisionCode(most) ? next : most),
    first.decision,
  );
  return { decision, rules: [...rules.values()].map(({ rule, then, via }) => ({ rule, then, via })) };
}

/** What was hidden, over all fetches of a portal: the counts of a column add up. Pure. */
export function masksView(masked: readonly Masked[]): MasksView | undefined {
  if (masked.length === 0) return undefined;
  const columns = new Map<string, MaskedColumn>();
  const detected = new Map<string, Masked['detected'][number]>();
  for (const { columns: more, detected: found } of masked) {
    for (const each of more) added(columns, `${each.column}/${each.action}/${each.rule}`, each);
    for (const each of found) added(detected, `${each.detector}/${each.action}`, each);
  }
  return {
    columns: [...columns.values()].sort((a, b) => a.column - b.column),
    detected: [...detected.values()],
    withheld: masked.reduce((sum, { withheld }) => sum + withheld, 0),
  };
}

function added<Counted extends { readonly values: number }>(
  sums: Map<string, Counted>,
  key: string,
  each: Counted,
): void {
  sums.set(key, { ...each, values: (sums.get(key)?.values ?? 0) + each.values });
}
