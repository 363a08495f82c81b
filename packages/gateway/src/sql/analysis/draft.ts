import type { Command, CopyForm, Effect } from '../analysis.ts';
import type { StatementKind } from '../kind.ts';
import type { Node } from './tree.ts';

/** Code of the database that a command runs: followed until all of it is known. */
export interface CodeReference {
  readonly type: 'function' | 'trigger' | 'rule' | 'foreign key';
  /** Of the function, or of the relation that has the rules or the foreign key. */
  readonly oid: number;
  /** Of a rule: what sets it off. Of a foreign key: what it does. */
  readonly event?: RuleEvent | 'CMD_TRUNCATE';
  /** Of a foreign key that updates: the columns that it gives a value. */
  readonly columns?: readonly string[];
}

export type RuleEvent = 'CMD_INSERT' | 'CMD_UPDATE' | 'CMD_DELETE';

/** What tells code of one type apart. */
export function keyOf({ oid, event, columns = [] }: CodeReference): string {
  return [oid, event ?? '', ...columns].join(' ');
}

/** What running code adds to what a command does. */
export interface Flags {
  readonly isWrite: boolean;
  readonly isOpaque: boolean;
  readonly isOutside: boolean;
}

/** A command while its facts are collected. */
export class Draft {
  readonly kind: StatementKind;
  readonly via: string | undefined;
  readonly reads: Set<string> = new Set();
  readonly writes: Set<string> = new Set();
  readonly readsColumns: Set<string> = new Set();
  readonly writesColumns: Set<string> = new Set();
  readonly functions: Set<string> = new Set();
  readonly volatileFunctions: Set<string> = new Set();
  /** By a key of their own, so that each is followed once. */
  readonly code: Map<string, CodeReference> = new Map();
  /** Functions whose types have been looked at. */
  readonly followed: Set<number> = new Set();
  /** Partitions and children among `reads` and `writes`, with their parents. */
  readonly partOf: Map<string, readonly string[]> = new Map();
  hasWhere = true;
  isWrite = false;
  isDdl = false;
  isTransactionControl = false;
  isOpaque = false;
  isOutside = false;
  hearsErrors = false;
  /** `Command.conditionsRead`. */
  readonly conditionsRead: Set<string> = new Set();
  hasUnknownConditions = false;
  /** What it reads has effects on the session, of which is known only that there are some. */
  changesSession = false;

  constructor(kind: StatementKind, via?: string) {
    this.kind = kind;
    this.via = via;
  }

  runs(reference: CodeReference): void {
    this.code.set(`${reference.type} ${keyOf(reference)}`, reference);
  }

  /** It may do more than can be seen. */
  isUnreadable(): void {
    this.isOpaque = true;
    this.isWrite = true;
  }

  /** Takes over what running `other` means, but for what it writes. */
  include(other: Draft): void {
    addAll(this.reads, other.reads);
    addAll(this.readsColumns, other.readsColumns);
    addAll(this.functions, other.functions);
    addAll(this.volatileFunctions, other.volatileFunctions);
    for (const [key, reference] of other.code) this.code.set(key, reference);
    for (const [name, parents] of other.partOf) this.partOf.set(name, parents);
    addAll(this.conditionsRead, other.conditionsRead);
    this.hasUnknownConditions ||= other.hasUnknownConditions;
    this.changesSession ||= other.changesSession;
    this.includeFlags(other);
  }

  includeFlags(other: Flags): void {
    this.isWrite ||= other.isWrite;
    this.isOpaque ||= other.isOpaque;
    this.isOutside ||= other.isOutside;
  }

  /** `via` in place of its own; `ran`: what the code does that it runs. */
  toCommand(via: string | undefined, ran: Flags): Command {
    const { kind, hasWhere, isDdl, isTransactionControl } = this;
    return {
      kind,
      ...(via === undefined ? {} : { via }),
      reads: sorted(this.reads),
      writes: sorted(this.writes),
      readsColumns: sorted(this.readsColumns),
      writesColumns: sorted(this.writesColumns),
      functions: sorted(this.functions),
      volatileFunctions: sorted(this.volatileFunctions),
      hasWhere,
      isWrite: this.isWrite || ran.isWrite,
      isDdl,
      isTransactionControl,
      isOpaque: this.isOpaque || ran.isOpaque,
      isOutside: this.isOutside || ran.isOutside,
      ...(this.hearsErrors ? { hearsErrors: true } : {}),
      ...(this.hasUnknownConditions ? { conditionsRead: 'unknown' } : {}),
      ...(this.hasUnknownConditions || this.conditionsRead.size === 0
        ? {}
        : { conditionsRead: sorted(this.conditionsRead) }),
      ...(this.partOf.size === 0 ? {} : { partOf: this.partOf }),
    };
  }
}

/** What can run by what a definition makes: when it is used, and when something is written. */
export interface Noted {
  readonly use: Findings;
  readonly write: Findings;
}

/** What is found out about one text: its commands in order, and what it does to the session. */
export class Findings {
  readonly drafts: Draft[] = [];
  /** Commands known already, of what EXECUTE and FETCH run. */
  readonly known: Command[] = [];
  readonly effects: Effect[] = [];
  readonly unresolved: Set<string> = new Set();
  copy: CopyForm | undefined;
  #later: Noted | undefined;
  /** What PREPARE and DECLARE give a name. */
  named:
    | {
        readonly type: 'prepare' | 'declare';
        readonly name: string;
        readonly node: Node;
        /** Of the parameters of PREPARE, where it says. */
        readonly types: unknown;
      }
    | undefined;

  /** What can run by what is defined; what is noted of it is added here. */
  get later(): Noted {
    this.#later ??= { use: new Findings(), write: new Findings() };
    return this.#later;
  }

  /** Undefined: nothing was noted. */
  get noted(): Noted | undefined {
    return this.#later;
  }

  /** A further command. */
  draft(kind: StatementKind, via?: string): Draft {
    const draft = new Draft(kind, via);
    this.drafts.push(draft);
    return draft;
  }
}

export function addAll<Value>(to: Set<Value>, from: Iterable<Value>): void {
  for (const value of from) to.add(value);
}

function sorted(values: ReadonlySet<string>): readonly string[] {
  return values.size < 2 ? Array.from(values) : Array.from(values).sort();
}
