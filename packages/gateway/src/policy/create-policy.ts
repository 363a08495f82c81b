import { Lru } from '../sql/lru.ts';
import { allowedTables } from './allowed-tables.ts';
import { type Denial, denial } from './denial.ts';
import { factsWithoutStatement, type SubjectFacts, statementFacts, subjectFacts } from './facts.ts';
import type { Controls, JudgedStatement, Policy, PolicySubject, Rule, RuleFacts } from './policy.ts';
import { readOnlyDenials } from './read-only.ts';
import { type Variation, variations } from './variations.ts';
import type { Ask, RuleMatch, Verdict } from './verdict.ts';

/** What a session's policy is made of. */
export interface PolicyParts {
  /** All rules of the configuration, in its order. */
  readonly rules: readonly Rule[];
  /** The controls of the connection, then those of the identity. */
  readonly controls: readonly [connection: Controls, identity: Controls];
  readonly subject: PolicySubject;
}

/** A built-in control: what it denies of a statement. */
type Control = (statement: JudgedStatement) => readonly Denial[];

const allowed: Verdict = { decision: 'allow', matches: [] };

/**
 * The policy of a session; undefined when nothing of it can ever apply. Rules that are false for this subject whatever the
 * statement (`identity.kind == "agent" && …` for a person) are left out. Limits (`rows`, `time`, `rate`) are not in it.
 */
export function createPolicy(parts: PolicyParts): Policy | undefined {
  const about = subjectFacts(parts.subject);
  const rules = rulesFor(parts.rules, about);
  const controls = controlsOf(parts);
  if (rules.length === 0 && controls.length === 0) return undefined;
  return {
    variesBy: variationsOf(rules),
    judge(statement, us) {
      const denials = controls.flatMap((control) => control(statement));
      if (rules.length === 0 && denials.length === 0) return allowed;
      return verdictOf(denials, rules, statementFacts(about, statement, us));
    },
  };
}

function variationsOf(rules: readonly Rule[]): ReadonlySet<Variation> {
  const all = Object.entries(variations) as [Variation, string][];
  return new Set(all.flatMap(([by, name]) => (rules.some(({ uses }) => uses.has(name)) ? [by] : [])));
}

/** What a configuration's rules come to for those who have logged in: most of them do so again. */
const bySubject: WeakMap<readonly Rule[], Lru<readonly Rule[]>> = new WeakMap();
const subjectBounds = { maxEntries: 1_000, maxCharacters: 1_000_000 } as const;

/** The rules that can apply to a session, in their order. */
export function rulesFor(rules: readonly Rule[], about: SubjectFacts): readonly Rule[] {
  const { identity, connection, session } = about.subject;
  const asksForSession = rules.some(({ uses }) => uses.has('session'));
  const kept = bySubject.get(rules) ?? new Lru<readonly Rule[]>(subjectBounds);
  bySubject.set(rules, kept);
  const key = JSON.stringify([identity, connection, asksForSession ? session : null]);
  return kept.get(key, () => {
    const before = factsWithoutStatement(about);
    return rules.filter((rule) => canApply(rule, before));
  });
}

function canApply(rule: Rule, facts: RuleFacts): boolean {
  try {
    return rule.matches(facts);
  } catch {
    // It depends on the statement.
    return true;
  }
}

function controlsOf({ controls, subject }: PolicyParts): readonly Control[] {
  const [connection, identity] = controls;
  const whose = [
    { ...connection, of: `of the connection "${subject.connection.name}"` },
    { ...identity, of: `of the identity "${subject.identity.name}"` },
  ];
  const made: Control[] = [];
  const readOnly = whose.find((candidate) => candidate.readOnly);
  if (readOnly !== undefined) {
    const what = `read_only ${readOnly.of}`;
    made.push(({ analysis }) => readOnlyDenials(analysis, what));
  }
  for (const { tables, of } of whose) {
    if (tables === undefined) continue;
    const list = allowedTables(tables);
    made.push(({ analysis }) => list.denials(analysis, `tables ${of}`));
  }
  return made;
}

function verdictOf(denials: readonly Denial[], rules: readonly Rule[], commands: readonly RuleFacts[]): Verdict {
  let first = denials[0];
  const matches: RuleMatch[] = denials.map(({ match }) => match);
  const asks: Ask[] = [];
  for (const rule of rules) {
    for (const facts of commands) {
      const answer = ask(rule, facts);
      if (answer === false) continue;
      const via = (facts['statement'] as { readonly via: string }).via;
      const then = answer === true ? rule.then : 'deny';
      const match: RuleMatch = { rule: rule.name, then, ...(via === '' ? {} : { via }) };
      matches.push(match);
      if (then === 'deny') first ??= ruleDenial(rule, match, answer);
      else if (then === 'approve' && !asks.some((asked) => asked.rule === rule.name)) asks.push(askOf(rule));
    }
  }
  if (first !== undefined) return { decision: 'deny', matches, error: first.error };
  if (asks.length > 0) return { decision: 'approve', matches, asks };
  return matches.length === 0 ? allowed : { decision: 'allow', matches };
}

/** Whether the rule applies to a command, or why that cannot be told. */
function ask(rule: Rule, facts: RuleFacts): boolean | { readonly why: string } {
  try {
    return rule.matches(facts);
  } catch (error) {
    const { summary, message } = error as Error & { readonly summary?: string };
    return { why: summary ?? message };
  }
}

function ruleDenial(rule: Rule, match: RuleMatch, answer: true | { readonly why: string }): Denial {
  const what = `the policy rule "${rule.name}"`;
  if (answer === true) return denial(match, what, rule.message === undefined ? {} : { hint: rule.message });
  // The reason may quote values of the statement: it is for whoever writes rules (`policy explain`), not for the client.
  return denial(match, what, { detail: 'Its condition could not be evaluated.', cause: new Error(answer.why) });
}

function askOf({ name, approvers, message }: Rule): Ask {
  if (approvers === undefined) throw new Error(`the rule "${name}" has no approvers`);
  return { rule: name, ...approvers, ...(message === undefined ? {} : { message }) };
}
