import type { Analysis, Command, Lineage } from '../sql/analysis.ts';

/** Definitions of all sessions on one database that the catalog, as it was read last, may not have. */
export class SharedDefinitions {
  readonly #changed = new Set<Definitions>();

  /** Those of one more session. */
  join(): Definitions {
    return new Definitions(this.#changed);
  }

  /** An analysis as it must be read now, by a session whose own definitions are `own`. */
  cautious(analysis: Analysis, own: Definitions): Analysis {
    let seen = analysis;
    for (const definitions of this.#changed) seen = definitions.cautious(seen, definitions === own);
    return seen;
  }

  /** The same, by what other sessions have defined. */
  cautiousOfOthers(analysis: Analysis, own: Definitions): Analysis {
    let seen = analysis;
    for (const definitions of this.#changed) if (definitions !== own) seen = definitions.cautious(seen, false);
    return seen;
  }
}

/**
 * What one session defines, from before it is forwarded until the catalog has been read again behind it. Until then a
 * statement that touches such a name may do whatever the definitions touched, and what it shows cannot be traced.
 */
export class Definitions {
  readonly #changed: Set<Definitions>;
  readonly #names = new Set<string>();
  /** The same without their schemas. */
  readonly #bare = new Set<string>();
  readonly #touched = new Set<string>();
  /** What can run by it: when something uses it, and when something is written. */
  readonly #use = new Set<Command>();
  readonly #write = new Set<Command>();
  /** It cannot be told what was defined. */
  #anyName = false;
  /** Code runs that may define anything. */
  #opaque = false;
  /** All of it is in a transaction block that nobody has asked to end: no other session sees anything of it. */
  #isHidden = false;
  /** The transaction has been asked to end since the server was ready last. */
  #ends = false;

  constructor(changed: Set<Definitions>) {
    this.#changed = changed;
  }

  get changed(): boolean {
    return this.#changed.has(this);
  }

  /** True when the session has made something of that name, with or without its schema. */
  has(name: string): boolean {
    return this.#names.has(name) || this.#bare.has(name);
  }

  /** A statement is about to run; `inBlock`: in a transaction block, as the server has said last. */
  begin({ effects, commands, later }: Analysis, { inBlock = false }: { readonly inBlock?: boolean } = {}): void {
    const wasChanged = this.changed;
    if (effects.some(endsBlock)) {
      this.#ends = true;
      this.#isHidden = false;
    }
    for (const effect of effects) {
      if (effect.type !== 'anything' && effect.type !== 'define') continue;
      this.#changed.add(this);
      if (effect.type === 'anything') this.#opaque = true;
      else if (effect.names === undefined || effect.names.length === 0) this.#anyName = true;
      else for (const name of effect.names) this.#define(name);
      for (const { reads, writes } of commands) for (const name of [...reads, ...writes]) this.#touched.add(name);
    }
    if (!wasChanged && this.changed) this.#isHidden = inBlock && !this.#ends;
    for (const command of later?.use ?? []) this.#use.add(command);
    for (const command of later?.write ?? []) this.#write.add(command);
  }

  #define(name: string): void {
    this.#names.add(name);
    for (const bare of withoutSchema(name)) this.#bare.add(bare);
  }

  /** The server is ready: what was asked to end has ended, and what is open is known. */
  ready(): void {
    this.#ends = false;
  }

  /** The catalog has been read again since the session's last transaction ended, or the session is over. */
  caughtUp(): void {
    this.#names.clear();
    this.#bare.clear();
    this.#touched.clear();
    this.#use.clear();
    this.#write.clear();
    this.#anyName = this.#opaque = this.#isHidden = false;
    this.#changed.delete(this);
  }

  /**
   * The analysis as it must be read now. What other sessions' opaque code may define does not count: it would make
   * everything unknown to everybody for as long as it runs, and the catalog is read again as soon as it has ended.
   */
  cautious(analysis: Analysis, isOwn: boolean): Analysis {
    if (!this.#concerns(analysis, isOwn)) return analysis;
    const [first, ...others] = analysis.commands;
    const commands: [Command, ...Command[]] = [
      this.#widened(first),
      ...others.map((command) => this.#widened(command)),
    ];
    commands.push(...this.#use);
    if (commands.some(({ isWrite }) => isWrite)) commands.push(...this.#write);
    return { ...analysis, commands, lineage: untraced(analysis.lineage), isStale: true };
  }

  #concerns({ commands, unresolved }: Analysis, isOwn: boolean): boolean {
    if (this.#isHidden && !isOwn) return false;
    if (this.#anyName || (isOwn && this.#opaque)) return true;
    if (isOwn && unresolved.length > 0) return true;
    // What is new in one schema can stand in front of what is in another.
    const isDefined = (name: string): boolean => withoutSchema(name).some((bare) => this.#bare.has(bare));
    return commands.some(
      ({ reads, writes, functions }) => reads.some(isDefined) || writes.some(isDefined) || functions.some(isDefined),
    );
  }

  #widened(command: Command): Command {
    const { reads, writes, isWrite } = command;
    return { ...command, reads: union(reads, this.#touched), writes: isWrite ? union(writes, this.#touched) : writes };
  }
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

function unknownOutput({ name }: { readonly name: string }): { name: string; sources: 'unknown'; plain: false } {
  return { name, sources: 'unknown', plain: false };
}

function isEmpty(sources: Lineage['touches']): boolean {
  return sources !== 'unknown' && sources.size === 0;
}

function union(names: readonly string[], more: ReadonlySet<string>): readonly string[] {
  return Array.from(new Set([...names, ...more])).sort();
}
