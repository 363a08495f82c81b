import { unreadable } from '../policy/denial.ts';
import type { Policy } from '../policy/policy.ts';
import type { Verdict } from '../policy/verdict.ts';
import type { Analysis } from '../sql/analysis.ts';
import type { Catalog } from '../sql/catalog.ts';
import { functionsNamed } from '../sql/functions-named.ts';
import type { Definitions } from './definitions.ts';
import type { Judged, ToJudge } from './guard.ts';
import type { GuardMasking } from './guard-masking.ts';
import {
  allowed,
  definedLater,
  tooFast,
  unknownName,
  unknownRelation,
  unknownStatement,
  withMasks,
} from './guard-verdicts.ts';
import { boundValues, parameterTexts } from './parameter-texts.ts';
import type { SharedDefinitions } from './shared-definitions.ts';
import type { StatementRate } from './statement-rate.ts';
import type { Read, StatementReader } from './statement-reader.ts';

export interface StatementJudgeOptions {
  readonly policy: Policy | undefined;
  readonly masking: GuardMasking | undefined;
  readonly rate: StatementRate;
  readonly reader: StatementReader;
  /** The database's catalog as it is known now. */
  readonly catalog: () => Catalog | undefined;
  /** Of all sessions on the database, and this session's among them. */
  readonly definitions: { readonly all: SharedDefinitions; readonly own: Definitions };
  /** Wall-clock microseconds for a time of the session's own clock. */
  readonly wallUs: (us: number) => number;
}

/** Says of a statement that has been read what rules, limits and masks say of it. Each time counts against the rate. */
export class StatementJudge {
  readonly #options: StatementJudgeOptions;

  constructor(options: StatementJudgeOptions) {
    this.#options = options;
  }

  judge(read: Read, us: number): Judged {
    const { statement, analysis, settings, behind, unprepared, made, makes } = read;
    const refused = (verdict: Verdict): Judged => ({ analysis: undefined, verdict, settings });
    if (analysis === undefined) return refused(unknownName(statement));
    if ('why' in analysis) return refused(unreadable(analysis.why));
    const [name] = unprepared;
    if (name !== undefined) return refused(unknownStatement(name));
    const unknown = this.#unknownOf(analysis);
    if (unknown.length > 0) return refused(unknownRelation(unknown));
    const seen = this.#withOwnDefinitions(analysis, read);
    const verdict = this.#verdictOn(seen, read, us);
    const about = { verdict, settings, ...(made.isEmpty ? {} : { tables: made }), ...(makes && { makes }) };
    if (verdict.decision === 'approve') {
      const asked = { ...about, statement: ownedToJudge({ ...statement, behind }) };
      // What the session alone can see is nothing that was approved before.
      const isOwn = made.isUsedBy(seen);
      return { ...asked, analysis: isOwn ? this.#options.reader.alsoReadAs(seen, { ...seen, isStale: true }) : seen };
    }
    // A function that nobody knows is misspelled, most probably, and Postgres says so better.
    return { ...about, analysis: verdict.decision === 'deny' && this.#namesNoFunction(seen) ? undefined : seen };
  }

  /** What the statement means where it meets what sessions have defined and no catalog has yet. */
  #withOwnDefinitions(analysis: Analysis, read: Read): Analysis {
    const { all, own } = this.#options.definitions;
    const isFunction = (called: string): boolean => this.#options.catalog()?.functions(called).length !== 0;
    return own.withTriggersThatWait(all.cautious(analysis, own, read), isFunction);
  }

  #verdictOn(analysis: Analysis, { statement, made }: Read, us: number): Verdict {
    if (this.#leavesDefinitions(analysis)) return definedLater();
    const error =
      analysis.names === undefined ? undefined : this.#options.masking?.whyNotRead(analysis.names.analysis, made);
    return error === undefined
      ? this.#verdict(analysis, { statement, made }, us)
      : withMasks(allowed, { rule: 'masking', message: error.message });
  }

  /**
   * Relations of which nobody can tell what rules say: the catalog does not have them, and the session has not made them.
   * Postgres is asked about such a statement (a Query is parsed, and runs no further), so that a misspelled name is its error.
   */
  #unknownOf({ unresolved }: Analysis): readonly string[] {
    if (this.#options.policy === undefined) return [];
    return unresolved.filter((name) => !this.#options.definitions.own.has(name));
  }

  /** True when it calls a function that neither the catalog has nor the session has made. */
  #namesNoFunction({ commands: [{ functions }] }: Analysis): boolean {
    const catalog = this.#options.catalog();
    if (catalog === undefined) return false;
    return functions.some(
      (name) => functionsNamed(catalog, name).length === 0 && !this.#options.definitions.own.has(name),
    );
  }

  /** PREPARE TRANSACTION: what is defined takes effect when anybody commits it, and nothing tells the gateway of that. */
  #leavesDefinitions({ effects }: Analysis): boolean {
    return (
      this.#options.definitions.own.changed &&
      effects.some((effect) => effect.type === 'transaction' && effect.does === 'prepare')
    );
  }

  #verdict(analysis: Analysis, { statement, made }: Pick<Read, 'statement' | 'made'>, us: number): Verdict {
    const waitUs = this.#options.rate.waitUs(analysis, statement, us);
    if (waitUs > 0) return tooFast(waitUs);
    const refused = this.#options.masking?.refusal(analysis, made);
    return withMasks(
      this.#options.policy?.judge(
        {
          analysis,
          sql: statement.text ?? '',
          protocol: statement.protocol,
          // Most rules do not ask for them.
          get parameters() {
            return textsOf(statement);
          },
          inTransaction: statement.inTransaction,
        },
        this.#options.wallUs(us),
      ) ?? allowed,
      refused,
    );
  }
}

/** Of a Bind in pieces nothing is known of its parameters, not even how many: a rule that asks for them cannot be evaluated. */
function textsOf({ protocol, parameters, parameterTypes }: ToJudge): readonly (string | null | undefined)[] {
  if (protocol === 'extended' && parameters === undefined) return [undefined];
  return parameterTexts(boundValues(parameters, parameterTypes));
}

/** What is to be kept: parameters are a view of the chunk that they came in. */
export function ownedToJudge(statement: ToJudge): ToJudge {
  const { parameters } = statement;
  return parameters === undefined ? statement : { ...statement, parameters: parameters.slice() };
}
