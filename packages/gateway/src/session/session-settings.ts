import type { Effect } from '../sql/analysis.ts';
import { schemasOf } from './search-path.ts';
import type { SessionStart } from './session-start.ts';
import { type Settings, SettingsHistory, type SettingValue } from './settings-history.ts';

export interface SessionSettingsOptions {
  readonly start: SessionStart;
  /** ParameterStatus that the server sent at the start: the settings whose changes it reports. */
  readonly parameters: ReadonlyMap<string, string>;
  /** Different for each session: what is not known of one is not what is not known of another. */
  readonly salt: string;
}

/** What changes no statement's meaning. */
const meaningless: ReadonlySet<string> = new Set([
  'application_name',
  'client_min_messages',
  'statement_timeout',
  'lock_timeout',
  'transaction_timeout',
  'idle_session_timeout',
  'idle_in_transaction_session_timeout',
]);

const nothingLess: ReadonlySet<string> = new Set();

/**
 * The settings of one session as its statements change them, with the rules of transactions and savepoints. What cannot
 * be told is unknown until it is set again. What the server reports of a setting counts for more than what was followed.
 */
export class SessionSettings {
  readonly #start: SessionStart;
  readonly #salt: string;
  readonly #history: SettingsHistory;
  /** What the server reported at the start, and last; names in lower case. */
  readonly #reportedFirst: ReadonlyMap<string, string>;
  readonly #reported: Map<string, string>;
  /** Settings that agree with what was reported last. */
  #agreed: Settings | undefined;
  #fingerprint: { readonly of: Settings; readonly text: string } | undefined;
  #path: { readonly of: Settings; readonly schemas: readonly string[] | undefined } | undefined;

  constructor({ start, parameters, salt }: SessionSettingsOptions, history: SettingsHistory = new SettingsHistory()) {
    this.#start = start;
    this.#salt = salt;
    this.#history = history;
    this.#reportedFirst = new Map(Array.from(parameters, ([name, value]) => [name.toLowerCase(), value]));
    this.#reported = new Map(this.#reportedFirst);
  }

