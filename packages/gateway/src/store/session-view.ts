import type { Kysely } from 'kysely';
import type { JournalReader } from '../journal/reader.ts';
import type { ApprovalReader } from './approval-view.ts';
import { onBehalfOf } from './on-behalf-of.ts';
import type { IndexSchema } from './schema.ts';
import type { SessionFilter } from './session-filter.ts';
import type { SessionView } from './views.ts';

interface IndexedSession {
  readonly session: string;
  readonly identity: string | null;
  readonly connection: string | null;
  readonly opened_at: number;
  readonly opened_segment: number | null;
  readonly opened_offset: number | null;
  readonly closed_at: number | null;
  readonly closed_segment: number | null;
  readonly closed_offset: number | null;
  readonly statements: number;
  readonly failed: number;
}

/** Where what the index does not hold is read. */
export interface SessionSources {
  readonly journal: JournalReader;
  readonly approvals: ApprovalReader;
}

/** Sessions in the order in which they were opened. */
export async function* sessionViews(
  index: Kysely<IndexSchema>,
  { journal, approvals }: SessionSources,
  filter: SessionFilter,
): AsyncGenerator<SessionView> {
  const rows = await matching(index, filter).execute();
  for (const row of rows) yield sessionView(row, { journal, approvals });
}

export async function countSessions(index: Kysely<IndexSchema>, filter: SessionFilter): Promise<number> {
  const counted = matching(index, filter)
    .clearSelect()
    .select(({ fn }) => fn.countAll<number>().as('count'));
  return (await counted.executeTakeFirst())?.count ?? 0;
}

export async function sessionViewOf(
  index: Kysely<IndexSchema>,
  sources: SessionSources,
  session: string,
): Promise<SessionView | undefined> {
  const row = await base(index).where('session', '=', session).executeTakeFirst();
  return row === undefined ? undefined : sessionView(row, sources);
}

function matching(index: Kysely<IndexSchema>, filter: SessionFilter) {
  let query = base(index).orderBy('sessions.id');
  if (filter.identity !== undefined) query = query.where('identities.name', '=', filter.identity);
  if (filter.exceptIdentity !== undefined) query = query.where('identities.name', '<>', filter.exceptIdentity);
  if (filter.connection !== undefined) query = query.where('connections.name', '=', filter.connection);
  if (filter.untilUs !== undefined) query = query.where('opened_at', '<', filter.untilUs);
  const { fromUs } = filter;
  if (fromUs !== undefined)
    query = query.where((is) => is.or([is('closed_at', 'is', null), is('closed_at', '>=', fromUs)]));
  if (filter.open === true) query = query.where('closed_at', 'is', null);
  return query;
}

function base(index: Kysely<IndexSchema>) {
  return index
    .selectFrom('sessions')
    .leftJoin('identities', 'identities.id', 'sessions.identity')
    .leftJoin('connections', 'connections.id', 'sessions.connection')
    .select([
      'session',
      'identities.name as identity',
      'connections.name as connection',
      'opened_at',
      'opened_segment',
      'opened_offset',
      'closed_at',
      'closed_segment',
      'closed_offset',
      'statements',
      'failed',
    ]);
}

/** A session whose first entry is not in the journal any more shows what is left. */
function sessionView(row: IndexedSession, { journal, approvals }: SessionSources): SessionView {
  const opened = bodyAt(journal, row.opened_segment, row.opened_offset);
  const closed = bodyAt(journal, row.closed_segment, row.closed_offset);
  const open = opened?.type === 'session_opened' ? opened : undefined;
  const close = closed?.type === 'session_closed' ? closed : undefined;
  return {
    session: row.session,
    identity: row.identity ?? '',
    identityKind: open?.identityKind ?? '',
    groups: open?.groups ?? [],
    method: open?.method ?? '',
    credential: open?.credential ?? '',
    connection: row.connection ?? '',
    database: open?.database ?? '',
    role: open?.role ?? '',
    client: open?.client ?? '',
    tls: open?.tls,
    connector: open?.connector,
    issuer: open?.issuer,
    credentialExpiresAt: open?.credentialExpiresAt,
    onBehalfOf: open === undefined ? {} : onBehalfOf(open),
    claimed: open?.claimed ?? {},
    durability: open?.durability ?? 'before-forward',
    configuration: open?.configuration ?? '',
    backendPid: open?.backendPid ?? 0,
    openedAt: row.opened_at,
    closedAt: row.closed_at ?? undefined,
    closeReason: close?.reason,
    closeDetail: close?.detail,
    statements: row.statements,
    failed: row.failed,
    access: approvals.accessAt(row.identity ?? '', row.connection ?? '', row.opened_at),
  };
}

function bodyAt(journal: JournalReader, segment: number | null, offset: number | null) {
  return segment === null || offset === null ? undefined : journal.read({ segment, offset }).body;
}
