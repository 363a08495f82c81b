import type { ASTNode, Environment } from '@marcbachmann/cel-js';
import { celEnvironment, celFields, withoutOwnNames } from './environment.ts';
import { inspectCondition } from './inspect-condition.ts';
import type { RuleFacts } from './policy.ts';

/** What is wrong with a condition, and where in it (UTF-16, from 0). */
export interface ConditionProblem {
  readonly offset: number;
  readonly message: string;
  /** A name that does not exist, and those that do. */
  readonly unknown?: { readonly name: string; readonly known: readonly string[] };
}

/** A condition that was checked. */
export interface Condition {
  /** True or false; throws when it cannot be evaluated. */
  readonly matches: (facts: RuleFacts) => boolean;
  /** As `Rule.uses`. */
  readonly uses: ReadonlySet<string>;
}

let environment: Environment | undefined;

/** Checks and compiles a CEL expression that must be true or false. */
export function compileCondition(text: string): Condition | { readonly problem: ConditionProblem } {
  environment ??= celEnvironment();
  try {
    const parsed = environment.parse(text);
    const { problem, uses } = inspectCondition(parsed.ast);
    if (problem !== undefined) return { problem };
    const checked = parsed.check();
    if (!checked.valid) return { problem: problemOf(checked.error) };
    if (checked.type !== 'bool') {
      return { problem: { offset: 0, message: `must be true or false, but is of the type ${checked.type}` } };
    }
    return {
      uses,
      matches: (facts) => {
        const answer: unknown = parsed(facts);
        if (typeof answer === 'boolean') return answer;
        throw new Error('the condition is neither true nor false');
      },
    };
  } catch (error) {
    return { problem: problemOf(error) };
  }
}

interface CelError {
  readonly code?: string;
  readonly summary?: string;
  readonly range?: { readonly start: number };
  readonly node?: ASTNode;
}

function problemOf(error: unknown): ConditionProblem {
  const { code, summary, range, node } = error as CelError;
  const offset = range?.start ?? 0;
  if (code === 'unknown_variable' && node?.op === 'id') {
    const known = Object.keys(celFields);
    return { offset, message: `there is no "${node.args}"`, unknown: { name: node.args, known } };
  }
  const said = summary ?? (error instanceof Error ? error.message : String(error));
  const shown = withoutOwnNames(said).replace('Unexpected token: EOF', 'It ends too early');
  return { offset, message: `is not a condition: ${shown.charAt(0).toLowerCase()}${shown.slice(1)}` };
}
