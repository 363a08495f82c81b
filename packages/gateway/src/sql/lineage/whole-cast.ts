import { type Body, wordsOf } from './tree.ts';

const text = 25;
const varchar = 1043;

/** Types that hold the same texts, whole. */
const targets: { readonly [name: string]: number } = { text, varchar };

/** The type that a cast to `target` makes of a value of type `from` when it keeps it as it is; undefined when it may not. */
export function keepsWhole(from: number | undefined, { names, typmods, arrayBounds, setof }: Body): number | undefined {
  if (from !== text && from !== varchar) return undefined;
  if (typmods !== undefined || arrayBounds !== undefined || setof !== undefined) return undefined;
  const words = wordsOf(names);
  if (words.length === 2 && words[0] !== 'pg_catalog') return undefined;
  return targets[words.at(-1) ?? ''];
}
