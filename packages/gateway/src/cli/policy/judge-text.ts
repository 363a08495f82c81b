import { roleFor } from '@onrecord/connector';
import type { Config, Connection, Identity } from '../../config/config.ts';
import { Refusal } from '../../errors.ts';
import { activeMasks } from '../../masking/active-masks.ts';
import { maskRefusal } from '../../masking/refusal.ts';
import { type ResolvedMasks, resolveMasks } from '../../masking/resolved-masks.ts';
import { createPolicy, rulesFor } from '../../policy/create-policy.ts';
import { unreadable } from '../../policy/denial.ts';
import { statementFacts, subjectFacts } from '../../policy/facts.ts';
import type { JudgedStatement, Policy, PolicySubject, Rule } from '../../policy/policy.ts';
import type { Verdict } from '../../policy/verdict.ts';
import type { Analysis, Analyze } from '../../sql/analysis.ts';
import type { Catalog } from '../../sql/catalog.ts';
import type { Splitter } from '../../sql/split.ts';

/** Postgres's parser, and what is made from it; loaded once. */
export interface Tools {
  readonly analyze: Analyze;
  readonly split: Splitter;
}

/** Loads Postgres's parser. */
export async function loadTools(): Promise<Tools> {
  const [{ createAnalyzer }, { loadParser }, { createSplitter }] = await Promise.all([
    import('../../sql/analysis/analyze.ts'),
    import('../../sql/parser.ts'),
    import('../../sql/split.ts'),
  ]);
  return { analyze: createAnalyzer(await loadParser()), split: await createSplitter() };
}

/** The session that an identity of the configuration would have on a connection, as far as it is known without one. */
export function subjectOf(identity: Identity, connection: Connection, database?: string): PolicySubject {
  const { reach } = connection;
  const owner = { identity: identity.name, groups: identity.groups };
  const known =
    reach.type === 'connector'
      ? { database: '', role: '' }
      : { database: reach.database.database ?? '', role: roleFor(reach.database, owner)?.user ?? '' };
  return {
    identity: {
      name: identity.name,
      kind: identity.kind,
      groups: identity.groups,
      onBehalfOf: undefined,
      method: identity.login[0] ?? 'token',
    },
    connection: { name: connection.name, database: database ?? known.database, role: known.role },
    session: { client: '', application: undefined, runId: undefined },
  };
}

/** What of a configuration decides over the statements of a session. */
export interface SessionControls {
  readonly policy: Policy | undefined;
  readonly masks: ResolvedMasks | undefined;
}

/** The controls that a configuration means for a session. */
export function controlsFor(
  config: Pick<Config, 'policy' | 'masking' | 'connections' | 'identities'>,
  subject: PolicySubject,
  catalog: Catalog | undefined,
): SessionControls {
  const connection = config.connections.get(subject.connection.name);
  const identity = config.identities.get(subject.identity.name);
  const masks = activeMasks(config.masking.rules, {
    connection: subject.connection.name,
    identity: subject.identity.name,
    groups: subject.identity.groups,
  });
  return {
    policy: createPolicy({
      rules: config.policy,
      controls: [connection?.controls ?? uncontrolled, identity?.controls ?? uncontrolled],
      subject,
    }),
    masks: masks === undefined ? undefined : resolveMasks(masks, catalog),
  };
}

const uncontrolled = { readOnly: false, tables: undefined, rows: undefined, timeMs: undefined, rate: undefined };

/** What a statement is judged with. */
export interface Circumstances {
  readonly parameters: JudgedStatement['parameters'];
  readonly protocol: JudgedStatement['protocol'];
  readonly inTransaction: boolean;
  /** Wall-clock microseconds. */
  readonly us: number;
}

/** The verdict on an analysed statement, as a session gives it. */
export function verdictOn({ sql, analysis }: AnalysedText, controls: SessionControls, about: Circumstances): Verdict {
  const { policy, masks } = controls;
  if (policy === undefined && masks === undefined) return allowed;
  if ('why' in analysis) return unreadable(analysis.why);
  const verdict = policy?.judge({ ...about, sql, analysis }, about.us) ?? allowed;
  const refused = masks === undefined ? undefined : maskRefusal(masks, analysis);
  if (refused === undefined) return verdict;
  const { rule, message, hint } = refused;
  const error = new Refusal('42501', message, hint === undefined ? {} : { hint });
  return { decision: 'deny', matches: [{ rule, then: 'deny' }, ...verdict.matches], error: verdict.error ?? error };
}

