import { duration } from '@onrecord/connector/settings';
import { z } from 'zod';

/** One entry of `policy` of the file, checked but for its condition. */
export interface RuleSettings {
  readonly name: string;
  readonly when: string;
  readonly then: 'allow' | 'approve' | 'deny';
  readonly message?: string | undefined;
  readonly approvers?: ApproverSettings | undefined;
}

export interface ApproverSettings {
  readonly group: string;
  readonly count: number;
  readonly timeout: number;
  readonly reuse: number;
}

/** Who must approve, and how long they have. */
export const approverFields: {
  readonly group: z.ZodType<string, string>;
  readonly count: z.ZodType<number, unknown>;
  readonly timeout: z.ZodType<number, unknown>;
} = {
  group: z.string().min(1).meta({
    description:
      'The group whose members approve. They must be identities of the kind `person`, and never the one who asks.',
  }),
  count: z.int().min(1).max(10).prefault(1).meta({ description: 'How many of them must approve.' }),
  timeout: duration({ minimum: 100, maximum: 7 * 86_400_000 })
    .prefault('10m')
    .meta({
      description: 'How long a question waits for them. After that it is answered with 57014.',
      'x-cost': 'A statement that waits holds its session and, in a transaction, the locks of that.',
    }),
};

const approvers = z.strictObject({
  ...approverFields,
  reuse: duration({ minimum: 0, maximum: 30 * 86_400_000 })
    .prefault('0s')
    .meta({
      description:
        'How long an approval covers the very same statement again: the same text and parameters, of the same identity, on the same connection, with the same settings of the session. `0s`: once.',
    }),
});

/** Names that stand in the record for what is built in. */
const builtIn: ReadonlySet<string> = new Set(['read_only', 'tables', 'rows', 'time', 'rate', 'masking', 'unreadable']);

const rule = z.strictObject({
  name: z
    .string()
    .min(1)
    .max(200)
    .refine((name) => !builtIn.has(name), { error: 'is the name of a setting; choose another' })
    .meta({ description: 'Its name, in errors and in the record. No two rules have the same.' }),
  when: z
    .string()
    .min(1)
    .max(10_000)
    .meta({
      description:
        'When it applies: a CEL expression over `statement`, `identity`, `connection`, `session` and `time` (docs/policy.md). It is asked about every command that a statement runs. One that cannot be evaluated when it is asked denies the statement.',
      examples: ['statement.kind in ["delete", "update"] && !statement.hasWhere'],
    }),
  then: z.enum(['deny', 'approve', 'allow']).meta({
    description:
      'What becomes of a statement that it applies to. `deny`: it is refused with 42501. `approve`: it waits until people approved it. `allow`: nothing but an entry in the record that says so. Of several that apply, `deny` wins over `approve`, and that over `allow`. A statement that no rule applies to is allowed.',
    'x-cost': 'A few microseconds for each rule, the first time that a text is seen in a session.',
  }),
  message: z.string().min(1).max(1000).optional().meta({
    description:
      'What the client is told as HINT when the rule denies, and people are told when they are asked to approve.',
    'x-default': 'none',
  }),
  approvers: approvers.optional().meta({
    description: 'Who approves. It is required with `then: approve`, and stands with nothing else.',
    'x-default': 'none',
  }),
});

/** The schema of `policy`. */
export const policy: z.ZodType<readonly RuleSettings[], unknown> = z.array(rule).max(1000);
