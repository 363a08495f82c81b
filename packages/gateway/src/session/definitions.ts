import { viaName } from '../sql/analysis/later.ts';
import { typeNames } from '../sql/analysis/simple-table.ts';
import type { Analysis, Command, Effect, Lineage, Sources } from '../sql/analysis.ts';
import { MadeTables, onlyMakes } from './made-tables.ts';

/** What a statement of the session was read with. */
export interface ReadWith {
  /** Tables that the session had made. */
  readonly made: MadeTables;
  readonly path: readonly string[] | undefined;
}

const none: Sources = new Set();

const nothingMade: ReadWith = { made: new MadeTables(), path: undefined };

/**
 * What one session defines, from before it is forwarded until the catalog has been read again behind it. Until then a
 * statement that touches such a name may do whatever the definitions touched, and what it shows cannot be traced.
 */
export class Definitions {
  readonly #changed: Set<Definitions>;
  readonly #remember: (past: Definitions) => void;
  /** By their names without schemas, each as it has become last. */
  readonly #names = new Map<string, Map<string, Become>>();
  readonly #touched = new Set<string>();
  /** What can run by it: when something uses it, and when something is written. */
  readonly #use = new Set<Command>();
  readonly #write = new Set<Command>();
  /** Columns of what plain definitions may be about by the names that were given, those behind views among them. */
  #columns: Sources = none;
  /** It cannot be told what was defined. */
  #anyName = false;
  /** Functions: they can be called as if they were columns, which tells nothing of them before they are known. */
  #anyFunction = false;
  /** Code runs that may define anything. */
  #opaque = false;
  /** All of it is in a transaction block that nobody has asked to end: no other session sees anything of it. */
  #isHidden = false;
  /** The transaction has been asked to end since the server was ready last. */
  #ends = false;
  /** The transaction may have changed rows or declared a cursor: triggers, and cursors WITH HOLD, run at its end. */
  #isAwaited = false;

  constructor(changed: Set<Definitions>, remember: (past: Definitions) => void = () => {}) {
    this.#changed = changed;
    this.#remember = remember;
  }

  get changed(): boolean {
    return this.#changed.has(this);
  }

  /** True when the session has made something of that name, with or without its schema. */
  has(name: string): boolean {
    return this.#names.has(name) || withoutSchema(name).some((bare) => this.#names.get(bare)?.has(name));
  }

