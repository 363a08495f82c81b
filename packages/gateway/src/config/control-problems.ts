import { didYouMean, type Problem } from '@onrecord/connector/config';
import { dotted, type YamlSource } from '@onrecord/connector/settings';

type Raw = { readonly [name: string]: unknown };

/**
 * Names in `policy`, `masking` and `access` that nothing has, and approvers who are too few: a question to them could
 * never be answered with yes. Reads the raw value, so that other problems do not hide these.
 */
export function controlProblems(source: YamlSource): readonly Problem[] {
  const known = knownNames(source.value);
  return mentions(source.value).flatMap(({ path, kind, name, count }) => {
    if (typeof name !== 'string') return [];
    const message = kind === 'approvers' ? approverProblem(name, count, known) : nameProblem(kind, name, known);
    return message === undefined ? [] : [{ ...source.positionOf(path), path: dotted(path), message }];
  });
}

interface Known {
  readonly connection: readonly string[];
  readonly identity: readonly string[];
  /** Members of each group that are persons; a group of others has none. */
  readonly groups: ReadonlyMap<string, ReadonlySet<string>>;
  /** Issuers say who is in which group: any group may have members. */
  readonly open: boolean;
}

interface Mention {
  readonly path: readonly PropertyKey[];
  readonly kind: 'connection' | 'identity' | 'group' | 'approvers';
  readonly name: unknown;
  readonly count?: number;
}

function nameProblem(kind: 'connection' | 'identity' | 'group', name: string, known: Known): string | undefined {
  if (kind === 'group' && (known.open || known.groups.has(name))) return undefined;
  const names = kind === 'group' ? [...known.groups.keys()] : known[kind];
  if (names.includes(name)) return undefined;
  return kind === 'group'
    ? `nobody is in a group "${name}"${didYouMean(name, names)}`
    : `there is no ${kind} "${name}"${didYouMean(name, names)}`;
}

function approverProblem(group: string, count: number | undefined, known: Known): string | undefined {
  if (known.open) return undefined;
  const persons = known.groups.get(group);
  if (persons === undefined) return nameProblem('group', group, known);
  if (persons.size === 0) return `nobody in the group "${group}" can approve: no member is of the kind "person"`;
  if (persons.size >= (count ?? 1)) return undefined;
  return `the group "${group}" has ${persons.size} of the kind "person", and ${count} must approve`;
}

function knownNames(value: unknown): Known {
  const { connections, identities, issuers } = record(value);
  const groups = new Map<string, Set<string>>();
  const join = (name: string, member: Raw, group: unknown): void => {
    if (typeof group !== 'string') return;
    const persons = groups.get(group) ?? new Set<string>();
    groups.set(group, persons);
    if (member['kind'] === 'person') persons.add(name);
  };
  for (const [name, identity] of Object.entries(record(identities))) {
    for (const group of list(record(identity)['groups'])) join(name, record(identity), group);
  }
  for (const issuer of Object.values(record(issuers))) {
    for (const rule of list(record(issuer)['identities'])) {
      const { identity, groups: more } = record(rule);
      const name = String(identity);
      for (const group of list(more)) join(name, record(record(identities)[name]), group);
    }
  }
  return {
    connection: Object.keys(record(connections)),
    identity: Object.keys(record(identities)),
    groups,
    open: Object.values(record(issuers)).some((issuer) => record(issuer)['groups'] !== undefined),
  };
}

function mentions(value: unknown): readonly Mention[] {
  const { policy, masking, connections } = record(value);
  return [
    ...list(policy).flatMap((rule, index) => approversAt(['policy', index, 'approvers'], record(rule)['approvers'])),
    ...list(record(masking)['rules']).flatMap((rule, index) => {
      const at = ['masking', 'rules', index];
      const { connections: on, identities, groups, except } = record(rule);
      return [
        ...namesAt([...at, 'connections'], 'connection', on),
        ...whomAt(at, { identities, groups }),
        ...whomAt([...at, 'except'], except),
      ];
    }),
    ...Object.entries(record(connections)).flatMap(([name, connection]) => {
      const at = ['connections', name, 'access'];
      const { approvers, except } = record(record(connection)['access']);
      return [...approversAt([...at, 'approvers'], approvers), ...whomAt([...at, 'except'], except)];
    }),
  ];
}

function whomAt(path: readonly PropertyKey[], value: unknown): readonly Mention[] {
  const { identities, groups } = record(value);
  return [
    ...namesAt([...path, 'identities'], 'identity', identities),
    ...namesAt([...path, 'groups'], 'group', groups),
  ];
}

function namesAt(path: readonly PropertyKey[], kind: Mention['kind'], names: unknown): readonly Mention[] {
  return list(names).map((name, index) => ({ path: [...path, index], kind, name }));
}

function approversAt(path: readonly PropertyKey[], value: unknown): readonly Mention[] {
  const { group, count } = record(value);
  if (group === undefined) return [];
  const wanted = typeof count === 'number' ? { count } : {};
  return [{ path: [...path, 'group'], kind: 'approvers', name: group, ...wanted }];
}

function record(value: unknown): Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Raw) : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
