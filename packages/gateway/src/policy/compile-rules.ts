import { type ConditionProblem, compileCondition } from './condition.ts';
import type { Rule } from './policy.ts';

/** One entry of `policy:` as it is written; approvers are there if it says `approve`. */
export type RuleSource = Omit<Rule, 'matches' | 'uses'>;

/** Compiles rules in their order; of those whose condition is wrong, says what is. `index` counts from 0. */
export function compileRules(sources: readonly RuleSource[]): {
  readonly rules: readonly Rule[];
  readonly problems: readonly (ConditionProblem & { readonly index: number })[];
} {
  const rules: Rule[] = [];
  const problems: (ConditionProblem & { readonly index: number })[] = [];
  sources.forEach((source, index) => {
    const condition = compileCondition(source.when);
    if ('problem' in condition) problems.push({ ...condition.problem, index });
    else rules.push({ ...source, ...condition });
  });
  return { rules, problems };
}
