import type { Analysis, Command, Effect } from '../analysis.ts';
import type { CodeReference, Draft, Findings, Flags } from './draft.ts';
import type { Knowledge } from './knowledge.ts';

/** Functions that one statement may reach; beyond it the rest is said to be unreadable. */
const maxReached = 500;

/** Code of the database that a statement reaches. */
interface Reached {
  readonly via: string;
  readonly findings: Findings;
}

/**
 * The commands of a statement and of all code that it can come to run, and the effects of both. A command that calls
 * code is taken to do what that code does to data.
 */
export function expand(
  own: Findings,
  knowledge: Knowledge | undefined,
): {
  readonly commands: readonly [Command, ...Command[]];
  readonly effects: readonly Effect[];
  readonly later: Analysis['later'];
} {
  const { drafts, known, effects } = own;
  const reached = knowledge === undefined ? new Map<string, Reached>() : reach(drafts, knowledge);
  const commands = drafts.map((draft) => draft.toCommand(draft.via, flagsOf(draft, reached)));
  const all = Array.from(effects);
  const behind = drafts.slice();
  for (const { via, findings } of reached.values()) {
    for (const draft of findings.drafts) commands.push(draft.toCommand(via, flagsOf(draft, reached)));
    behind.push(...findings.drafts);
    all.push(...findings.effects);
  }
  commands.push(...known);
  if (behind.some(({ changesSession }) => changesSession) || reached.size >= maxReached) all.push({ type: 'anything' });
  // Whatever reads a statement makes a command of it first.
  const noted = [own, ...Array.from(reached.values(), ({ findings }) => findings)].flatMap((each) => each.noted ?? []);
  const later = {
    use: noted.flatMap(({ use }) => commandsOf(use, knowledge)),
    write: noted.flatMap(({ write }) => commandsOf(write, knowledge)),
  };
  // Code that defines something can come to use it.
  if (commands.some(({ via, isDdl }) => via !== undefined && isDdl)) {
    const writesRows = commands.some(({ writes, isOpaque, isDdl }) => !isDdl && (isOpaque || writes.length > 0));
    commands.push(...later.use, ...(writesRows ? later.write : []));
  }
  return {
    commands: commands as [Command, ...Command[]],
    effects: all,
    later: later.use.length + later.write.length === 0 ? undefined : later,
  };
}

/** Those that do anything. */
function commandsOf(findings: Findings, knowledge: Knowledge | undefined): readonly Command[] {
  return expand(findings, knowledge).commands.filter(
    ({ reads, writes, functions, isWrite, isOpaque }) =>
      isWrite || isOpaque || reads.length + writes.length + functions.length > 0,
  );
}

function reach(drafts: readonly Draft[], knowledge: Knowledge): Map<string, Reached> {
  const reached = new Map<string, Reached>();
  const waiting: (readonly [string, CodeReference])[] = drafts.flatMap(({ code }) => Array.from(code));
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const [key, reference] = next;
    if (reached.has(key) || reached.size >= maxReached) continue;
    const findings = knowledge.code(reference);
    reached.set(key, { via: knowledge.label(reference), findings });
    for (const draft of findings.drafts) waiting.push(...draft.code);
  }
  return reached;
}

/** What the code that a command runs does, all the way down. */
function flagsOf({ code }: Draft, reached: ReadonlyMap<string, Reached>): Flags {
  const flags = { isWrite: false, isOpaque: false, isOutside: false };
  const seen = new Set<string>();
  const waiting = Array.from(code.keys());
  for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
    if (seen.has(key)) continue;
    seen.add(key);
    const findings = reached.get(key)?.findings;
    // Too much to follow.
    if (findings === undefined) Object.assign(flags, { isWrite: true, isOpaque: true });
    for (const draft of findings?.drafts ?? []) {
      flags.isWrite ||= draft.isWrite;
      flags.isOpaque ||= draft.isOpaque;
      flags.isOutside ||= draft.isOutside;
      waiting.push(...draft.code.keys());
    }
  }
  return flags;
}
