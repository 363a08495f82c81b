import type { BlindSessionView } from '../../store/views.ts';
import { type BlindReport, isWholeBlindReport } from '../present/blind.ts';
import { isoMicros } from './statement-json.ts';

/** What scripts read of a blind session, documented in docs/commands.md. Fields are only ever added. */
export function blindSessionJson(view: BlindSessionView): object {
  const { end } = view;
  return {
    connection: view.connection,
    user: view.user,
    database: view.database,
    address: view.address,
    application: view.application,
    kind: view.kind,
    backendPid: view.backendPid,
    startedAt: isoMicros(view.startedAt),
    firstSeenAt: isoMicros(view.firstSeenAt),
    lastSeenAt: end.type === 'ended' ? isoMicros(end.lastSeenAt) : null,
    end: end.type,
    ...(end.type === 'not known' ? { notKnownSince: isoOrNull(end.sinceAt) } : {}),
    connector: view.connector ?? null,
    index: view.index,
  };
}

/** The last line that `--json` writes, to standard error. */
export function blindCompletenessJson(report: BlindReport, range: string): object {
  const { sessions, unseen, watches, neverWatched, damage } = report;
  return {
    type: 'completeness',
    range,
    complete: isWholeBlindReport(report),
    sessions: sessions.length,
    unseen: unseen.map(({ fromAt, untilAt, ...counted }) => ({
      ...counted,
      from: isoMicros(fromAt),
      until: isoMicros(untilAt),
    })),
    notWatched: watches.flatMap(({ connection, holes }) =>
      holes.map(({ fromAt, untilAt, reason }) => ({
        connection,
        from: isoOrNull(fromAt),
        until: isoOrNull(untilAt),
        reason,
      })),
    ),
    neverWatched,
    limits: watches.flatMap(({ connection, limits }) => limits.map((limit) => ({ connection, limit }))),
    damage: damage ?? null,
  };
}

function isoOrNull(at: number | undefined): string | null {
  return at === undefined ? null : isoMicros(at);
}
