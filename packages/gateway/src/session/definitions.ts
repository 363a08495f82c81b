import type { Analysis, Command, Lineage } from '../sql/analysis.ts';

/**
 * What the session has defined since the catalog was read. Until it is read again, a statement that touches such a
 * name may do whatever the definitions touched, and what it shows cannot be traced.
 */
export class Definitions {
  readonly #names = new Set<string>();
  readonly #reads = new Set<string>();
  readonly #writes = new Set<string>();
  /** Code has run that may have defined anything. */
  #anything = false;

  get changed(): boolean {
    return this.#anything || this.#names.size > 0;
  }

  /** True when the session has made something of that name, with or without its schema. */
  has(name: string): boolean {
    if (this.#names.has(name)) return true;
    return Array.from(this.#names).some((made) => made.slice(made.indexOf('.') + 1) === name);
  }

  /** A statement has completed. */
  completed({ effects, commands }: Analysis): void {
    for (const effect of effects) {
      if (effect.type === 'anything') this.#anything = true;
      if (effect.type !== 'define') continue;
      if (effect.names === undefined) this.#anything = true;
      for (const name of effect.names ?? []) this.#names.add(name);
      for (const { reads, writes } of commands) {
        for (const name of reads) this.#reads.add(name);
        for (const name of writes) this.#writes.add(name);
      }
    }
  }

  /** The catalog has been read again, outside of a transaction. */
  caughtUp(): void {
    this.#names.clear();
    this.#reads.clear();
    this.#writes.clear();
    this.#anything = false;
  }

  /** The analysis as it must be read now. */
  cautious(analysis: Analysis): Analysis {
    if (!this.changed || !this.#concerns(analysis)) return analysis;
    const [first, ...others] = analysis.commands;
    const commands: Analysis['commands'] = [this.#widened(first), ...others.map((command) => this.#widened(command))];
    return { ...analysis, commands, lineage: untraced(analysis.lineage) };
  }

  #concerns({ commands, unresolved }: Analysis): boolean {
    if (this.#anything) return true;
    if (unresolved.length > 0) return true;
    return commands.some(({ reads, writes, functions }) =>
      [reads, writes, functions].some((names) => names.some((name) => this.#names.has(name))),
    );
  }

  #widened(command: Command): Command {
    const { reads, writes, isWrite } = command;
    return {
      ...command,
      reads: union(reads, [...this.#reads, ...this.#writes]),
      writes: isWrite ? union(writes, [...this.#reads, ...this.#writes]) : writes,
    };
  }
}

function untraced(lineage: Lineage): Lineage {
  const outputs = lineage.outputs === 'unknown' ? 'unknown' : lineage.outputs.map(unknownOutput);
  const touched = lineage.outputs !== 'unknown' && lineage.outputs.length === 0 && isEmpty(lineage.touches);
  return touched ? lineage : { outputs, probes: 'unknown', stores: lineage.stores, touches: 'unknown' };
}

function unknownOutput({ name }: { readonly name: string }): { name: string; sources: 'unknown'; plain: false } {
  return { name, sources: 'unknown', plain: false };
}

function isEmpty(sources: Lineage['touches']): boolean {
  return sources !== 'unknown' && sources.size === 0;
}

function union(names: readonly string[], more: readonly string[]): readonly string[] {
  return Array.from(new Set([...names, ...more])).sort();
}
