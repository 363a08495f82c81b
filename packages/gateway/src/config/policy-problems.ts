import { didYouMean, type Problem } from '@onrecord/connector/config';
import { dotted, type YamlSource } from '@onrecord/connector/settings';
import { compileCondition } from '../policy/condition.ts';

/** What is wrong with `policy` beyond its schema: conditions, names, approvers. Reads the raw value, so that other problems do not hide these. */
export function policyProblems(source: YamlSource): readonly Problem[] {
  const rules = (source.value as { readonly policy?: unknown } | null | undefined)?.policy;
  if (!Array.isArray(rules)) return [];
  const seen = new Set<string>();
  return rules.flatMap((rule: unknown, index) => {
    if (typeof rule !== 'object' || rule === null) return [];
    const { name, when, then, approvers } = rule as { readonly [setting: string]: unknown };
    const at = ['policy', index];
    const problems: Problem[] = typeof when === 'string' ? conditionProblem(source, [...at, 'when'], when) : [];
    const wrong = (setting: string, message: string): void => {
      const path = [...at, setting];
      problems.push({ ...source.positionOf(path), path: dotted(path), message });
    };
    if (typeof name === 'string' && seen.has(name)) wrong('name', `there is a rule "${name}" above`);
    if (typeof name === 'string') seen.add(name);
    if (then === 'approve' && approvers === undefined) wrong('approvers', 'is required with `then: approve`');
    if (approvers !== undefined && (then === 'deny' || then === 'allow')) {
      wrong('approvers', `stands only with \`then: approve\`; nobody is asked where it says \`${then}\``);
    }
    return problems;
  });
}

function conditionProblem(source: YamlSource, path: readonly PropertyKey[], when: string): Problem[] {
  if (when === '') return [];
  const compiled = compileCondition(when);
  if (!('problem' in compiled)) return [];
  const { offset, message, unknown } = compiled.problem;
  const hint = unknown === undefined ? '' : among(unknown.name, unknown.known);
  return [{ ...source.positionIn(path, offset), path: dotted(path), message: `${message}${hint}` }];
}

function among(name: string, known: readonly string[]): string {
  const meant = didYouMean(name, known);
  return meant === '' ? `; there are ${known.join(', ')}` : meant;
}
