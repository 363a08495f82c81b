import { createHash, timingSafeEqual } from 'node:crypto';
import type { StatementSync } from 'node:sqlite';
import { type EnrollmentToken, generateEnrollmentToken } from '@onrecord/connector/link';
import { Refusal } from '../errors.ts';
import { insertOutbox } from '../store/outbox.ts';
import type { State } from '../store/state.ts';
import type { ConnectorCertificate } from './authority.ts';

/** Times are microseconds since 1970 here, as in entries. */
export interface NewEnrollment {
  readonly id: string;
  /** The token: shown once, kept nowhere. */
  readonly text: string;
  readonly expiresAt: number;
}

/** What an enrolment token is good for. */
export type EnrollmentState =
  | { readonly type: 'valid' | 'used' | 'expired' | 'revoked'; readonly connector: string }
  /** There is none, or the secret is wrong, which nobody can tell apart. */
  | { readonly type: 'unknown' };

/** What a certificate is good for. */
export type CertificateState =
  | { readonly type: 'valid' | 'expired' | 'revoked'; readonly connector: string; readonly notAfter: number }
  | { readonly type: 'unknown' };

/** All that the state knows of one connector. */
export interface ConnectorView {
  readonly connector: string;
  /** The latest end of an enrolment that is still to be used. */
  readonly pendingUntil: number | undefined;
  /** The latest end of a certificate that was not revoked, expired or not. */
  readonly certificateUntil: number | undefined;
  /** When certificates of it were last revoked. */
  readonly revokedAt: number | undefined;
}

/** Whose certificate it becomes, and from where it was asked for. */
export interface CertificateUse {
  readonly certificate: ConnectorCertificate;
  readonly client: string;
  readonly nowUs: number;
}

/** Pending enrolments of one connector: enough for many processes that start at once. */
export const maximumPending = 100;
export const usualLifetimeMs: number = 15 * 60_000;
/** An expired certificate is told from an unknown one for so long. */
const rememberedUs = 30 * 86_400_000_000;

/**
 * The enrolments of connectors, and the certificates that came of them. A certificate that is not in here is no good,
 * whoever signed it. Reads the state each time, so what another process revoked before a call is revoked in it.
 */
export class Enrollments {
  readonly #state: State;
  readonly #enrollment: StatementSync;
  readonly #certificate: StatementSync;

  constructor(state: State) {
    this.#state = state;
    this.#enrollment = state.database.prepare('SELECT * FROM connector_enrollments WHERE id = ?');
    this.#certificate = state.database.prepare('SELECT * FROM connector_certificates WHERE fingerprint = ?');
  }

