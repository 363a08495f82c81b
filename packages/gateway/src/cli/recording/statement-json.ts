import type { MessageView, StatementView, ValueView } from '../../store/views.ts';
import { controlsJson } from './control-json.ts';

/**
 * What scripts read: one object for a statement, documented in docs/commands.md. Fields are only ever added. Texts are
 * as they were recorded.
 */
export interface StatementJson {
  readonly at: string;
  readonly identity: string;
  readonly connection: string;
  readonly session: string;
  readonly n: number;
  readonly kind: StatementView['kind'];
  readonly sql: string;
  readonly parameters: readonly (string | null)[];
  readonly outcome: StatementView['outcome'];
  readonly commandTag: string | null;
  readonly rowCount: number;
  readonly durationMs: number | null;
  readonly error: ErrorJson | null;
  readonly [more: string]: unknown;
}

interface ErrorJson {
  readonly severity: string;
  readonly sqlstate: string;
  readonly message: string;
  readonly detail: string | null;
  readonly hint: string | null;
  readonly position: number | null;
}

/** The statement without its rows, as `log` and `tail` print it. */
export function statementJson(view: StatementView): StatementJson {
  return {
    at: isoMicros(view.at),
    identity: view.identity,
    connection: view.connection,
    session: view.session,
    n: view.n,
    kind: view.kind,
    sql: view.sql,
    parameters: view.parameters.map(({ text }) => text),
    parameterTypes: view.parameters.map(({ typeName }) => typeName),
    ...undecoded(view.parameters),
    outcome: view.outcome,
    commandTag: view.commandTag ?? null,
    rowCount: rowsOf(view),
    durationMs: view.durationUs === undefined ? null : view.durationUs / 1000,
    error: view.error === undefined ? null : messageJson(view.error),
    ...(view.reason === undefined ? {} : { reason: view.reason }),
    ...(view.redacted ? { redacted: true } : {}),
    ...(view.position === undefined ? {} : { position: view.position }),
    ...(view.traceparent === undefined ? {} : { traceparent: view.traceparent }),
    ...(view.onBehalfOf.verified === undefined ? {} : { onBehalfOf: view.onBehalfOf.verified }),
    ...(view.onBehalfOf.claimed === undefined ? {} : { claimedOnBehalfOf: view.onBehalfOf.claimed }),
    ...controlsJson(view),
    transactionBefore: view.transactionBefore,
    transactionAfter: view.transactionAfter ?? null,
    index: view.index,
  };
}

/** The statement with everything that was kept of its result, as `show` and `export` print it. */
export function wholeStatementJson(view: StatementView): StatementJson {
  return {
    ...statementJson(view),
    statementName: view.statementName ?? null,
    portal: view.portal ?? null,
    columns: view.columns.map(({ name, typeName }) => ({ name, type: typeName })),
    rows: view.rows.map((row) => row.map(({ text }) => text)),
    truncatedAt: view.truncatedAt ?? null,
    rowBytes: view.rowBytes,
    digests: view.digests,
    ...(view.copy === undefined
      ? {}
      : {
          copy: {
            direction: view.copy.direction,
            messages: view.copy.messages,
            bytes: view.copy.bytes,
            digest: view.copy.digest ?? null,
            dataBase64: Buffer.from(view.copy.data).toString('base64'),
            truncated: view.copy.truncated,
            failure: view.copy.failure ?? null,
          },
        }),
    notices: view.notices.map(messageJson),
    ...(view.noticesDropped > 0 ? { noticesDropped: view.noticesDropped } : {}),
    forwardedMs: view.forwardedUs === undefined ? null : view.forwardedUs / 1000,
    firstByteMs: view.firstByteUs === undefined ? null : view.firstByteUs / 1000,
    fetches: view.fetches.map((fetch) => ({
      n: fetch.n,
      at: isoMicros(fetch.at),
      maxRows: fetch.maxRows ?? null,
      rowCount: fetch.rowCount,
      outcome: fetch.outcome,
    })),
    cancelRequestedAt: view.cancelRequestedAt.map(isoMicros),
  };
}

/** Microseconds since 1970 as `2026-11-17T13:03:22.123456Z`. */
export function isoMicros(at: number): string {
  const micros = String(at % 1_000_000).padStart(6, '0');
  return `${new Date(Math.floor(at / 1_000_000) * 1000).toISOString().slice(0, 19)}.${micros}Z`;
}

const hidden = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]/gv;

/** A line of JSON that a terminal cannot be led astray by; `<` and the like stay readable, unlike for HTML. */
export function jsonLine(value: unknown): string {
  return `${JSON.stringify(value).replace(hidden, unicodeEscapes)}\n`;
}

function unicodeEscapes(character: string): string {
  let escaped = '';
  for (let at = 0; at < character.length; at += 1) {
    escaped += `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`;
  }
  return escaped;
}

/** Rows that came back, or that a command without a result says it touched. */
function rowsOf(view: StatementView): number {
  if (view.rowCount > 0 || view.columns.length > 0) return view.rowCount;
  return Number(/ (\d+)$/.exec(view.commandTag ?? '')?.[1] ?? 0);
}

function messageJson(message: MessageView): ErrorJson {
  return {
    severity: message.severity,
    sqlstate: message.sqlstate,
    message: message.message,
    detail: message.detail ?? null,
    hint: message.hint ?? null,
    position: message.position ?? null,
  };
}

/** Places, from 0, of parameters whose type is not known: their text is the bytes as hex. */
function undecoded(values: readonly ValueView[]): { readonly undecoded?: readonly number[] } {
  const places = values.flatMap(({ decoded }, at) => (decoded ? [] : [at]));
  return places.length === 0 ? {} : { undecoded: places };
}
