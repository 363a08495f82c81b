import { formatSecretReference } from '@onrecord/connector/config';
import { secret } from '@onrecord/connector/settings';
import { z } from 'zod';
import { isTrustworthyUrl } from './trustworthy-url.ts';

/** `approvals` of the file, checked. */
export interface ApprovalsSettings {
  readonly waiting: number;
  readonly waiting_of_identity: number;
  readonly webhooks: readonly { readonly url: string; readonly secret: string; readonly format: 'json' | 'slack' }[];
}

const webhook = z.strictObject({
  url: z
    .string()
    .refine(isTrustworthyUrl, { error: 'must be an https URL (http only to the loopback address)' })
    .meta({ description: 'Where the message goes.' }),
  secret: secret.transform(formatSecretReference).meta({
    description: 'The key of the HMAC-SHA-256 over the body, a reference to a secret.',
  }),
  format: z.enum(['json', 'slack']).prefault('json').meta({
    description: 'Its form. `json`: all of the question. `slack`: a message that Slack and its likes can show.',
  }),
});

/** The schema of `approvals`. */
export const approvals: z.ZodType<ApprovalsSettings, unknown> = z.strictObject({
  waiting: z.int().min(1).max(100_000).prefault(100).meta({
    description: 'Questions that may wait at a time. More are refused with 53300.',
  }),
  waiting_of_identity: z.int().min(1).max(100_000).prefault(10).meta({
    description: 'Of these, how many may be of one identity.',
  }),
  webhooks: z.array(webhook).max(20).prefault([]).meta({
    description: 'Who hears that a question waits. Messages are signed, and sent again when nobody takes them.',
    'x-cost': 'The message holds the SQL that waits, with its literals; values of parameters it does not.',
  }),
});
