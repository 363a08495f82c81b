import type { Analysis, Command } from '../sql/analysis.ts';
import { noCommand } from '../sql/nothing.ts';
import { compileRules, type RuleSource } from './compile-rules.ts';
import type { Controls, JudgedStatement, PolicySubject, Rule } from './policy.ts';

/** A command that reads nothing and does nothing, but for what is given. */
export function command(given: Partial<Command> = {}): Command {
  return { ...noCommand, ...given };
}

/** A statement of these commands. */
export function judged(
  commands: Partial<Command> | readonly [Partial<Command>, ...Partial<Command>[]] = {},
  more: Partial<Omit<JudgedStatement, 'analysis'>> & { readonly analysis?: Partial<Analysis> } = {},
): JudgedStatement {
  const { analysis, ...rest } = more;
  const [first, ...others] = Array.isArray(commands) ? commands : [commands];
  return {
    sql: 'SELECT',
    protocol: 'simple',
    parameters: [],
    inTransaction: false,
    ...rest,
    analysis: {
      commands: [command(first), ...others.map(command)],
      lineage: { outputs: [], probes: new Set(), stores: new Set(), touches: new Set() },
      effects: [],
      unresolved: [],
      ...analysis,
    },
  };
}

/** Compiled rules; throws where one is wrong. */
export function rulesOf(...sources: readonly RuleSource[]): readonly Rule[] {
  const { rules, problems } = compileRules(sources);
  if (problems.length > 0) throw new Error(problems.map(({ message }) => message).join('; '));
  return rules;
}

/** Controls that control nothing. */
export const noControls: Controls = {
  readOnly: false,
  tables: undefined,
  rows: undefined,
  timeMs: undefined,
  rate: undefined,
};

/** An agent on the connection `billing`. */
export const agentSubject: PolicySubject = {
  identity: { name: 'billing-agent', kind: 'agent', groups: ['agents'], onBehalfOf: undefined, method: 'token' },
  connection: { name: 'billing', database: 'billing', role: 'billing_app' },
  session: { client: '10.0.0.7:5000', application: 'bot', runId: undefined },
};
