import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../config/config.ts';
import type { ApprovalRequest } from '../control/control-request.ts';
import type { Tokens } from '../identity/tokens.ts';
import { answerApprovals } from './answer-control.ts';
import { ApprovalDesk, type DeskOptions } from './approval-desk.ts';
import { Voters } from './voter.ts';
import { Webhooks } from './webhooks.ts';

export interface OpenOptions
  extends Pick<DeskOptions, 'recorder' | 'state' | 'clock' | 'lastIndex' | 'log' | 'accessRevoked'> {
  /** The configuration in force. */
  readonly config: () => Pick<Config, 'approvals' | 'identities'>;
  readonly tokens: Tokens;
  /** Makes sure that what was done to tokens before now is on record, and in force. */
  readonly settleTokens: () => Promise<void>;
  /** What `env:` references of webhooks name. */
  readonly env: { readonly [name: string]: string | undefined };
}

/** The approvals of a gateway, with those who hear of them. */
export interface OpenedApprovals {
  readonly desk: ApprovalDesk;
  /** Answers a command. Rejects with a Refusal that it may print. */
  answer(request: ApprovalRequest): Promise<unknown>;
  /** Ends all that waits, on record, and tells the webhooks. The recorder must still take entries. */
  close(): Promise<void>;
}

/** Makes the desk, and all that stands around it. `desk.recover` and, after a change of the configuration, `desk.reload` are the caller's. */
export function openApprovals({ config, tokens, settleTokens, env, ...options }: OpenOptions): OpenedApprovals {
  const { clock, log } = options;
  const identities = () => config().identities;
  const webhooks = new Webhooks({
    settings: () => config().approvals.webhooks,
    env,
    nowUs: () => clock.wallUs(),
    sleep: (ms, signal) => sleep(ms, undefined, { signal, ref: false }),
    random: Math.random,
    log,
  });
  const desk = new ApprovalDesk({
    ...options,
    run: randomUUID(),
    settings: () => config().approvals,
    identities,
    announce: (event) => webhooks.announce(event),
  });
  const voters = new Voters({ tokens, identities, settleTokens, nowMs: () => clock.wallUs() / 1000, log });
  return {
    desk,
    answer: (request) => answerApprovals(request, { desk, voters, clock }),
    async close() {
      await desk.close();
      await webhooks.close();
    },
  };
}