  /** Schemas among what it has made: names without a dot. */
  get schemas(): readonly string[] {
    return Array.from(this.#names).flatMap(([bare, names]) => (names.has(bare) ? bare : []));
  }

  get schemasShown(): readonly string[] {
    return this.#isHidden ? [] : this.schemas;
  }

  /** The session has surely dropped that relation, and defined nothing of its name since. */
  isDropped(name: string): boolean {
    return withoutSchema(name).some((bare) => this.#names.get(bare)?.get(name) === 'dropped');
  }

  /** A copy of its own, for trying out what statements would define; nobody else sees it. */
  fork(): Definitions {
    const fork = new Definitions(new Set());
    for (const [bare, names] of this.#names) fork.#names.set(bare, new Map(names));
    for (const name of this.#touched) fork.#touched.add(name);
    for (const command of this.#use) fork.#use.add(command);
    for (const command of this.#write) fork.#write.add(command);
    fork.#columns = this.#columns;
    fork.#anyName = this.#anyName;
    fork.#anyFunction = this.#anyFunction;
    fork.#opaque = this.#opaque;
    fork.#isAwaited = this.#isAwaited;
    if (this.changed) fork.#changed.add(fork);
    return fork;
  }

  /** A statement is about to run; `inBlock`: in a transaction block, as the server has said last. */
  begin(analysis: Analysis, { inBlock = false }: { readonly inBlock?: boolean } = {}): void {
    const { effects, commands, later } = analysis;
    const wasChanged = this.changed;
    if (commands.some(({ kind, isWrite, isDdl }) => kind === 'declare' || (isWrite && !isDdl))) this.#isAwaited = true;
    if (effects.some(endsBlock)) {
      this.#ends = true;
      this.#isHidden = false;
    }
    for (const effect of effects) {
      if (effect.type !== 'anything' && effect.type !== 'define') continue;
      this.#changed.add(this);
      if (effect.type === 'anything') this.#opaque = true;
      else this.#defines(effect);
      this.#columns = both(this.#columns, columnsNamed(effect, analysis));
      for (const { reads, writes } of commands) for (const name of [...reads, ...writes]) this.#touched.add(name);
    }
    if (!wasChanged && this.changed) this.#isHidden = inBlock && !this.#ends;
    for (const command of later?.use ?? []) this.#use.add(command);
    for (const command of later?.write ?? []) this.#write.add(command);
  }

  /** It has run. What code in it drops, it may not have come to. */
  completed({ effects, commands }: Analysis): void {
    const [effect, ...others] = effects;
    if (effect?.type !== 'define' || effect.drops !== 'surely' || others.length + commands.length > 1) return;
    for (const name of effect.names ?? []) this.#define(name, 'dropped');
  }

  /** Something may have been undone: what was dropped may be there again. */
  undone(): void {
    for (const names of this.#names.values()) for (const name of names.keys()) names.set(name, 'other');
  }

  #defines({ names = [], drops, functions }: Extract<Effect, { type: 'define' }>): void {
    if (names.length === 0) this.#anyName = true;
    if (functions === true) this.#anyFunction = true;
    for (const name of names) this.#define(name, drops === undefined ? 'other' : 'perhaps gone');
  }

  #define(name: string, become: Become): void {
    for (const bare of withoutSchema(name)) {
      const names = this.#names.get(bare) ?? new Map<string, Become>();
      this.#names.set(bare, names.set(name, become));
    }
  }

  /** The server is ready: what was asked to end has ended, and what is open is known. */
  ready(status: string): void {
    this.#ends = false;
    if (status === 'I') this.#isAwaited = false;
  }

  /**
   * A function that is replaced behind a write or a cursor: what waits for the end of the transaction comes to run what it is
   * then, and nothing is asked about that any more. `isFunction`: whether there is one of that name, in any schema.
   */
  withTriggersThatWait(analysis: Analysis, isFunction: (name: string) => boolean): Analysis {
    const { effects, later, commands } = analysis;
    if (!this.#isAwaited || later === undefined) return analysis;
    const replaces = effects.some(
      (effect) =>
        effect.type === 'define' &&
        // Tables that code comes to write to may be views by then, or have rules and triggers.
        (effect.functions !== true || (effect.names ?? []).some((name) => withoutSchema(name).some(isFunction))),
    );
    const runs = [...later.use, ...later.write].filter(({ via }) => via !== viaName);
    return replaces ? { ...analysis, commands: [...commands, ...runs] } : analysis;
  }

  /** The catalog has been read again since the session's last transaction ended, or the session is over. */
  caughtUp(): void {
    if (this.changed) this.#remember(this.fork());
    this.#names.clear();
    this.#touched.clear();
    this.#use.clear();
    this.#write.clear();
    this.#columns = none;
    this.#anyName = this.#anyFunction = this.#opaque = this.#isHidden = false;
    this.#changed.delete(this);
  }

  /** The analysis as the session itself must read it now. */
  cautious(analysis: Analysis, read: ReadWith = nothingMade): Analysis {
    return this.#concerns(analysis, read) ? this.#doubted(analysis) : analysis;
  }

  /**
   * The analysis as other sessions must read it now. What opaque code may define does not count: it would make everything
   * unknown to everybody for as long as it runs, and the catalog is read again as soon as it has ended.
   */
  cautiousOfIt(analysis: Analysis): Analysis {
    if (this.#isHidden) return analysis;
    // What is new in one schema can stand in front of what is in another.
    const isDefined = (name: string): boolean => withoutSchema(name).some((bare) => this.#names.has(bare));
    const named = analysis.commands.flatMap(({ reads, writes, functions }) => [...reads, ...writes, ...functions]);
    const isDoubtful = this.#anyName || this.#mayCallUnseen(analysis) || named.some(isDefined);
    return isDoubtful ? this.#doubted(analysis) : analysis;
  }

  #concerns(analysis: Analysis, read: ReadWith): boolean {
    if (this.#anyName || this.#opaque || analysis.unresolved.length > 0 || this.#mayCallUnseen(analysis)) return true;
    return namedBy(analysis).some((name) => this.#makesDoubtful(name, read));
  }

  #mayCallUnseen({ lineage }: Analysis): boolean {
    return this.#anyFunction && lineage.touches === 'unknown';
  }

  /** Names by which a text may mean something that only the session knows. Tables that it has made are read as what they are. */
  #makesDoubtful(name: string, { made, path }: ReadWith): boolean {
    return withoutSchema(name).some((bare) => {
      for (const [full, become] of this.#names.get(bare) ?? noNames) {
        if (made.has(full)) continue;
        // What is gone from behind it hides nothing.
        const isBehind = become !== 'other' && full !== name && made.has(name) && standsBehind(full, name, path);
        if (!isBehind) return true;
      }
      return false;
    });
  }

  #doubted(analysis: Analysis): Analysis {
    const plain = typeNames.some((name) => this.has(name)) ? undefined : onlyPlain(analysis);
    const behind = analysis.effects.flatMap((effect) => (effect.type === 'define' ? (effect.behind ?? []) : []));
    const [first, ...others] = analysis.commands;
    const commands: [Command, ...Command[]] = [
      this.#widened(first, behind),
      ...others.map((command) => this.#widened(command, behind)),
    ];
    commands.push(...this.#use);
    if (commands.some(({ isWrite }) => isWrite)) commands.push(...this.#write);
    const lineage = plain === undefined ? untraced(analysis.lineage) : this.#telling(analysis.lineage, plain);
    return { ...analysis, commands, lineage, isStale: true };
  }

  /** `behind`: what its definitions may change instead. */
  #widened(command: Command, behind: readonly string[]): Command {
    const { reads, writes, isWrite, isDdl } = command;
    const written = isDdl ? [...writes, ...behind] : writes;
    return {
      ...command,
      reads: union(reads, this.#touched),
      writes: isWrite ? union(written, this.#touched) : written,
    };
  }

  /** What keys and indexes tell is of columns that the statement names, or that have been given another name. */
  #telling(lineage: Lineage, columns: Sources): Lineage {
    const told = both(columns, this.#columns);
    const { probes, computes = none } = lineage;
    // Not known is what a table tells that no catalog has yet: it is among that.
    const asked = (sources: Sources): Sources => (sources === 'unknown' ? told : both(sources, told));
    return { ...lineage, probes: asked(probes), computes: asked(computes) };
  }
}

/** What a name has become: a relation that was dropped and is gone, or was where nobody knows of one; anything else. */
type Become = 'dropped' | 'perhaps gone' | 'other';

const noNames: ReadonlyMap<string, Become> = new Map();

/** All that a statement names, but for the table that it makes: what stood behind that name has no say in it. */
function namedBy(analysis: Analysis): readonly string[] {
  const made = onlyMakes(analysis)?.defined;
  return analysis.commands.flatMap(({ reads, writes, functions }) => [
    ...reads,
    ...writes.filter((name) => name !== made),
    ...functions,
  ]);
}

/** A schema of the path stands in front of the other's, which may not be on it at all. Either name may have a dot in it. */
function standsBehind(name: string, front: string, path: readonly string[] | undefined): boolean {
  if (path === undefined) return false;
  const at = path.findLastIndex((schema) => front.startsWith(`${schema}.`));
  const behind = path.findIndex((schema) => name.startsWith(`${schema}.`));
  return at !== -1 && (behind === -1 || behind > at);
}

function endsBlock(effect: Analysis['effects'][number]): boolean {
  return effect.type === 'transaction' && ['commit', 'rollback', 'prepare'].includes(effect.does);
}

/** What a name may be within its schema: either may have a dot in it. */
function withoutSchema(name: string): readonly string[] {
  const parts: string[] = [];
  for (let dot = name.indexOf('.'); dot !== -1; dot = name.indexOf('.', dot + 1)) parts.push(name.slice(dot + 1));
  return parts.length === 0 ? [name] : parts;
}

function untraced(lineage: Lineage): Lineage {
  const { stores, touches } = lineage;
  const outputs = lineage.outputs === 'unknown' ? 'unknown' : lineage.outputs.map(unknownOutput);
  // What shows, compares and stores nothing (BEGIN, SET to a constant) does so whatever its names mean.
  if (outputs !== 'unknown' && outputs.length === 0 && isEmpty(touches) && isEmpty(stores)) return lineage;
  return { outputs, probes: 'unknown', stores: isEmpty(stores) ? stores : 'unknown', touches: 'unknown' };
}

/** The columns that a statement may tell of if it is a plain definition and nothing else. */
function onlyPlain({ commands, effects }: Analysis): Sources | undefined {
  const [{ kind, via }, ...others] = commands;
  const [effect, ...more] = effects;
  if (effect?.type !== 'define' || kind !== 'ddl' || via !== undefined || others.length + more.length > 0)
    return undefined;
  return effect.plain;
}

/** Columns that can have other names by it. What may bring in code that no text calls, and code, can be about any. */
function columnsNamed(effect: Effect, { commands, lineage }: Analysis): Sources {
  if (effect.type !== 'define') return 'unknown';
  if (effect.plain !== undefined) return effect.plain;
  return effect.names === undefined || commands.length > 1 ? 'unknown' : lineage.touches;
}

function both(some: Sources, others: Sources): Sources {
  return some === 'unknown' || others === 'unknown' ? 'unknown' : new Set([...some, ...others]);
}

function unknownOutput({ name }: { readonly name: string }): { name: string; sources: 'unknown'; plain: false } {
  return { name, sources: 'unknown', plain: false };
}

function isEmpty(sources: Lineage['touches']): boolean {
  return sources !== 'unknown' && sources.size === 0;
}

function union(names: readonly string[], more: ReadonlySet<string>): readonly string[] {
  return Array.from(new Set([...names, ...more])).sort();
}
