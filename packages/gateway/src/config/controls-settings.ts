import { parseDurationMs } from '@onrecord/connector/config';
import { duration } from '@onrecord/connector/settings';
import { z } from 'zod';
import { approverFields } from './policy-settings.ts';
import { parseQualifiedName } from './qualified-name.ts';

/** `read_only`, `tables` and `limits` of a connection or an identity. */
export interface ControlSettings {
  readonly read_only: boolean;
  readonly tables?: readonly string[] | undefined;
  readonly limits: {
    readonly rows?: number | undefined;
    readonly time?: number | undefined;
    readonly rate?: RateSettings | undefined;
  };
}

export interface RateSettings {
  readonly count: number;
  readonly perMs: number;
}

/** `access` of a connection. */
export interface AccessSettings {
  readonly approvers: { readonly group: string; readonly count: number; readonly timeout: number };
  readonly meanwhile: 'hold' | 'refuse';
  readonly duration: number;
  readonly except: ExceptSettings;
}

/** Whom a rule leaves out. */
export interface ExceptSettings {
  readonly identities: readonly string[];
  readonly groups: readonly string[];
}

const rateShape = 'must be a number of statements and a duration with a slash between, such as 100/1m';

/** `100/1m`. The count is bounded because each statement of the window is remembered. */
const rate: z.ZodType<RateSettings, string> = z
  .string({ error: rateShape })
  .regex(/^\d{1,9} ?\/ ?\d{1,12} ?(?:ms|s|m|h|d|w)$/, { error: rateShape })
  .transform((text, context) => {
    const [count = '', per = ''] = text.split('/');
    const perMs = parseDurationMs(per.trim());
    const rate = { count: Number(count), perMs: perMs ?? 0 };
    if (rate.count >= 1 && rate.count <= 100_000 && rate.perMs >= 100 && rate.perMs <= 86_400_000) return rate;
    context.addIssue('must be between 1 and 100000 statements in between 100ms and 1d');
    return z.NEVER;
  });

const tablePattern = z.string().refine((text) => parseQualifiedName(text)?.length === 2, {
  error: 'must be schema.table, such as public.invoices or reporting.*',
});

/** The settings that a connection and an identity both have. */
export const controlFields: {
  readonly read_only: z.ZodType<boolean, unknown>;
  readonly tables: z.ZodType<readonly string[] | undefined, unknown>;
  readonly limits: z.ZodType<ControlSettings['limits'], unknown>;
} = {
  read_only: z.boolean().prefault(false).meta({
    description:
      'Refuse what writes: data, definitions, sequences, files of the server. Postgres enforces it as well (`default_transaction_read_only`), and what would switch that off is refused. Set for a connection or for an identity, it holds.',
  }),
  tables: z
    .array(tablePattern)
    .optional()
    .meta({
      description:
        'The only tables and views that may be read or written, as `schema.table`; `*` stands for any characters of one part. Of a view, the tables under it must be in the list as well. What cannot be told to keep to them is refused: names that the catalog does not have, and code that the gateway cannot read. Of the system catalogs, those that hold values of tables (`pg_stats` and its kind) need to be in the list. Where the connection and the identity both have a list, both count. Case counts; a part with a dot or a quote in it is written in double quotes.',
      examples: [['public.invoices', 'reporting.*']],
      'x-default': 'any table that the role may use',
    }),
  limits: z
    .strictObject({
      rows: z.int().min(1).max(1_000_000_000).optional().meta({
        description:
          'Rows that one statement may return. One that returns more ends with 54000. What it has changed may stay changed, and so may what stands behind it in its Query or pipeline: Postgres can be done with both before it is told. Of a cursor or portal, each fetch is a statement.',
        'x-default': 'none',
      }),
      time: duration({ minimum: 1, maximum: 7 * 86_400_000 })
        .optional()
        .meta({
          description:
            'How long one statement may run, from when it goes to Postgres. One that runs longer is cancelled.',
          'x-default': 'none',
        }),
      rate: rate.optional().meta({
        description:
          'Statements that one identity may run on one connection in any stretch of time of that length: `100/1m`. More are refused, and do not count.',
        examples: ['100/1m'],
        'x-default': 'none',
        'x-cost': 'Eight bytes for each statement of the count, for each identity on each connection.',
      }),
    })
    .prefault({})
    .meta({ description: 'Bounds on single statements. Of two that apply, the stricter counts.' }),
};

const names = (description: string) => z.array(z.string().min(1)).prefault([]).meta({ description });

/** Whom a setting leaves out, by name or by group. */
export function except(what: string): z.ZodType<ExceptSettings, unknown> {
  return z
    .strictObject({
      identities: names(`Identities ${what}.`),
      groups: names(`Groups ${what}.`),
    })
    .prefault({})
    .meta({ description: 'Whom it does not concern.' });
}

/** The schema of `access`. */
export const access: z.ZodType<AccessSettings, unknown> = z.strictObject({
  approvers: z
    .strictObject(approverFields)
    .meta({ description: 'Who approves that an identity opens sessions on the connection.' }),
  meanwhile: z.enum(['hold', 'refuse']).prefault('hold').meta({
    description:
      'What a login meets until then. `hold`: it waits until they decided, `limits.startup` notwithstanding. `refuse`: it is turned away at once, with the id of the question; the client comes back when that is approved.',
    'x-cost': 'With `hold`, a client whose own timeout is shorter gives up first, and so does its question.',
  }),
  duration: duration({ minimum: 1000, maximum: 30 * 86_400_000 })
    .prefault('8h')
    .meta({ description: 'How long the access lasts once it is approved. Sessions end with it.' }),
  except: except('that need no approval'),
});