const allowed: Verdict = { decision: 'allow', matches: [] };

/** What one rule says of each command: true, false, or why it cannot be told. */
export interface RuleAnswer {
  readonly rule: Rule;
  /** False: it can apply to nothing that this identity does on this connection. */
  readonly canApply: boolean;
  readonly answers: readonly (boolean | { readonly why: string })[];
}

/** What each rule says of a statement, whether or not it matters for the verdict. */
export function answersOf(
  rules: readonly Rule[],
  subject: PolicySubject,
  statement: JudgedStatement,
  us: number,
): readonly RuleAnswer[] {
  const about = subjectFacts(subject);
  const applying = rulesFor(rules, about);
  const commands = statementFacts(about, statement, us);
  return rules.map((rule) => ({
    rule,
    canApply: applying.includes(rule),
    answers: commands.map((facts) => {
      try {
        return rule.matches(facts);
      } catch (error) {
        const { summary, message } = error as Error & { readonly summary?: string };
        return { why: summary ?? message };
      }
    }),
  }));
}

export interface AnalysedText {
  readonly sql: string;
  readonly analysis: Analysis | { readonly why: string };
}

/**
 * Texts of one session in their order: what PREPARE, DECLARE and SET search_path mean for those behind them is followed, as
 * if each had completed. Parse of the extended protocol is not seen here.
 */
export class TextSession {
  readonly #tools: Tools;
  readonly #catalog: Catalog | undefined;
  readonly #role: string;
  readonly #prepared = new Map<string, Analysis>();
  readonly #cursors = new Map<string, Analysis>();
  #searchPath: readonly string[] | undefined;

  constructor(tools: Tools, about: { readonly catalog: Catalog | undefined; readonly role: string }) {
    this.#tools = tools;
    this.#catalog = about.catalog;
    this.#role = about.role;
    this.#searchPath = this.#pathOf(['$user', 'public']);
  }

  /** The statements of a text, in order; what cannot be told apart is one. */
  read(text: string): readonly AnalysedText[] {
    const bytes = Buffer.from(text).toString('latin1');
    const ranges = this.#tools.split(bytes) ?? [{ start: 0, end: bytes.length }];
    return ranges.map(({ start, end }) => this.#readOne(Buffer.from(bytes.slice(start, end), 'latin1').toString()));
  }

  #readOne(sql: string): AnalysedText {
    const analysis = this.#tools.analyze(sql, {
      catalog: this.#catalog,
      searchPath: this.#searchPath,
      standardConformingStrings: true,
      prepared: (name) => this.#prepared.get(name),
      cursor: (name) => this.#cursors.get(name),
    });
    if (!('why' in analysis)) this.#follow(analysis);
    return { sql, analysis };
  }

  #follow({ names, effects }: Analysis): void {
    if (names !== undefined)
      (names.type === 'prepare' ? this.#prepared : this.#cursors).set(names.name, names.analysis);
    for (const effect of effects) {
      if (effect.type === 'anything') this.#searchPath = undefined;
      if (effect.type === 'reset all') this.#searchPath = this.#pathOf(['$user', 'public']);
      if (effect.type === 'set' && effect.name === 'search_path') {
        this.#searchPath = effect.value === undefined ? undefined : this.#pathOf(listed(effect.value));
      }
    }
  }

  /** Schemas as Postgres searches them: those that are implicit in front, those that are not there left out. */
  #pathOf(names: readonly string[]): readonly string[] | undefined {
    const catalog = this.#catalog;
    if (catalog === undefined) return undefined;
    const named = names.map((name) => (name === '$user' ? this.#role : name));
    return named.includes('pg_catalog') ? named : ['pg_catalog', ...named];
  }
}

/** `"$user", public` as names. */
function listed(value: string): readonly string[] {
  return [...value.matchAll(/"((?:[^"]|"")*)"|([^\s,"]+)/g)].map(
    ([, quoted, plain = '']) => quoted?.replaceAll('""', '"') ?? plain.toLowerCase(),
  );
}