  /** Makes an enrolment for the gateway with this authority (its pin), and the entry that says so. */
  create(connector: string, by: string, options: CreateOptions): NewEnrollment {
    const { id, secret, text } = generateEnrollmentToken(options.authority);
    const createdAt = options.nowUs;
    const expiresAt = createdAt + (options.lifetimeMs ?? usualLifetimeMs) * 1000;
    this.#state.transaction(() => {
      const pending = this.#state.database
        .prepare(
          `SELECT count(*) AS n FROM connector_enrollments
           WHERE connector = ? AND used_at IS NULL AND revoked_at IS NULL AND expires_at > ?`,
        )
        .get(connector, createdAt);
      if (Number(pending?.['n']) >= maximumPending) {
        throw new Refusal('54000', `"${connector}" has ${maximumPending} enrolments to be used, which is the limit`, {
          hint: 'Use one of them, or wait until they expire.',
        });
      }
      this.#state.database
        .prepare(
          `INSERT INTO connector_enrollments (id, connector, secret, created_at, created_by, expires_at)
           VALUES (?, ?, ?, ?, ?, ?)`,
        )
        .run(id, connector, sha256(secret), createdAt, by, expiresAt);
      insertOutbox(this.#state, {
        type: 'connector_enrollment_created',
        enrollment: id,
        connector,
        by,
        createdAt,
        expiresAt,
      });
    });
    return { id, text, expiresAt };
  }

  /** What a token is good for now. */
  enrollment({ id, secret }: Pick<EnrollmentToken, 'id' | 'secret'>, nowUs: number): EnrollmentState {
    const row = this.#enrollment.get(id);
    if (row === undefined || !timingSafeEqual(row['secret'] as Uint8Array, sha256(secret))) return { type: 'unknown' };
    const connector = row['connector'] as string;
    if (row['used_at'] !== null) return { type: 'used', connector };
    if (row['revoked_at'] !== null) return { type: 'revoked', connector };
    return { type: (row['expires_at'] as number) <= nowUs ? 'expired' : 'valid', connector };
  }

  /**
   * Uses a token up and puts the certificate that it is used for in force, with the entry that says so; or changes
   * nothing and answers why. Of several uses at once, one is `valid`.
   */
  use(token: Pick<EnrollmentToken, 'id' | 'secret'>, { certificate, client, nowUs }: CertificateUse): EnrollmentState {
    return this.#state.transaction(() => {
      const found = this.enrollment(token, nowUs);
      if (found.type !== 'valid') return found;
      const { connector } = found;
      const { fingerprint, notAfter } = certificate;
      this.#state.database.prepare('UPDATE connector_enrollments SET used_at = ? WHERE id = ?').run(nowUs, token.id);
      this.#insert(connector, certificate, nowUs);
      insertOutbox(this.#state, {
        type: 'connector_enrolled',
        connector,
        enrollment: token.id,
        certificate: fingerprint,
        client,
        notAfter: notAfter * 1000,
      });
      return found;
    });
  }

  /** What a certificate is good for now. */
  certificate(fingerprint: string, nowUs: number): CertificateState {
    const row = this.#certificate.get(fingerprint);
    if (row === undefined) return { type: 'unknown' };
    const connector = row['connector'] as string;
    const notAfter = row['not_after'] as number;
    const type = row['revoked_at'] !== null ? 'revoked' : notAfter <= nowUs ? 'expired' : 'valid';
    return { type, connector, notAfter };
  }

  /**
   * Puts a new certificate in force for the connector that showed `previous`, with the entry that says so; or changes
   * nothing and answers why. The previous one stays good until it ends, for a connector that cannot store the new one.
   */
  renew(previous: string, { certificate, client, nowUs }: CertificateUse): CertificateState {
    return this.#state.transaction(() => {
      const found = this.certificate(previous, nowUs);
      if (found.type !== 'valid') return found;
      const { connector } = found;
      const { fingerprint, notAfter } = certificate;
      this.#insert(connector, certificate, nowUs);
      insertOutbox(this.#state, {
        type: 'connector_renewed',
        connector,
        certificate: fingerprint,
        previous,
        client,
        notAfter: notAfter * 1000,
      });
      return found;
    });
  }

  /**
   * Ends everything that a connector could connect with: certificates, and enrolments that were not used. Returns
   * whether there was any; an entry says so in that case.
   */
  revoke(connector: string, by: string, revokedAt: number): boolean {
    return this.#state.transaction(() => {
      const ended = (table: string, condition: string): number =>
        Number(
          this.#state.database
            .prepare(
              `UPDATE ${table} SET revoked_at = ? WHERE connector = ? AND revoked_at IS NULL AND ${condition} > ?`,
            )
            .run(revokedAt, connector, revokedAt).changes,
        );
      const certificates = ended('connector_certificates', 'not_after');
      const enrollments = ended('connector_enrollments', 'used_at IS NULL AND expires_at');
      if (certificates + enrollments === 0) return false;
      insertOutbox(this.#state, { type: 'connector_revoked', connector, by, revokedAt });
      return true;
    });
  }

  /** Every connector that was ever to be enrolled, by name. */
  list(nowUs: number): readonly ConnectorView[] {
    return this.#state.database
      .prepare(
        `SELECT connector, max(pending_until) AS pending_until, max(certificate_until) AS certificate_until,
                max(revoked_at) AS revoked_at
         FROM (
           SELECT connector, NULL AS certificate_until, revoked_at,
                  CASE WHEN used_at IS NULL AND revoked_at IS NULL AND expires_at > ? THEN expires_at END AS pending_until
           FROM connector_enrollments
           UNION ALL
           SELECT connector, CASE WHEN revoked_at IS NULL THEN not_after END, revoked_at, NULL
           FROM connector_certificates
         ) GROUP BY connector ORDER BY connector`,
      )
      .all(nowUs)
      .map((row) => ({
        connector: row['connector'] as string,
        pendingUntil: (row['pending_until'] ?? undefined) as number | undefined,
        certificateUntil: (row['certificate_until'] ?? undefined) as number | undefined,
        revokedAt: (row['revoked_at'] ?? undefined) as number | undefined,
      }));
  }

  #insert(connector: string, { fingerprint, notAfter }: ConnectorCertificate, nowUs: number): void {
    const { database } = this.#state;
    database.prepare('DELETE FROM connector_certificates WHERE not_after < ?').run(nowUs - rememberedUs);
    database
      .prepare('INSERT INTO connector_certificates (fingerprint, connector, issued_at, not_after) VALUES (?, ?, ?, ?)')
      .run(fingerprint, connector, nowUs, notAfter * 1000);
  }
}

export interface CreateOptions {
  /** The pin of the gateway's authority. */
  readonly authority: string;
  readonly nowUs: number;
  readonly lifetimeMs?: number;
}

function sha256(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
