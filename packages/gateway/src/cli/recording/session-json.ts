import type { SessionView } from '../../store/views.ts';
import { approvalJson } from './control-json.ts';
import { isoMicros } from './statement-json.ts';

/** What scripts read of a session, documented in docs/commands.md. Fields are only ever added. */
export function sessionJson(view: SessionView): object {
  return {
    session: view.session,
    identity: view.identity,
    connection: view.connection,
    openedAt: isoMicros(view.openedAt),
    closedAt: view.closedAt === undefined ? null : isoMicros(view.closedAt),
    closeReason: view.closeReason ?? null,
    closeDetail: view.closeDetail ?? null,
    statements: view.statements,
    failed: view.failed,
    identityKind: view.identityKind,
    groups: view.groups,
    method: view.method,
    credential: view.credential,
    database: view.database,
    role: view.role,
    client: view.client,
    tls: view.tls ?? null,
    connector: view.connector ?? null,
    issuer: view.issuer ?? null,
    credentialExpiresAt: view.credentialExpiresAt === undefined ? null : isoMicros(view.credentialExpiresAt),
    onBehalfOf: view.onBehalfOf.verified ?? null,
    claimed: view.claimed,
    durability: view.durability,
    configuration: view.configuration,
    backendPid: view.backendPid,
    ...(view.access === undefined ? {} : { access: approvalJson(view.access) }),
  };
}
