import { isHarmlessOperator } from './call.ts';
import { closed, derived, type Flow, type Named, oneOf, type Shape, unionOf, unknown } from './flow.ts';
import { aliased, fromNode, type Joined } from './from.ts';
import { columnOf, type Item, type Scope, withItems } from './scope.ts';
import { probeAll } from './sources.ts';
import { probe, type Trace } from './trace.ts';
import { type Body, bodyOf, textOf, wordsOf } from './tree.ts';

/** A join; its right side sees its left side where it is LATERAL. Columns of USING come first, once. */
export function joinOf(trace: Trace, scope: Scope, join: Body): Joined {
  const left = fromNode(trace, scope, join['larg']);
  const right = fromNode(trace, withItems(scope, [...scope.items, ...left.items]), join['rarg']);
  if (join['quals'] !== undefined) {
    probeAll(trace, withItems(scope, [...left.items, ...right.items]), [join['quals']]);
  }
  const merged = mergedColumns(trace, join, left.shape, right.shape);
  const names = new Set(merged.map(({ name }) => name));
  const rest = [left, right].flatMap(({ shape }) => shape.columns.filter(({ name }) => !names.has(name)));
  const shape: Shape = { columns: [...merged, ...rest], open: either(left.shape.open, right.shape.open) };
  return inScope(join, { left, right, shape, merged });
}

function either(left: Flow | undefined, right: Flow | undefined): Flow | undefined {
  return left !== undefined && right !== undefined ? derived(unionOf([left, right])) : (left ?? right);
}

/** The column that stands for both: of a full join whichever has a value, otherwise that of the side that always has one. */
function mergedColumns(trace: Trace, join: Body, left: Shape, right: Shape): Named[] {
  const using = join['isNatural'] === true ? common(left, right) : wordsOf(join['usingClause']);
  const isHarmless = using.length === 0 || isHarmlessOperator(trace, ['=']);
  if (!isHarmless) probe(trace, 'unknown');
  return using.map((name) => {
    const ours = columnOf(left, name) ?? unknown;
    const theirs = columnOf(right, name) ?? unknown;
    probe(trace, ours.sources);
    probe(trace, theirs.sources);
    if (!isHarmless) for (const { sources } of [ours, theirs]) trace.given.add(sources);
    const flow = { JOIN_RIGHT: theirs, JOIN_FULL: oneOf([ours, theirs]) }[textOf(join['jointype'])] ?? ours;
    return { name, flow };
  });
}

function common(left: Shape, right: Shape): readonly string[] {
  const names = new Set(right.columns.map(({ name }) => name));
  return left.columns.filter(({ name }) => names.has(name)).map(({ name }) => name);
}

interface Sides {
  readonly left: Joined;
  readonly right: Joined;
  readonly shape: Shape;
  readonly merged: readonly Named[];
}

/** Under an alias only the join can be named; without, its sides can, but their columns are seen through the join. */
function inScope(join: Body, { left, right, shape, merged }: Sides): Joined {
  const { aliasname, colnames } = bodyOf(join['alias']);
  const whole: Item = {
    name: textOf(aliasname),
    relations: [],
    shape: aliased(shape, wordsOf(colnames)),
    visible: true,
  };
  if (whole.name !== '') return { items: [whole], shape: whole.shape };
  const sides = [...left.items, ...right.items].map((item): Item => ({ ...item, visible: false }));
  const using = textOf(bodyOf(join['join_using_alias'])['aliasname']);
  const ofUsing: Item[] = using === '' ? [] : [{ name: using, relations: [], shape: closed(merged), visible: false }];
  return { items: [...sides, ...ofUsing, whole], shape };
}
