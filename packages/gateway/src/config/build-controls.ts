import { parseSecretReference } from '@onrecord/connector/config';
import type { DetectorName, MaskingRule } from '../masking/masking-rule.ts';
import type { Controls } from '../policy/policy.ts';
import type { ApprovalsSettings } from './approvals-settings.ts';
import type { ApprovalSettings, Masking, SessionApproval } from './config.ts';
import type { AccessSettings, ControlSettings } from './controls-settings.ts';
import type { MaskingRuleSettings, MaskingSettings } from './masking-settings.ts';
import { parseQualifiedName } from './qualified-name.ts';

/** The controls of a connection or an identity. */
export function controlsOf({ read_only, tables, limits }: ControlSettings): Controls {
  return {
    readOnly: read_only,
    tables: tables?.map(asKept),
    rows: limits.rows,
    timeMs: limits.time,
    rate: limits.rate,
  };
}

/** Just-in-time access to a connection. */
export function accessOf(settings: AccessSettings | undefined): SessionApproval | undefined {
  if (settings === undefined) return undefined;
  const { approvers, meanwhile, duration, except } = settings;
  const { group, count, timeout } = approvers;
  return { group, count, timeoutMs: timeout, meanwhile, durationMs: duration, except };
}

/** Masking as the settings mean it; the path of the key is as it was written. */
export function maskingOf({ key, rules }: MaskingSettings): Masking {
  return { key, rules: rules.map(maskingRuleOf) };
}

/** Approvals as the settings mean them; paths of secrets are as they were written. */
export function approvalsOf({ waiting, waiting_of_identity, webhooks }: ApprovalsSettings): ApprovalSettings {
  return { waiting, waitingOfIdentity: waiting_of_identity, webhooks };
}

/** The same with absolute paths. */
export function withMaskingPaths({ key, rules }: Masking, path: (written: string) => string): Masking {
  return { key: key === undefined ? undefined : absoluteSecret(key, path), rules };
}

/** The same with absolute paths. */
export function withApprovalPaths(approvals: ApprovalSettings, path: (written: string) => string): ApprovalSettings {
  const webhooks = approvals.webhooks.map((webhook) => ({ ...webhook, secret: absoluteSecret(webhook.secret, path) }));
  return { ...approvals, webhooks };
}

function absoluteSecret(written: string, path: (written: string) => string): string {
  const reference = parseSecretReference(written);
  return reference?.type === 'file' ? `file:${path(reference.path)}` : written;
}

function maskingRuleOf(settings: MaskingRuleSettings): MaskingRule {
  const { connections, identities, groups, except, columns, detectors, patterns, probe, trusted_functions } = settings;
  return {
    connections,
    identities,
    groups,
    except,
    columns: new Map(Object.entries(columns).map(([column, action]) => [asKept(column), action])),
    detectors: new Map(
      Object.entries(detectors).flatMap(([name, action]) =>
        action === undefined ? [] : [[name as DetectorName, action] as const],
      ),
    ),
    patterns: patterns.map(({ name, pattern, then }) => ({ name, pattern, action: then })),
    probe,
    trustedFunctions: trusted_functions.map(asKept),
  };
}

/** A qualified name without its quotes. */
function asKept(written: string): string {
  return parseQualifiedName(written)?.join('.') ?? written;
}
