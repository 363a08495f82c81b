import type { Question } from '../approvals/question.ts';
import { questionHash } from '../approvals/question-hash.ts';
import { boundValues, parameterTexts } from '../session/parameter-texts.ts';
import type { TurnAsk } from '../session/turn.ts';

/** Who asks, and where: the same for a whole session. */
export type Requester = Pick<
  Question,
  | 'session'
  | 'identity'
  | 'identityKind'
  | 'onBehalfOf'
  | 'connection'
  | 'database'
  | 'role'
  | 'client'
  | 'reason'
  | 'backendPid'
>;

/** Between EXECUTE or FETCH and the text behind the name. */
const whichRuns = '\n-- which runs:\n';

/** What is put to people about statements that wait, and what their approval binds to. */
export function composeQuestion(
  ask: TurnAsk,
  about: {
    readonly requester: Requester;
    /** The role in force, `SET ROLE` included. */
    readonly role: string;
    readonly recent: readonly string[];
    readonly transactionStatus: Question['transactionStatus'];
    /** What the catalog says of what the statements touch. */
    readonly definitions: string;
    /** Takes password literals out of a text. */
    readonly redact: (sql: string) => string;
  },
): Question {
  const { requester, role, recent, transactionStatus, definitions, redact } = about;
  const judged = Array.from(new Set(ask.statements.map((statement) => statement.judged)));
  const statements = judged.flatMap((one) => (one?.statement === undefined ? [] : [one.statement]));
  const bound = statements.map(({ text, behind = [], protocol, parameters, parameterTypes }) => ({
    protocol,
    sql: [text ?? '', ...new Set(behind)].join('\0'),
    parameters: boundValues(parameters, parameterTypes),
  }));
  const hash = questionHash({
    scope: 'statement',
    connection: requester.connection,
    database: requester.database,
    identity: requester.identity,
    onBehalfOf: requester.onBehalfOf,
    role,
    // Each as it would run: of several statements of a Query, those in front may have set something.
    settings: JSON.stringify([ask.settings, ...judged.map((one) => one?.settings ?? '')]),
    definitions,
    statements: bound,
  });
  const [first] = ask.statements;
  return {
    ...requester,
    role,
    scope: 'statement',
    hash,
    ...(first === undefined ? {} : { statement: first.n }),
    sql: bound.map(({ sql }) => sql.split('\0').map(redact).join(whichRuns)),
    parameters: bound.flatMap(({ parameters }) =>
      parameterTexts(parameters).map((text) => text ?? (text === null ? null : '(binary)')),
    ),
    ...(bound.length > 1 ? { parametersOf: bound.map(({ parameters }) => parameters.length) } : {}),
    asks: ask.asks,
    recent: recent.map(redact),
    transactionStatus,
  };
}
