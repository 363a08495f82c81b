import { randomUUID } from 'node:crypto';
import { encodeBackend, noticeResponse } from '@onrecord/wire';
import type { ApprovalDesk } from '../approvals/approval-desk.ts';
import { boundDefinitions } from '../approvals/bound-definitions.ts';
import type { Question } from '../approvals/question.ts';
import type { Config, Connection, Identity } from '../config/config.ts';
import { Refusal } from '../errors.ts';
import { activeMasks } from '../masking/active-masks.ts';
import { createPolicy } from '../policy/create-policy.ts';
import type { Controls, Policy, PolicySubject } from '../policy/policy.ts';
import type { RateLimits } from '../policy/rate.ts';
import { PolicyGuard } from '../session/policy-guard.ts';
import type { SessionSettings } from '../session/session-settings.ts';
import type { TurnAsk } from '../session/turn.ts';
import type { Analysis, Analyze } from '../sql/analysis.ts';
import type { Catalogs, CatalogView } from './catalog/catalogs.ts';
import type { Clock } from './clock.ts';
import { composeQuestion, type Requester } from './compose-question.ts';
import type { Asked, SessionControl } from './session-control.ts';

/** What sessions under rules, limits or masks share. */
export interface Guards {
  readonly catalogs: Catalogs;
  readonly desk: Pick<ApprovalDesk, 'ask' | 'use' | 'access' | 'attach' | 'endWhere'>;
  readonly analyze: Analyze;
  readonly rates: RateLimits;
  /** HMAC-SHA-256 with the key of `hash` masks. */
  readonly hmac: (bytes: Uint8Array) => Uint8Array;
  /** The text without its password literals. */
  readonly redact: (sql: string) => string;
}

/** What applies to a session, before it is known whether anything does. */
export interface SessionRules {
  readonly config: Config;
  readonly connection: Connection;
  readonly identity: Identity;
}

/** True when rules, limits or masks may apply: then the session needs a guard. */
export function mayNeedGuard({ config, connection, identity }: SessionRules): boolean {
  if (config.policy.length > 0) return true;
  if ([connection.controls, identity.controls].some(restricts)) return true;
  return masksOf({ config, connection, identity }) !== undefined;
}

/** True when Postgres itself is told that the session only reads. */
export function isReadOnly({ connection, identity }: Omit<SessionRules, 'config'>): boolean {
  return connection.controls.readOnly || identity.controls.readOnly;
}

function restricts({ readOnly, tables, rows, timeMs, rate }: Controls): boolean {
  return readOnly || [tables, rows, timeMs, rate].some((limit) => limit !== undefined);
}

function masksOf({ config, connection, identity }: SessionRules): ReturnType<typeof activeMasks> {
  return activeMasks(config.masking.rules, {
    connection: connection.name,
    identity: identity.name,
    groups: identity.groups,
  });
}

export interface GuardSessionOptions extends SessionRules {
  readonly guards: Guards;
  readonly subject: PolicySubject;
  readonly requester: Requester;
  readonly catalog: CatalogView;
  readonly settings: SessionSettings;
  readonly clock: Clock;
  /** Has Postgres give up what the session is doing; resolves when it has been told. */
  readonly cancel: () => Promise<void>;
  /** Looks for what approvers want to know, and adds it to the question. */
  readonly gatherEvidence: (approval: string, question: Question, analyses: readonly Analysis[]) => void;
  readonly log: (message: string) => void;
}

export interface GuardedSession {
  readonly guard: PolicyGuard;
  readonly control: SessionControl;
  /** Stands for the definitions that are known now. Where somebody is changing some, it is another one each time. */
  readonly catalog: () => object | undefined;
  /** The session is over: what it has defined counts until the catalog has it. */
  end(): void;
}

