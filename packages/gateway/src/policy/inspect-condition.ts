import type { ASTNode } from '@marcbachmann/cel-js';
import { RE2JS } from 're2js';
import type { ConditionProblem } from './condition.ts';
import { celFields, ownName } from './environment.ts';
import { knownValues } from './known-values.ts';
import { variations } from './variations.ts';
import { isZone, minuteMethods, zonedMethods } from './zoned-time.ts';

/** What a parsed condition uses, and the first thing in it that would go wrong although CEL takes it. */
export interface Inspection {
  readonly uses: ReadonlySet<string>;
  readonly problem: ConditionProblem | undefined;
}

/** What can differ from one run of the same text to the next, its fields by their names. */
const changing: ReadonlySet<string> = new Set(Object.values(variations));

const variables = celFields as unknown as { readonly [name: string]: { readonly [field: string]: string } };

/**
 * Looks at a condition before its types are checked, and puts methods of ours in the place of those of cel-js: `matches` in
 * linear time, and times in zones.
 */
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
    const ofMinute = isOfMinute(node);
    if (ofMinute) uses.add('time');
    const parts = ofMinute ? node.args[2] : children(node);
    if (isOwn(node)) node.args[0] = ownName(node.args[0]);
    for (const part of parts) visit(part);
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
  return isOwn(node) ? argumentProblem(node) : neverEqual(node);
}

type MethodCall = ASTNode & { readonly op: 'rcall' };

/** A method that is ours, with the one argument that it takes. */
function isOwn(node: ASTNode): node is MethodCall {
  if (node.op !== 'rcall' || node.args[2].length !== 1) return false;
  return node.args[0] === 'matches' || zonedMethods.includes(node.args[0]);
}

/** `time.timestamp.getHours()`: of the time, no more than the minute. */
function isOfMinute(node: ASTNode): node is MethodCall {
  if (node.op !== 'rcall' || !minuteMethods.has(node.args[0])) return false;
  const field = fieldOf(node.args[1]);
  return field?.variable === 'time' && field.name === 'timestamp';
}

/** What it takes is looked at once and kept, so it has to stand there. */
function argumentProblem({ args: [method, , given] }: MethodCall): ConditionProblem | undefined {
  const argument = given[0] as ASTNode;
  const offset = argument.range.start;
  const what = method === 'matches' ? 'pattern' : 'time zone';
  if (argument.op !== 'value' || typeof argument.args !== 'string') {
    return { offset, message: `the ${what} of ${method}() must be a text in quotes` };
  }
  if (method !== 'matches') {
    return isZone(argument.args) ? undefined : { offset, message: `there is no time zone "${argument.args}"` };
  }
  try {
    RE2JS.compile(argument.args);
    return undefined;
  } catch (error) {
    return { offset, message: `the pattern is not one of RE2: ${(error as Error).message}` };
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
