import type { Command } from '../sql/analysis.ts';
import type { JudgedStatement, PolicySubject, RuleFacts } from './policy.ts';

/**
 * What a condition sees: the fields of each class are the fields that CEL knows (policy/environment.ts). They are getters,
 * so that what no rule asks for is not made. A field that cannot be told throws, and a condition that needs it fails:
 * `false && it` is still false.
 */

/** One command of a statement. */
export class StatementFacts {
  readonly #command: Command | undefined;
  readonly #statement: JudgedStatement | undefined;

  /** Without arguments: nothing is known of any statement, each field throws. */
  constructor(command?: Command, statement?: JudgedStatement) {
    this.#command = command;
    this.#statement = statement;
  }

  get kind(): string {
    return this.#known.kind;
  }

  get reads(): readonly string[] {
    return this.#known.reads;
  }

  get writes(): readonly string[] {
    return this.#known.writes;
  }

  get tables(): readonly string[] {
    const { reads, writes } = this.#known;
    if (writes.length === 0) return reads;
    return reads.length === 0 ? writes : [...new Set([...reads, ...writes])];
  }

  get readsColumns(): readonly string[] {
    return this.#known.readsColumns;
  }

  get writesColumns(): readonly string[] {
    return this.#known.writesColumns;
  }

  get functions(): readonly string[] {
    return this.#known.functions;
  }

  get volatileFunctions(): readonly string[] {
    return this.#known.volatileFunctions;
  }

  get hasWhere(): boolean {
    return this.#known.hasWhere;
  }

  get isWrite(): boolean {
    return this.#known.isWrite;
  }

  get isDdl(): boolean {
    return this.#known.isDdl;
  }

  get isTransactionControl(): boolean {
    return this.#known.isTransactionControl;
  }

  get isOpaque(): boolean {
    return this.#known.isOpaque;
  }

  get isOutside(): boolean {
    return this.#known.isOutside;
  }

  get via(): string {
    return this.#known.via ?? '';
  }

  get sql(): string {
    return this.#whole.sql;
  }

  get protocol(): string {
    return this.#whole.protocol;
  }

  get unresolved(): readonly string[] {
    return this.#whole.analysis.unresolved;
  }

  get parameters(): readonly (string | null)[] {
    const { parameters } = this.#whole;
    const unread = parameters.indexOf(undefined);
    if (unread !== -1) throw new Error(`the binary parameter $${unread + 1} cannot be read`);
    return parameters as readonly (string | null)[];
  }

  get #known(): Command {
    if (this.#command === undefined) throw new Error('the statement is not known');
    return this.#command;
  }

  get #whole(): JudgedStatement {
    if (this.#statement === undefined) throw new Error('the statement is not known');
    return this.#statement;
  }
}

/** Who asks. */
export class IdentityFacts {
  readonly name: string;
  readonly kind: string;
  readonly groups: readonly string[];
  readonly onBehalfOf: string;
  readonly method: string;

  constructor({ name, kind, groups, onBehalfOf, method }: PolicySubject['identity']) {
    this.name = name;
    this.kind = kind;
    this.groups = groups;
    this.onBehalfOf = onBehalfOf ?? '';
    this.method = method;
  }
}

/** Where. */
export class ConnectionFacts {
  readonly name: string;
  readonly database: string;
  readonly role: string;

  constructor({ name, database, role }: PolicySubject['connection']) {
    this.name = name;
    this.database = database;
    this.role = role;
  }
}

/** In which session, and in which state of it. */
export class SessionFacts {
  readonly client: string;
  readonly application: string;
  readonly runId: string;
  readonly #inTransaction: boolean | undefined;

  constructor({ client, application, runId }: PolicySubject['session'], inTransaction?: boolean) {
    this.client = client;
    this.application = application ?? '';
    this.runId = runId ?? '';
    this.#inTransaction = inTransaction;
  }

  get inTransaction(): boolean {
    if (this.#inTransaction === undefined) throw new Error('the state of the transaction is not known');
    return this.#inTransaction;
  }
}

/** When, in UTC. CEL's whole numbers are bigints. */
export class TimeFacts {
  readonly #date: Date | undefined;

  /** Wall-clock microseconds since 1970; without, each field throws. */
  constructor(us?: number) {
    this.#date = us === undefined ? undefined : new Date(us / 1000);
  }

  get hour(): bigint {
    return BigInt(this.#known.getUTCHours());
  }

  get minute(): bigint {
    return BigInt(this.#known.getUTCMinutes());
  }

  /** 1 is Monday, 7 is Sunday. */
  get weekday(): bigint {
    return BigInt(this.#known.getUTCDay() || 7);
  }

  /** `YYYY-MM-DD`. */
  get date(): string {
    return this.#known.toISOString().slice(0, 10);
  }

  get timestamp(): Date {
    return this.#known;
  }

  get #known(): Date {
    if (this.#date === undefined) throw new Error('the time is not known');
    return this.#date;
  }
}

/** What conditions see that stays the same for a whole session. */
export interface SubjectFacts {
  readonly subject: PolicySubject;
  readonly identity: IdentityFacts;
  readonly connection: ConnectionFacts;
}

/** The facts of a session. */
export function subjectFacts(subject: PolicySubject): SubjectFacts {
  return {
    subject,
    identity: new IdentityFacts(subject.identity),
    connection: new ConnectionFacts(subject.connection),
  };
}

/** The facts about the commands of a statement, in their order. `us`: wall-clock microseconds. */
export function statementFacts(about: SubjectFacts, statement: JudgedStatement, us: number): readonly RuleFacts[] {
  const { identity, connection } = about;
  const session = new SessionFacts(about.subject.session, statement.inTransaction);
  const time = new TimeFacts(us);
  return statement.analysis.commands.map((command) => ({
    statement: new StatementFacts(command, statement),
    identity,
    connection,
    session,
    time,
  }));
}

/** What is known before there is a statement. A condition that is false of it is false of every statement of the session. */
export function factsWithoutStatement({ subject, identity, connection }: SubjectFacts): RuleFacts {
  return {
    statement: new StatementFacts(),
    identity,
    connection,
    session: new SessionFacts(subject.session),
    time: new TimeFacts(),
  };
}
