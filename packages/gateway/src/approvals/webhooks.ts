import { createHmac } from 'node:crypto';
import { parseSecretReference, resolveSecret } from '@onrecord/connector/config';
import type { Webhook } from '../config/config.ts';
import { isTrustworthyUrl } from '../config/trustworthy-url.ts';
import type { ApprovalEvent } from './approval-events.ts';
import { isTold, keyOf, type ToldEvent, webhookBody } from './webhook-body.ts';

export interface WebhooksOptions {
  readonly settings: () => readonly Webhook[];
  /** What `env:` references name. */
  readonly env: { readonly [name: string]: string | undefined };
  /** Wall-clock microseconds since 1970. */
  readonly nowUs: () => number;
  /** Resolves after a while; rejects when the signal aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly log: (message: string) => void;
}

/** Requests under way at a time, and deliveries that wait behind them. */
const inFlight = 4;
const waiting = 1_000;
const attemptMs = 10_000;
/** Six attempts take a minute at most, besides what they themselves take. */
const attempts = 6;
const firstPauseMs = 1_000;
const longestPauseMs = 30_000;
/** How long a gateway that stops lets what is under way go on. */
const farewellMs = 3_000;

/**
 * Tells others of approvals, as a courtesy: it blocks nothing, and what cannot be delivered is logged and given up. Each request is
 * signed, so that who gets it can tell it from anybody else's.
 */
export class Webhooks {
  readonly #options: WebhooksOptions;
  readonly #closing = new AbortController();
  readonly #slots: (() => void)[] = [];
  /** The last delivery of each approval and webhook. */
  readonly #last = new Map<string, Promise<void>>();
  #free = inFlight;
  #pending = 0;

  constructor(options: WebhooksOptions) {
    this.#options = options;
  }

  /** Starts to deliver an event to every webhook. */
  announce(event: ApprovalEvent): void {
    if (!isTold(event) || this.#closing.signal.aborted) return;
    for (const webhook of this.#options.settings()) {
      if (this.#pending >= waiting) {
        this.#options.log(
          `webhook ${nameOf(webhook)} does not hear of ${event.approval.id}: too much waits for delivery`,
        );
        continue;
      }
      this.#pending += 1;
      const key = keyOf(event.approval, webhook);
      const before = this.#last.get(key) ?? Promise.resolve();
      const delivery = before
        .then(() => this.#deliver(webhook, event))
        .finally(() => {
          this.#pending -= 1;
          if (this.#last.get(key) === delivery) this.#last.delete(key);
        });
      this.#last.set(key, delivery);
    }
  }

  /** Resolves when everything that was announced has been delivered or given up. */
  async idle(): Promise<void> {
    while (this.#last.size > 0) await Promise.all(this.#last.values());
  }

  /** Gives what is under way a moment, then gives it up. */
  async close(): Promise<void> {
    const late = new AbortController();
    const farewell = this.#options.sleep(farewellMs, late.signal).catch(() => {});
    await Promise.race([this.idle(), farewell]);
    late.abort();
    this.#closing.abort();
    await this.idle();
  }

  async #deliver(webhook: Webhook, event: ToldEvent): Promise<void> {
    const { log, sleep, random } = this.#options;
    const body = webhookBody(event, webhook.format);
    const { signal } = this.#closing;
    for (let attempt = 1; ; attempt += 1) {
      const result = await this.#inTurn(() => this.#post(webhook, body));
      if (result.type === 'delivered') return;
      const isLast = result.type === 'refused' || attempt === attempts || signal.aborted;
      const then = isLast ? 'it is given up' : 'it is tried again';
      log(`webhook ${nameOf(webhook)} did not take ${event.type} of ${event.approval.id}: ${result.why}; ${then}`);
      if (isLast) return;
      const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** (attempt - 1));
      // Full jitter would let a few try again at once.
      await sleep(pauseMs * (0.5 + random() / 2), signal).catch(() => {});
      if (signal.aborted) return;
    }
  }

  async #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#slots.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#slots.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }

  async #post(webhook: Webhook, body: string): Promise<Attempt> {
    if (!isTrustworthyUrl(webhook.url)) return { type: 'refused', why: 'it is not an https URL' };
    try {
      const signature = await this.#signature(webhook, body);
      const response = await fetch(webhook.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'user-agent': 'onrecord', 'onrecord-signature': signature },
        body,
        // One could lead past the check of the URL.
        redirect: 'manual',
        signal: AbortSignal.any([AbortSignal.timeout(attemptMs), this.#closing.signal]),
      });
      // Nobody reads what it says, and the connection is free again.
      await response.body?.cancel();
      if (response.ok) return { type: 'delivered' };
      const why = `the answer is HTTP ${response.status}`;
      return { type: isTransient(response.status) ? 'failed' : 'refused', why };
    } catch (error) {
      return { type: 'failed', why: reasonOf(error as Error) };
    }
  }

  async #signature({ secret }: Webhook, body: string): Promise<string> {
    const reference = parseSecretReference(secret);
    if (reference === undefined) throw new Error('its secret is not a reference');
    const key = await resolveSecret(reference, this.#options.env);
    return signature(key, body, Math.floor(this.#options.nowUs() / 1_000_000));
  }
}

type Attempt =
  | { readonly type: 'delivered' }
  /** It may work another time, or will not. */
  | { readonly type: 'failed' | 'refused'; readonly why: string };

/**
 * The value of `Onrecord-Signature`: the time in seconds since 1970, and HMAC-SHA-256, hex, over that time, a dot and the body.
 * Who checks it looks at the time too, so that an old request is no use to anybody.
 */
function signature(key: string, body: string, seconds: number): string {
  return `t=${seconds},v1=${createHmac('sha256', key).update(`${seconds}.${body}`).digest('hex')}`;
}

/** Request Timeout, Too Many Requests, and what the server has to answer for. */
function isTransient(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

/** Without the path and the query: they are the credential of many a webhook. */
function nameOf({ url }: Webhook): string {
  return URL.parse(url)?.origin ?? 'without a URL';
}

function reasonOf(error: Error): string {
  if (error.name === 'TimeoutError') return `no answer within ${attemptMs} ms`;
  if (error.name === 'AbortError') return 'the gateway stops';
  const cause = error.cause as { readonly code?: string } | undefined;
  return cause?.code ?? error.message;
}