  /** A copy for trying out what statements would change. What becomes unknown in it is not what becomes unknown here. */
  fork(): SessionSettings {
    const options = { start: this.#start, parameters: this.#reportedFirst, salt: this.#salt };
    const fork = new SessionSettings(options, this.#history.fork());
    for (const [name, value] of this.#reported) fork.#reported.set(name, value);
    return fork;
  }

  /** A statement completed that does this. */
  apply(effect: Effect): void {
    const history = this.#history;
    if (effect.type === 'set') {
      const { name, value } = effect;
      // SET TRANSACTION lasts as long as the transaction does.
      history.set(name, value, { local: effect.local || name.startsWith('transaction_') });
      if (name === 'session_authorization') history.set('role', 'none', effect);
    } else if (effect.type === 'reset all') {
      // RESET ALL leaves both as they are, DISCARD ALL does not; neither is told apart here.
      history.resetAll(this.#actsAsItself ? [] : ['role', 'session_authorization']);
    } else if (effect.type === 'anything') {
      history.forget();
    } else if (effect.type === 'transaction') {
      history.transaction(effect.does);
    }
  }

  /** A statement failed: what its transaction had set is undone. `effects`: what it would have done. */
  failed(effects: readonly Effect[] = []): void {
    this.#history.failed({ mayHaveCommitted: effects.some(({ type }) => type === 'anything') });
  }

  /** ReadyForQuery, with the status of the transaction. */
  ready(status: string): void {
    this.#history.ready(status);
    if (this.#history.current === this.#agreed) return;
    for (const [name, value] of this.#reported) this.#correct(name, value);
    this.#agreed = this.#history.current;
  }

  /** ParameterStatus. Since Postgres 14 it comes right before ReadyForQuery; it counts from then on. */
  reported(name: string, value: string): void {
    this.#reported.set(name.toLowerCase(), value);
    this.#agreed = undefined;
  }

  /**
   * Stands for the settings as they are, as long as none changes: two of the same identity are the same settings. Undefined
   * before the server has said what it knows of them.
   */
  get identity(): object | undefined {
    const { current } = this.#history;
    return current === this.#agreed ? current : undefined;
  }

  /** Schemas in which unqualified names are looked up, implied ones in front; undefined when it is not known. */
  get searchPath(): readonly string[] | undefined {
    const { current } = this.#history;
    if (this.#path?.of !== current) this.#path = { of: current, schemas: this.#schemas() };
    return this.#path.schemas;
  }

  /** The schema of the session's temporary tables. */
  get temporarySchema(): string {
    return this.#start.temporarySchema;
  }

  /** Value of `search_path`; undefined when it is not known. */
  get searchPathSetting(): string | undefined {
    return this.#known('search_path', this.#start.searchPath);
  }

  /** `current_user`; undefined when it is not known. */
  get role(): string | undefined {
    const role = this.#known('role', this.#start.role);
    return role === 'none' ? this.#known('session_authorization', this.#start.user) : role;
  }

  /** Where it is not known, what the server reported last. */
  get standardConformingStrings(): boolean {
    const start = this.#start.standardConformingStrings ? 'on' : 'off';
    const name = 'standard_conforming_strings';
    return !no.test(this.#known(name, start) ?? this.#reported.get(name) ?? start);
  }

  /** Of code that is read when it runs: false where it is not known, since then a backslash may mean either. */
  get codeConforms(): boolean {
    const name = 'standard_conforming_strings';
    return !no.test(this.#known(name, this.#reportedFirst.get(name) ?? 'on') ?? 'off');
  }

  /** True when a setting that the server reports is, as far as it was followed, what the server has reported. */
  isAsReported(name: string): boolean {
    // What the server has reported has been taken over.
    if (this.identity !== undefined) return true;
    const reported = this.#reported.get(name);
    const value = this.#known(name, this.#reportedFirst.get(name) ?? '');
    return reported === undefined || (value !== undefined && spelled(value) === spelled(reported));
  }

  /**
   * The settings as a text. Two are equal only where no setting differs that can change what a statement means; one that
   * is not known differs from every other that is not known since another statement.
   */
  fingerprint(): string {
    const { current } = this.#history;
    if (this.#fingerprint?.of !== current)
      this.#fingerprint = { of: current, text: this.#describe(current, meaningless) };
    return this.#fingerprint.text;
  }

  /** All settings as a text, those too that change no meaning: a text can ask for their values. */
  everything(): string {
    return this.#describe(this.#history.current, nothingLess);
  }

  /** The role is the one that the session began with, and would be after SET ROLE NONE as well. */
  get #actsAsItself(): boolean {
    const { current } = this.#history;
    const { user, role } = this.#start;
    return current.base === undefined && user === role && this.role === user && this.#known('role', 'none') === 'none';
  }

  /** The server says that it is this now. */
  #correct(name: string, value: string): void {
    const { current } = this.#history;
    const asAtStart = current.base === undefined && value === this.#reportedFirst.get(name);
    const tracked = current.get(name);
    if (asAtStart && tracked !== undefined) this.#history.correct(name, undefined);
    if (!asAtStart && tracked !== value) this.#history.correct(name, value);
  }

  #describe(current: Settings, but: ReadonlySet<string>): string {
    const { user, role, searchPath, settings } = this.#start;
    const all = new Map<string, string>(Object.entries({ ...settings, search_path: searchPath }));
    for (const [name, value] of current.entries()) all.set(name, this.#text(value));
    const members = Array.from(all).filter(([name]) => !but.has(name));
    const base = current.base === undefined ? '' : this.#text(current.base);
    return JSON.stringify([user, role, base, ...members.sort(([a], [b]) => (a < b ? -1 : 1))]);
  }

  /** A value that is known is quoted, so that none looks like one that is not. */
  #text(value: SettingValue): string {
    return typeof value === 'string' ? value : `\0${this.#salt} ${value.unknown}`;
  }

  #schemas(): readonly string[] | undefined {
    const setting = this.searchPathSetting;
    if (setting === undefined) return undefined;
    return schemasOf(setting, { role: this.role, temporarySchema: this.#start.temporarySchema });
  }

  /** The value of a setting that begins as `start`; undefined when it is not known. */
  #known(name: string, start: string): string | undefined {
    const value = this.#history.current.get(name) ?? this.#history.current.base ?? start;
    return typeof value === 'string' ? value : undefined;
  }
}

/** Encodings and booleans can be written in several ways; those that are told apart here are the same at worst. */
function spelled(value: string): string {
  return value.replaceAll(/[^a-z0-9]/gi, '').toLowerCase();
}

/** Values of a boolean that is off: parse_bool takes unambiguous beginnings. */
const no = /^(?:f|fa|fal|fals|false|n|no|of|off|0)$/i;
