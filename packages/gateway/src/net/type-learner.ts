import type { LearnedType } from '@onrecord/record';
import { type OwnSessionOptions, withOwnSession } from './own-session.ts';
import type { UpstreamTarget } from './upstream.ts';

export interface TypeLearnerOptions extends OwnSessionOptions {
  readonly log: (message: string) => void;
}

/** Types of one database that are asked for in all, and at once: an agent can name any number that are none. */
const maxAsked = 100_000;
const maxAskedAtOnce = 10_000;
/** How long an answer may take when the gateway is to end. */
const closeMs = 5_000;

/**
 * Learns what types that are not built in are, so that binary values of enums, composites, domains and their arrays can
 * be read years later. When a session names a type that is not known of its database yet, the catalog is asked in a
 * session of the gateway's own, recorded like every other. Failing costs nothing but hexadecimal values.
 */
export class TypeLearner {
  readonly #options: TypeLearnerOptions;
  /** OIDs that were asked for, by connection and database. */
  readonly #asked = new Map<string, Set<number>>();
  /** Those among them that wait for their turn. */
  readonly #waiting = new Map<string, { readonly target: UpstreamTarget; readonly types: number[] }>();
  readonly #closing = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: TypeLearnerOptions) {
    this.#options = options;
  }

  /** Asks for those that nobody has asked for yet; returns at once. */
  learn(target: UpstreamTarget, sighted: readonly number[]): void {
    const key = `${target.connection.name}/${target.database ?? ''}`;
    const asked = this.#asked.get(key) ?? new Set();
    this.#asked.set(key, asked);
    const types = this.#waiting.get(key)?.types ?? [];
    for (const type of sighted) {
      if (asked.has(type) || asked.size >= maxAsked || types.length >= maxAskedAtOnce) continue;
      asked.add(type);
      types.push(type);
    }
    if (types.length === 0) return;
    this.#waiting.set(key, { target, types });
    this.#running ??= this.#work();
  }

  /** Resolves when nothing is being asked any more, and soon. */
  async close(): Promise<void> {
    const timer = setTimeout(() => this.#closing.abort(), closeMs);
    await this.#running;
    clearTimeout(timer);
  }

  /** One at a time, with all that has come up in the meantime: this is to be no load on anybody's connection limit. */
  async #work(): Promise<void> {
    for (const [key, { target, types }] of this.#waiting) {
      this.#waiting.delete(key);
      try {
        await this.#ask(target, types);
      } catch (error) {
        for (const type of types) this.#asked.get(key)?.delete(type);
        const { name } = target.connection;
        this.#options.log(`types of the connection "${name}" were not learned: ${(error as Error).message}`);
      }
    }
    this.#running = undefined;
  }

  async #ask(target: UpstreamTarget, wanted: readonly number[]): Promise<void> {
    const { timeoutMs } = this.#options;
    const signal = AbortSignal.any([AbortSignal.timeout(timeoutMs), this.#closing.signal]);
    await withOwnSession(target, { ...this.#options, signal }, async (session) => {
      const types = (await session.query(catalogQuery(wanted))).map(learnedType);
      const { database } = session.upstream;
      const learned = { type: 'types_learned', connection: target.connection.name, database, types } as const;
      if (types.length > 0) await session.record(learned);
    });
  }
}

/** The types and everything they are made of. OIDs are numbers, so nothing in the text is anybody's to choose. */
function catalogQuery(types: readonly number[]): string {
  return `/* onrecord: what these types are */
WITH RECURSIVE wanted (oid) AS (
  SELECT unnest('{${types.join(',')}}'::pg_catalog.oid[])
  UNION
  SELECT part.oid
  FROM wanted
  JOIN pg_catalog.pg_type t ON t.oid = wanted.oid
  CROSS JOIN LATERAL (
    SELECT t.typelem AS oid WHERE t.typelem <> 0
    UNION ALL SELECT t.typbasetype WHERE t.typbasetype <> 0
    UNION ALL SELECT r.rngsubtype FROM pg_catalog.pg_range r WHERE r.rngtypid = t.oid
    UNION ALL SELECT m.rngtypid FROM pg_catalog.pg_range m WHERE t.typtype = 'm' AND m.rngmultitypid = t.oid
    UNION ALL SELECT a.atttypid FROM pg_catalog.pg_attribute a
      WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
  ) part
)
SELECT t.oid, t.typname, t.typtype,
  coalesce(nullif(t.typbasetype, 0), nullif(t.typelem, 0), r.rngsubtype, m.rngtypid, 0),
  t.typelem <> 0 AND t.typlen = -1,
  CASE WHEN t.typtype = 'c' THEN (
    SELECT pg_catalog.json_agg(pg_catalog.json_build_array(a.attname, a.atttypid::pg_catalog.int8) ORDER BY a.attnum)
    FROM pg_catalog.pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
  ) END
FROM pg_catalog.pg_type t
LEFT JOIN pg_catalog.pg_range r ON r.rngtypid = t.oid
LEFT JOIN pg_catalog.pg_range m ON m.rngmultitypid = t.oid
WHERE t.oid IN (SELECT oid FROM wanted) AND t.oid >= 16384
ORDER BY t.oid`;
}

function learnedType([oid, name, kind, of, array, fields]: readonly (string | null)[]): LearnedType {
  const type = { oid: Number(oid), name: name ?? '', kind: kind ?? '', of: Number(of), array: array === 't' };
  if (fields === null || fields === undefined) return type;
  const pairs = JSON.parse(fields) as [string, number][];
  return { ...type, fields: pairs.map(([field, fieldType]) => ({ name: field, type: fieldType })) };
}
