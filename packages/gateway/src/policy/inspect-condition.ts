import type { ASTNode } from '@marcbachmann/cel-js';
import { RE2JS } from 're2js';
import type { ConditionProblem } from './condition.ts';
import { celFields, linearMatches } from './environment.ts';
import { knownValues } from './known-values.ts';

/** What a parsed condition uses, and the first thing in it that would go wrong although CEL takes it. */
export interface Inspection {
  readonly uses: ReadonlySet<string>;
  readonly problem: ConditionProblem | undefined;
}

/** Fields that can differ from one run of the same text to the next. */
const changing: ReadonlySet<string> = new Set(['statement.parameters', 'statement.protocol', 'session.inTransaction']);

const variables = celFields as unknown as { readonly [name: string]: { readonly [field: string]: string } };

/** Looks at a condition before its types are checked, and turns each `matches` into one that runs in linear time. */
export function inspectCondition(ast: ASTNode): Inspection {
  const uses = new Set<string>();
  let problem: ConditionProblem | undefined;
  const visit = (node: ASTNode): void => {
    problem ??= problemIn(node);
    const field = fieldOf(node);
    if (field !== undefined) {
      use(field);
      return;
    }
    // The whole of it, or a field that is computed: everything of it may be meant.
    if (node.op === 'id' && Object.hasOwn(variables, node.args)) {
      for (const name of Object.keys(variables[node.args] ?? {})) use({ variable: node.args, name });
    }
    if (node.op === 'rcall' && node.args[0] === 'matches') node.args[0] = linearMatches;
    for (const child of children(node)) visit(child);
  };
  const use = ({ variable, name }: Field): void => {
    uses.add(variable);
    if (changing.has(`${variable}.${name}`)) uses.add(`${variable}.${name}`);
  };
  visit(ast);
  return { uses, problem };
}

interface Field {
  readonly variable: string;
  readonly name: string;
}

/** `statement.kind`, if it is such a thing. */
function fieldOf(node: ASTNode): Field | undefined {
  if (node.op !== '.') return undefined;
  const [variable, name] = node.args;
  if (variable.op !== 'id' || !Object.hasOwn(variables, variable.args)) return undefined;
  return { variable: variable.args, name };
}

function problemIn(node: ASTNode): ConditionProblem | undefined {
  const field = fieldOf(node);
  if (field !== undefined && !Object.hasOwn(variables[field.variable] ?? {}, field.name)) {
    const message = `"${field.variable}" has no field "${field.name}"`;
    const known = Object.keys(variables[field.variable] ?? {});
    return { offset: node.range.end - field.name.length, message, unknown: { name: field.name, known } };
  }
  if (node.op === 'call' && node.args[0] === 'has') {
    return { offset: node.range.start, message: 'has() is always true here: every field is there, texts may be empty' };
  }
  if (node.op === 'rcall' && node.args[0] === 'matches') return patternProblem(node);
  return neverEqual(node);
}

function patternProblem(node: ASTNode & { readonly op: 'rcall' }): ConditionProblem | undefined {
  const [pattern, ...others] = node.args[2];
  if (pattern === undefined || others.length > 0) return undefined;
  const { start } = pattern.range;
  if (pattern.op !== 'value' || typeof pattern.args !== 'string') {
    return { offset: start, message: 'the pattern of matches() must be a text in quotes' };
  }
  try {
    RE2JS.compile(pattern.args);
    return undefined;
  } catch (error) {
    return { offset: start, message: `the pattern is not one of RE2: ${(error as Error).message}` };
  }
}

/** A comparison with a value that the field never has. */
function neverEqual(node: ASTNode): ConditionProblem | undefined {
  if (node.op !== '==' && node.op !== '!=' && node.op !== 'in') return undefined;
  const [left, right] = node.args;
  return wrongValue(left, right) ?? (node.op === 'in' ? undefined : wrongValue(right, left));
}

function wrongValue(side: ASTNode, other: ASTNode): ConditionProblem | undefined {
  const field = fieldOf(side);
  const known = field === undefined ? undefined : knownValues.get(`${field.variable}.${field.name}`);
  if (field === undefined || known === undefined) return undefined;
  for (const value of other.op === 'list' ? other.args : [other]) {
    if (value.op !== 'value' || typeof value.args !== 'string' || known.includes(value.args)) continue;
    const message = `"${field.variable}.${field.name}" is never "${value.args}"`;
    return { offset: value.range.start, message, unknown: { name: value.args, known } };
  }
  return undefined;
}

function children(node: ASTNode): readonly ASTNode[] {
  switch (node.op) {
    case 'value':
    case 'id':
      return [];
    case '.':
    case '.?':
      return [node.args[0]];
    case 'call':
      return node.args[1];
    case 'rcall':
      return [node.args[1], ...node.args[2]];
    case 'map':
      return node.args.flat();
    case '!_':
    case '-_':
      return [node.args];
    default:
      return node.args;
  }
}
