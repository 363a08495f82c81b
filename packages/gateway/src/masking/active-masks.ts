import { builtInDetectors, type Detector, patternDetector } from './detectors/detector.ts';
import type { MaskAction } from './mask.ts';
import type { DetectorName, MaskingRule } from './masking-rule.ts';
import { stricterAction } from './stricter.ts';

/** What the rules that apply to a session say together. The same object for the same rules, so that it can be a key. */
export interface ActiveMasks {
  /** `schema.table.column`. */
  readonly columns: ReadonlyMap<string, MaskAction>;
  readonly detectors: readonly ActiveDetector[];
  /** `deny` when one of the rules says so. */
  readonly probe: 'allow' | 'deny';
  /**
   * `schema.name`. Only functions that every applying rule with columns trusts: a function that may read one rule's columns
   * says nothing of another's.
   */
  readonly trustedFunctions: ReadonlySet<string>;
}

export interface ActiveDetector {
  readonly detector: Detector;
  readonly action: MaskAction;
}

export interface MaskSubject {
  readonly connection: string;
  readonly identity: string;
  readonly groups: readonly string[];
}

const known = new WeakMap<readonly MaskingRule[], Map<string, ActiveMasks>>();

/** The masks for a session; undefined when no rule applies. Rules are compiled once for each combination of them. */
export function activeMasks(rules: readonly MaskingRule[], subject: MaskSubject): ActiveMasks | undefined {
  const applying = rules.filter((rule) => applies(rule, subject) && saysSomething(rule));
  if (applying.length === 0) return undefined;
  const combinations = known.get(rules) ?? new Map<string, ActiveMasks>();
  known.set(rules, combinations);
  const key = applying.map((rule) => rules.indexOf(rule)).join();
  const masks = combinations.get(key) ?? merge(applying);
  combinations.set(key, masks);
  return masks;
}

function applies(rule: MaskingRule, { connection, identity, groups }: MaskSubject): boolean {
  const { except } = rule;
  if (except.identities.includes(identity) || except.groups.some((group) => groups.includes(group))) return false;
  if (rule.connections !== undefined && !rule.connections.includes(connection)) return false;
  if (rule.identities === undefined && rule.groups === undefined) return true;
  return (
    (rule.identities?.includes(identity) ?? false) || (rule.groups?.some((group) => groups.includes(group)) ?? false)
  );
}

function saysSomething({ columns, detectors, patterns }: MaskingRule): boolean {
  return columns.size + detectors.size + patterns.length > 0;
}

function merge(rules: readonly MaskingRule[]): ActiveMasks {
  const withColumns = rules.filter(({ columns }) => columns.size > 0);
  const [first, ...others] = withColumns.map(({ trustedFunctions }) => new Set(trustedFunctions));
  return {
    columns: strictest(rules.flatMap(({ columns }) => Array.from(columns))),
    detectors: [...namedDetectors(rules), ...patternDetectors(rules)],
    probe: rules.some(({ probe }) => probe === 'deny') ? 'deny' : 'allow',
    trustedFunctions: new Set(Array.from(first ?? []).filter((name) => others.every((other) => other.has(name)))),
  };
}

function strictest<Name>(entries: readonly (readonly [Name, MaskAction])[]): ReadonlyMap<Name, MaskAction> {
  const merged = new Map<Name, MaskAction>();
  for (const [name, action] of entries) merged.set(name, stricterAction(merged.get(name) ?? action, action));
  return merged;
}

function namedDetectors(rules: readonly MaskingRule[]): ActiveDetector[] {
  const actions = strictest<DetectorName>(rules.flatMap(({ detectors }) => Array.from(detectors)));
  return Array.from(actions, ([name, action]) => ({ detector: builtInDetectors[name], action }));
}

function patternDetectors(rules: readonly MaskingRule[]): ActiveDetector[] {
  return rules.flatMap(({ patterns }) =>
    patterns.map((pattern) => ({ detector: patternDetector(pattern), action: pattern.action })),
  );
}
