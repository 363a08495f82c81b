import { calleeNamed, calleeOf } from './call.ts';
import { fieldsOf } from './fields.ts';
import { derived, type Flow, unionOf, unknown, wholeOf } from './flow.ts';
import { columnOf, findColumn, findItem, rowOf, type Scope, starOf } from './scope.ts';
import type { Trace } from './trace.ts';
import { type Body, listOf, untag, wordsOf } from './tree.ts';

/**
 * What a column reference, in an expression, may mean: a column, or a whole row, or a function of a row (`t.f` is
 * `f(t)`). What nothing in scope answers to is unknown.
 */
export function referenceFlow(trace: Trace, scope: Scope, { fields }: Body): Flow {
  const words = wordsOf(fields);
  const last = words.at(-1) ?? '';
  if (last === '') return starFlow(scope, words);
  if (words.length === 1) return nameFlow(scope, last);
  const item = findItem(scope, words.at(-3) ?? '', words.at(-2) ?? '');
  if (item === undefined) return unknown;
  return columnOf(item.shape, last) ?? attributeFlow(trace, rowOf(item), last);
}

function starFlow(scope: Scope, words: readonly string[]): Flow {
  if (words.length === 1) return { sources: wholeOf(starOf(scope)), plain: false };
  const item = findItem(scope, words.at(-3) ?? '', words.at(-2) ?? '');
  return item === undefined ? unknown : rowOf(item);
}

function nameFlow(scope: Scope, name: string): Flow {
  const column = findColumn(scope, name);
  if (column?.sure === true) return column.flow;
  const item = findItem(scope, '', name);
  if (item === undefined) return column?.flow ?? unknown;
  const row = rowOf(item);
  return column === undefined ? row : derived(unionOf([row, column.flow]));
}

/** A function that is written as if it were a field. */
export function attributeFlow(trace: Trace, row: Flow, name: string): Flow {
  const callee = calleeNamed(trace, [name]);
  if (callee.isForeign) trace.given.add(row.sources);
  if (callee.shows === 'arguments') return derived(row.sources);
  trace.touches.add('unknown');
  return unknown;
}

/** `email(t)`, where no function has that name, is `t.email`. */
export function fieldCall(trace: Trace, scope: Scope, call: Body): Flow | undefined {
  const args = listOf(call['args']);
  const words = wordsOf(call['funcname']);
  const reference = untag(args[0], 'ColumnRef');
  if (args.length !== 1 || words.length !== 1 || reference === undefined) return undefined;
  if (calleeOf(trace, call).candidates.length > 0) return undefined;
  const flow = referenceFlow(trace, scope, reference);
  const fields = fieldsOf(trace, flow);
  return fields === undefined ? undefined : columnOf(fields, words[0] ?? '');
}
