import type { Question } from '../approvals/question.ts';
import { questionHash } from '../approvals/question-hash.ts';
import type { Connection, Identity } from '../config/config.ts';
import type { Guards } from './guard-session.ts';

/** Name of the built-in rule that asks before a session opens. */
const accessRule = 'access';

/**
 * Waits until people let the identity use the connection, where the connection asks for that; resolves with when their
 * leave ends, in wall-clock microseconds, or undefined when none is needed. Throws a Termination when they do not.
 */
export async function sessionAccess(about: {
  readonly connection: Connection;
  readonly identity: Identity;
  readonly session: string;
  readonly database: string;
  readonly client: string;
  readonly onBehalfOf: string | undefined;
  readonly reason: string | undefined;
  readonly desk: Guards['desk'];
  /** Called when the login begins to wait for people. */
  readonly waits: () => void;
  /** The client went away. */
  readonly signal: AbortSignal;
}): Promise<number | undefined> {
  const { connection, identity, desk, signal } = about;
  const { access } = connection;
  if (access === undefined || isExcepted(identity, access.except)) return undefined;
  const { group, count, timeoutMs, durationMs, meanwhile } = access;
  const { session, database, client, onBehalfOf, reason } = about;
  const hash = questionHash({
    scope: 'session',
    connection: connection.name,
    database,
    identity: identity.name,
    onBehalfOf,
    role: '',
    settings: '',
    definitions: '',
    statements: [],
  });
  const question: Question = {
    scope: 'session',
    hash,
    session,
    identity: identity.name,
    identityKind: identity.kind,
    ...(onBehalfOf === undefined ? {} : { onBehalfOf }),
    connection: connection.name,
    database,
    role: '',
    client,
    sql: [],
    parameters: [],
    ...(reason === undefined ? {} : { reason }),
    asks: [{ rule: accessRule, group, count, timeoutMs, reuseMs: 0 }],
    recent: [],
    transactionStatus: 'I',
    backendPid: 0,
  };
  if (meanwhile === 'hold') about.waits();
  return await desk.access(question, { meanwhile, durationMs, signal });
}

function isExcepted(
  identity: Identity,
  except: { readonly identities: readonly string[]; readonly groups: readonly string[] },
): boolean {
  return except.identities.includes(identity.name) || except.groups.some((group) => identity.groups.includes(group));
}
