import type { Effect } from '../sql/analysis.ts';

/** A value, or that it is not known since some statement. Each unknown one has a number of its own. */
export type SettingValue = string | Unknown;

export interface Unknown {
  readonly unknown: number;
}

type Values = ReadonlyMap<string, SettingValue>;

/** Settings at one moment, as far as they differ from how the session began. A value: changes make another one. */
export class Settings {
  /** What those are that are not named here: undefined, as the session began. */
  readonly base: Unknown | undefined;
  readonly session: Values;
  /** Of SET LOCAL. */
  readonly local: Values;

  constructor(base: Unknown | undefined, session: Values, local: Values) {
    this.base = base;
    this.session = session;
    this.local = local;
  }

  get(name: string): SettingValue | undefined {
    return this.local.get(name) ?? this.session.get(name);
  }

  entries(): Iterable<readonly [string, SettingValue]> {
    return this.local.size === 0 ? this.session : new Map([...this.session, ...this.local]);
  }
}

const nothing: Values = new Map();
const beginning = new Settings(undefined, nothing, nothing);

interface Transaction {
  readonly before: Settings;
  /** Settings as they were at a savepoint. Which ones are still there is not followed: all that have been are here. */
  readonly savepoints: readonly Settings[];
  /** A block of BEGIN; otherwise it ends with the Query or Sync. */
  readonly block: boolean;
  readonly failed: boolean;
}

/** More settings changed between savepoints than anybody does. */
const maxSavepoints = 100;

/** How the settings of a session change: SET is undone with its transaction, SET LOCAL ends with it (utils/misc/guc.c). */
export class SettingsHistory {
  #current: Settings = beginning;
  #transaction: Transaction | undefined;
  /** Code that may have committed before it failed. */
  #spoiled = false;
  readonly #count: { unknown: number };

  constructor(count: { unknown: number } = { unknown: 0 }) {
    this.#count = count;
  }

  get current(): Settings {
    return this.#current;
  }

  /** Goes on by itself; what becomes unknown has numbers that are in neither. */
  fork(): SettingsHistory {
    const fork = new SettingsHistory(this.#count);
    fork.#current = this.#current;
    fork.#transaction = this.#transaction;
    fork.#spoiled = this.#spoiled;
    return fork;
  }

  set(name: string, value: string | undefined, { local }: { readonly local: boolean }): void {
    this.#begin();
    this.#write(name, value ?? this.#unknown(), local);
  }

  /** Everything is as at the beginning; of those that are named it is not known whether. */
  resetAll(doubtful: readonly string[]): void {
    this.#begin();
    const { base } = this.#current;
    const values = doubtful.flatMap((name) => {
      const touched = base !== undefined || this.#current.get(name) !== undefined;
      return touched ? [[name, this.#unknown()] as const] : [];
    });
    this.#current = new Settings(undefined, new Map(values), nothing);
  }

  /** Nothing is known any more. */
  forget(): void {
    this.#begin();
    this.#current = new Settings(this.#unknown(), nothing, nothing);
  }

  /** A setting is known to be this now, or as it began. */
  correct(name: string, value: string | undefined): void {
    const { base, local } = this.#current;
    if (value !== undefined) this.#write(name, value, local.has(name));
    else this.#current = new Settings(base, without(this.#current.session, name), without(local, name));
  }

  transaction(does: Extract<Effect, { type: 'transaction' }>['does']): void {
    switch (does) {
      case 'begin':
        this.#begin();
        if (this.#transaction !== undefined) this.#transaction = { ...this.#transaction, block: true };
        break;
      case 'savepoint':
        this.#begin();
        this.#savepoint();
        break;
      case 'release':
        break;
      case 'rollback to':
        this.#rollbackTo();
        break;
      case 'rollback':
        this.#end({ committed: false });
        break;
      case 'commit':
      case 'prepare':
        this.#end({ committed: this.#transaction?.failed !== true });
        break;
    }
  }

  /** `mayHaveCommitted`: the statement runs code that can end transactions where there is no block. */
  failed({ mayHaveCommitted }: { readonly mayHaveCommitted: boolean }): void {
    if (mayHaveCommitted && this.#transaction?.block !== true) this.#spoiled = true;
    if (this.#transaction !== undefined) this.#transaction = { ...this.#transaction, failed: true };
  }

  ready(status: string): void {
    if (status === 'I') {
      this.#end({ committed: this.#transaction?.failed !== true });
      return;
    }
    this.#begin();
    if (this.#transaction !== undefined) {
      this.#transaction = { ...this.#transaction, block: true, failed: status === 'E' };
    }
  }

  /** A transaction begins with its first statement, if nobody said BEGIN. */
  #begin(): void {
    this.#transaction ??= { before: this.#current, savepoints: [], block: false, failed: false };
  }

  #end({ committed }: { readonly committed: boolean }): void {
    const transaction = this.#transaction;
    if (transaction === undefined && !this.#spoiled && this.#current.local.size === 0) return;
    this.#transaction = undefined;
    if (transaction !== undefined && !committed) this.#current = transaction.before;
    const { base, session, local } = this.#current;
    if (local.size > 0) this.#current = new Settings(base, session, nothing);
    if (this.#spoiled) this.#current = new Settings(this.#unknown(), nothing, nothing);
    this.#spoiled = false;
  }

  #savepoint(): void {
    const transaction = this.#transaction;
    if (transaction === undefined || transaction.savepoints.at(-1) === this.#current) return;
    if (transaction.savepoints.length < maxSavepoints) {
      this.#transaction = { ...transaction, savepoints: [...transaction.savepoints, this.#current] };
    } else {
      this.forget();
      this.#transaction = { ...transaction, savepoints: [this.#current] };
    }
  }

  /** It goes back to one of the savepoints. */
  #rollbackTo(): void {
    const transaction = this.#transaction;
    const [first, ...others] = transaction?.savepoints ?? [];
    if (transaction !== undefined) this.#transaction = { ...transaction, failed: false };
    if (first === undefined) this.forget();
    else if (others.length === 0) this.#current = first;
    else this.#current = this.#merge(first, others);
  }

  /** What all of them agree on. */
  #merge(first: Settings, others: readonly Settings[]): Settings {
    if (others.some(({ base }) => base !== first.base)) return new Settings(this.#unknown(), nothing, nothing);
    const all = [first, ...others];
    const names = new Set(all.flatMap(({ session, local }) => [...session.keys(), ...local.keys()]));
    const session = new Map(first.session);
    const local = new Map(first.local);
    for (const name of names) {
      const agreed = others.every(
        (other) =>
          other.session.get(name) === first.session.get(name) && other.local.get(name) === first.local.get(name),
      );
      if (agreed) continue;
      session.set(name, this.#unknown());
      local.delete(name);
    }
    return new Settings(first.base, session, local);
  }

  #write(name: string, value: SettingValue, local: boolean): void {
    const { base, session, local: locals } = this.#current;
    if (local) this.#current = new Settings(base, session, new Map(locals).set(name, value));
    else this.#current = new Settings(base, new Map(session).set(name, value), without(locals, name));
  }

  #unknown(): Unknown {
    this.#count.unknown += 1;
    return { unknown: this.#count.unknown };
  }
}

function without(values: Values, name: string): Values {
  if (!values.has(name)) return values;
  const others = new Map(values);
  others.delete(name);
  return others;
}
