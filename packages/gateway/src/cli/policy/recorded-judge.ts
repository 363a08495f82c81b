import type { Config } from '../../config/config.ts';
import type { PolicySubject } from '../../policy/policy.ts';
import type { Catalog } from '../../sql/catalog.ts';
import type { Store } from '../../store/store.ts';
import type { SessionView, StatementView } from '../../store/views.ts';
import { connectedCatalog } from './connected-catalog.ts';
import { controlsFor, type SessionControls, TextSession, type Tools, verdictOn } from './judge-text.ts';

/** What rules say of a recorded statement. */
export interface Said {
  readonly decision: 'allow' | 'approve' | 'deny';
  readonly rules: readonly string[];
}

/** Sessions that are followed at a time; of one that comes back later, what it prepared before is not known any more. */
const maxSessions = 1_000;

/** Kinds of statements that run something of their own: a fetch goes on with what was decided when its portal was bound. */
const judged: ReadonlySet<StatementView['kind']> = new Set(['simple', 'execute']);

interface Followed {
  readonly subject: PolicySubject;
  readonly catalog: Catalog | undefined;
  readonly texts: TextSession;
  readonly controls: Map<Config, SessionControls>;
}

/** Judges recorded statements, in their order, by the rules of configurations. */
export class RecordedJudge {
  /** Connections whose catalog could not be had, and why. */
  readonly problems: Map<string, string> = new Map();
  readonly #tools: Tools;
  readonly #store: Store;
  readonly #gateway: Config;
  readonly #sessions = new Map<string, Followed | undefined>();
  readonly #catalogs = new Map<string, Catalog | undefined>();

  /** `gateway`: the configuration of the gateway that is asked for catalogs. */
  constructor(about: { readonly tools: Tools; readonly store: Store; readonly gateway: Config }) {
    this.#tools = about.tools;
    this.#store = about.store;
    this.#gateway = about.gateway;
  }

  /** What each configuration says of the statement; undefined when it runs nothing of its own. */
  async judge(view: StatementView, configs: readonly Config[]): Promise<readonly Said[] | undefined> {
    if (!judged.has(view.kind)) return undefined;
    const followed = await this.#follow(view.session);
    if (followed === undefined) return undefined;
    const texts = followed.texts.read(view.sql);
    const about = {
      parameters: view.parameters.map(({ text, decoded }) => (decoded ? text : undefined)),
      protocol: view.kind === 'simple' ? ('simple' as const) : ('extended' as const),
      inTransaction: view.transactionBefore !== 'I',
      us: view.at,
    };
    return configs.map((config) => {
      const verdicts = texts.map((text) => verdictOn(text, controlsOf(config, followed), about));
      const worst = ['deny', 'approve'].find((decision) => verdicts.some((verdict) => verdict.decision === decision));
      const rules = verdicts.flatMap(({ matches }) => matches.map(({ rule }) => rule));
      return { decision: (worst as Said['decision'] | undefined) ?? 'allow', rules };
    });
  }

  async #follow(session: string): Promise<Followed | undefined> {
    if (this.#sessions.has(session)) return this.#sessions.get(session);
    const view = await this.#store.session(session);
    const followed = view === undefined ? undefined : await this.#begin(view);
    this.#sessions.set(session, followed);
    if (this.#sessions.size > maxSessions) {
      const [oldest] = this.#sessions.keys();
      if (oldest !== undefined) this.#sessions.delete(oldest);
    }
    return followed;
  }

  async #begin(view: SessionView): Promise<Followed> {
    const catalog = await this.#catalogOf(view.connection, view.database);
    const subject = subjectOfSession(view);
    const texts = new TextSession(this.#tools, { catalog, role: view.role });
    return { subject, catalog, texts, controls: new Map() };
  }

  async #catalogOf(connection: string, database: string): Promise<Catalog | undefined> {
    const key = JSON.stringify([connection, database]);
    if (!this.#catalogs.has(key)) {
      const { catalog, problem } = await connectedCatalog(this.#gateway, connection, database);
      this.#catalogs.set(key, catalog);
      if (problem !== undefined) this.problems.set(connection, problem);
    }
    return this.#catalogs.get(key);
  }
}

function controlsOf(config: Config, { subject, catalog, controls }: Followed): SessionControls {
  const known = controls.get(config);
  if (known !== undefined) return known;
  const made = controlsFor(config, subject, catalog);
  controls.set(config, made);
  return made;
}

function subjectOfSession(view: SessionView): PolicySubject {
  const { identity, groups, method, connection, database, role, client, claimed, onBehalfOf } = view;
  return {
    identity: {
      name: identity,
      kind: view.identityKind as PolicySubject['identity']['kind'],
      groups,
      onBehalfOf: onBehalfOf.verified,
      method,
    },
    connection: { name: connection, database, role },
    session: { client, application: claimed.applicationName, runId: claimed.runId },
  };
}
