import { createHmac } from 'node:crypto';
import type { StatementSync } from 'node:sqlite';
import { Refusal } from '../errors.ts';
import { insertOutbox } from '../store/outbox.ts';
import type { State } from '../store/state.ts';
import { deriveVerifier, type ScramVerifier } from './scram-verifier.ts';
import { generateToken } from './token.ts';

/** What a login is checked against. */
export interface Credentials {
  /** Of the identity, known or not: derived, so that a stranger sees the same for both. */
  readonly salt: Uint8Array;
  readonly iterations: number;
  /** Of its valid tokens; none for an unknown identity. */
  readonly verifiers: readonly TokenVerifier[];
}

export interface TokenVerifier extends ScramVerifier {
  /** The token's id: the credential of the session's record. */
  readonly id: string;
  /** Microseconds since 1970. */
  readonly expiresAt: number | undefined;
}

/** What is known of a token besides its secret. Times are microseconds since 1970. */
export interface TokenView {
  readonly id: string;
  readonly identity: string;
  readonly createdAt: number;
  readonly createdBy: string;
  readonly expiresAt: number | undefined;
  readonly revokedAt: number | undefined;
  readonly revokedBy: string | undefined;
}

export interface NewToken {
  readonly id: string;
  /** Shown once, kept nowhere. */
  readonly text: string;
  readonly expiresAt: number | undefined;
}

/** Valid tokens of one identity. Each is tried at a login, and two are enough to rotate. */
export const maximumTokens = 16;

const saltBytes = 16;

/**
 * The tokens of an installation, kept as SCRAM verifiers in the state. All tokens of an identity share a salt, because a
 * SCRAM exchange names one before it is known which token the client has; a token is random, so sharing tells nothing.
 */
export class Tokens {
  readonly #state: State;
  readonly #secret: Uint8Array;
  readonly #iterations: number;
  readonly #valid: StatementSync;
  readonly #isValid: StatementSync;

  constructor(state: State) {
    this.#state = state;
    const installation = state.database.prepare('SELECT secret, iterations FROM installation').get();
    this.#secret = installation?.['secret'] as Uint8Array;
    this.#iterations = installation?.['iterations'] as number;
    this.#valid = state.database.prepare(
      `SELECT id, stored_key, server_key, expires_at FROM tokens
       WHERE identity = ? AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?)
       ORDER BY created_at DESC, id`,
    );
    this.#isValid = state.database.prepare(
      'SELECT 1 FROM tokens WHERE id = ? AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?)',
    );
  }

  /**
   * What a login as `identity` is checked against now. Reads the database each time, so a token that was revoked before
   * the call is not among the verifiers. For a user that the configuration does not know, use the salt alone.
   */
  lookup(identity: string, nowMs: number): Credentials {
    const rows = this.#valid.all(identity, microseconds(nowMs));
    return {
      salt: this.#salt(identity),
      iterations: this.#iterations,
      verifiers: rows.map((row) => ({
        id: row['id'] as string,
        storedKey: row['stored_key'] as Uint8Array,
        serverKey: row['server_key'] as Uint8Array,
        expiresAt: (row['expires_at'] ?? undefined) as number | undefined,
      })),
    };
  }

  /** A number that stays the same for a text and that nobody can guess: by it, strangers are treated as if they were known. */
  lot(text: string): bigint {
    return this.#derived('lot', text).readBigUInt64BE();
  }

  /** Whether a login with this token would still be let in: for sessions that are open already. */
  isValid(id: string, nowMs: number): boolean {
    return this.#isValid.get(id, microseconds(nowMs)) !== undefined;
  }

  /** Makes a token, and the entry that says so. Throws a Refusal when the identity has as many as it can have. */
  create(identity: string, by: string, { nowMs, lifetimeMs }: { nowMs: number; lifetimeMs?: number }): NewToken {
    const { id, text } = generateToken();
    const { storedKey, serverKey } = deriveVerifier(text, this.#salt(identity), this.#iterations);
    const createdAt = microseconds(nowMs);
    const expiresAt = lifetimeMs === undefined ? undefined : createdAt + lifetimeMs * 1000;
    this.#state.transaction(() => {
      if (this.#valid.all(identity, createdAt).length >= maximumTokens) {
        throw new Refusal('54000', `"${identity}" has ${maximumTokens} valid tokens, which is the limit`, {
          hint: 'Revoke one that is not used any more: `onrecord tokens list` shows them.',
        });
      }
      this.#state.database
        .prepare(
          `INSERT INTO tokens (id, identity, stored_key, server_key, created_at, created_by, expires_at)
           VALUES (?, ?, ?, ?, ?, ?, ?)`,
        )
        .run(id, identity, storedKey, serverKey, createdAt, by, expiresAt ?? null);
      insertOutbox(this.#state, {
        type: 'token_created',
        token: id,
        forIdentity: identity,
        by,
        createdAt,
        ...(expiresAt === undefined ? {} : { expiresAt }),
      });
    });
    return { id, text, expiresAt };
  }

  /** Every token that was ever made, the newest first; of one identity only, when it is named. */
  list(identity?: string): readonly TokenView[] {
    return this.#state.database
      .prepare('SELECT * FROM tokens WHERE ? IS NULL OR identity = ? ORDER BY created_at DESC, id')
      .all(identity ?? null, identity ?? null)
      .map(viewOf);
  }

  /**
   * Ends a token for good and erases its verifier: no login succeeds with it that looks it up after this returned.
   * Returns the token, `revoked` or as it was when somebody had revoked it before; undefined when there is none.
   */
  revoke(id: string, by: string, nowMs: number): { readonly token: TokenView; readonly changed: boolean } | undefined {
    return this.#state.transaction(() => {
      const revokedAt = microseconds(nowMs);
      const { changes } = this.#state.database
        .prepare(
          `UPDATE tokens SET revoked_at = ?, revoked_by = ?, stored_key = NULL, server_key = NULL
           WHERE id = ? AND revoked_at IS NULL`,
        )
        .run(revokedAt, by, id);
      const row = this.#state.database.prepare('SELECT * FROM tokens WHERE id = ?').get(id);
      if (row === undefined) return undefined;
      const token = viewOf(row);
      const changed = changes === 1;
      if (changed) {
        insertOutbox(this.#state, { type: 'token_revoked', token: id, forIdentity: token.identity, by, revokedAt });
      }
      return { token, changed };
    });
  }

  #salt(identity: string): Uint8Array {
    return this.#derived('scram salt', identity).subarray(0, saltBytes);
  }

  #derived(purpose: string, text: string): Buffer {
    return createHmac('sha256', this.#secret).update(`${purpose}\0${text}`).digest();
  }
}

function microseconds(ms: number): number {
  return Math.floor(ms * 1000);
}

function viewOf(row: { readonly [column: string]: unknown }): TokenView {
  const optional = <T>(column: string): T | undefined => (row[column] ?? undefined) as T | undefined;
  return {
    id: row['id'] as string,
    identity: row['identity'] as string,
    createdAt: row['created_at'] as number,
    createdBy: row['created_by'] as string,
    expiresAt: optional('expires_at'),
    revokedAt: optional('revoked_at'),
    revokedBy: optional('revoked_by'),
  };
}
