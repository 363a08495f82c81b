import type { Analysis, Sources } from '../sql/analysis.ts';

/**
 * What a text may mean that was prepared before. Postgres looks its names up again when something has changed of what they
 * meant, or the search path; not when there is a table in front of that which was not there.
 */
export function eitherReading(now: Analysis, meant: Analysis | undefined): Analysis {
  if (meant === undefined || meant === now || meant.unresolved.length > 0 || relationsOf(meant) === relationsOf(now))
    return now;
  return eitherOf(now, meant);
}

const relations = new WeakMap<Analysis, string>();

function relationsOf(analysis: Analysis): string {
  const known = relations.get(analysis);
  if (known !== undefined) return known;
  const names = new Set(analysis.commands.flatMap(({ reads, writes }) => [...reads, ...writes]));
  const text = JSON.stringify(Array.from(names).sort());
  relations.set(analysis, text);
  return text;
}

/** A statement that was read with one catalog or with another. */
export function eitherOf(one: Analysis, other: Analysis): Analysis {
  const commands: Analysis['commands'] = [...one.commands, ...other.commands];
  const outputsOfOther = other.lineage.outputs;
  const { outputs } = one.lineage;
  const isAlike = outputs !== 'unknown' && outputsOfOther !== 'unknown' && outputs.length === outputsOfOther.length;
  const either = (part: 'rewrites' | 'given' | 'computes', absent: Sources): Sources =>
    union(one.lineage[part] ?? absent, other.lineage[part] ?? absent);
  return {
    ...one,
    commands,
    effects: [...one.effects, ...other.effects],
    ...(other.isStale === true ? { isStale: true } : {}),
    lineage: {
      probes: union(one.lineage.probes, other.lineage.probes),
      stores: union(one.lineage.stores, other.lineage.stores),
      touches: union(one.lineage.touches, other.lineage.touches),
      rewrites: either('rewrites', nothing),
      given: either('given', nothing),
      computes: either('computes', 'unknown'),
      outputs: isAlike
        ? outputs.map((output, index) => {
            const { sources, plain } = outputsOfOther[index] ?? { sources: 'unknown', plain: false };
            return { ...output, sources: union(output.sources, sources), plain: output.plain && plain };
          })
        : 'unknown',
    },
  };
}

const nothing: Sources = new Set();

function union(one: Sources, other: Sources): Sources {
  return one === 'unknown' || other === 'unknown' ? 'unknown' : new Set([...one, ...other]);
}