/** The guard of a session that has been opened, and what its Drive needs; undefined when nothing applies to it. */
export function guardSession(options: GuardSessionOptions): GuardedSession | undefined {
  const { guards, config, connection, identity, subject, catalog, settings, clock } = options;
  const policy = createPolicy({
    rules: config.policy,
    controls: [connection.controls, identity.controls],
    subject,
  });
  const controls = [connection.controls, identity.controls];
  const masks = masksOf(options);
  const rowLimit = least(controls.map(({ rows }) => rows));
  const timeMs = least(controls.map((each) => each.timeMs));
  const rates = controls.flatMap(({ rate }) => rate ?? []);
  if (!applies({ policy, masks, rowLimit, timeMs, rates })) return undefined;
  const whose = { identity: identity.name, connection: connection.name };
  const wallUs = (us: number): number => clock.wallUs() - (clock.monotonicUs() - us);
  const definitions = catalog.definitions.join();
  const guard = new PolicyGuard({
    policy,
    masks,
    rowLimit,
    rate: rates.length === 0 ? undefined : (us) => guards.rates.admit(whose, rates, us),
    analyze: guards.analyze,
    catalog: () => catalog.current,
    definitions: { all: catalog.definitions, own: definitions },
    settings,
    hmac: guards.hmac,
    wallUs,
  });
  const control: SessionControl = {
    readCatalog: async () => {
      try {
        await catalog.refresh();
      } catch (error) {
        options.log(`the catalog of "${connection.name}" could not be read: ${(error as Error).message}`);
      }
      guard.catalogRead();
    },
    ask: (ask, withdrawn) => askPeople(ask, withdrawn, options, guard),
    cancel: options.cancel,
    timeMs,
  };
  const end = (): void => {
    if (!definitions.changed) return catalog.release();
    void catalog
      .refresh()
      .catch(() => {})
      .then(() => {
        definitions.caughtUp();
        catalog.release();
      });
  };
  const current = (): object | undefined => (catalog.definitions.hasAny ? {} : catalog.current);
  return { guard, control, catalog: current, end };
}

function applies(about: {
  readonly policy: Policy | undefined;
  readonly masks: unknown;
  readonly rowLimit: number | undefined;
  readonly timeMs: number | undefined;
  readonly rates: readonly unknown[];
}): boolean {
  const { policy, masks, rowLimit, timeMs, rates } = about;
  return [policy, masks, rowLimit, timeMs].some((part) => part !== undefined) || rates.length > 0;
}

async function askPeople(
  ask: TurnAsk,
  withdrawn: AbortSignal,
  options: GuardSessionOptions,
  guard: PolicyGuard,
): Promise<Asked> {
  const { guards, requester, settings, catalog } = options;
  // What another session has just committed is to be known.
  await catalog.refresh();
  const analyses = analysesOf(ask);
  const definitions = boundDefinitions(analyses, catalog.current);
  // What the transaction itself has defined is in no catalog: nothing that was approved before is that.
  const own = analyses.some(({ isStale }) => isStale === true) ? randomUUID() : '';
  const question = composeQuestion(ask, {
    requester,
    role: settings.role ?? requester.role,
    recent: guard.recent(ask.statements.length),
    transactionStatus: ask.statements[0]?.transactionBefore ?? 'I',
    definitions: `${definitions}${own}${analyses.some(asksForSettings) ? settings.everything() : ''}`,
    redact: guards.redact,
  });
  const waiting = await guards.desk.ask(question, withdrawn);
  options.gatherEvidence(waiting.approval, question, analyses);
  return {
    approval: waiting.approval,
    notice: waitsNotice(waiting.approval, ask),
    answer: waiting.answer,
    use: async () => {
      await catalog.refresh();
      if (boundDefinitions(analyses, catalog.current) !== definitions) throw redefined();
      await guards.desk.use(waiting.approval, question);
    },
  };
}

function analysesOf({ statements }: TurnAsk): readonly Analysis[] {
  return statements.flatMap(({ judged }) => judged?.analysis ?? []);
}

/** It may show or store what settings are. */
function asksForSettings({ commands }: Analysis): boolean {
  return commands.some(
    ({ isOpaque, functions, reads }) =>
      isOpaque ||
      functions.some((name) => name === 'pg_catalog.current_setting' || name === 'pg_catalog.show_all_settings') ||
      reads.includes('pg_catalog.pg_settings'),
  );
}

/** Somebody has changed what a name in it means while people were asked. */
function redefined(): Refusal {
  return new Refusal('42501', 'what the statement touches has been defined anew since approval was asked for', {
    hint: 'Run it again, to ask anew.',
  });
}

/** Tells the client why nothing happens, and whom to ask. */
function waitsNotice(approval: string, { asks }: TurnAsk): Uint8Array {
  const groups = Array.from(new Set(asks.map(({ group }) => `"${group}"`))).join(' and ');
  const rules = Array.from(new Set(asks.map(({ rule }) => `"${rule}"`))).join(', ');
  const seconds = Math.min(...asks.map(({ timeoutMs }) => timeoutMs)) / 1000;
  return encodeBackend(
    noticeResponse({
      severity: 'NOTICE',
      sqlstate: '00000',
      message: `the statement waits for approval ${approval} by ${groups}, for at most ${seconds} s`,
      detail: `Policy: ${rules}.`,
      hint: `They decide with: onrecord approvals show ${approval}`,
    }),
  ).finish();
}

function least(limits: readonly (number | undefined)[]): number | undefined {
  const set = limits.filter((limit) => limit !== undefined);
  return set.length === 0 ? undefined : Math.min(...set);
}
