import { formatSecretReference } from '@onrecord/connector/config';
import { secret } from '@onrecord/connector/settings';
import { RE2JS } from 're2js';
import { z } from 'zod';
import { type MaskAction, maskActions } from '../masking/mask.ts';
import type { DetectorName } from '../masking/masking-rule.ts';
import { type ExceptSettings, except } from './controls-settings.ts';
import { parseQualifiedName } from './qualified-name.ts';

/** `masking` of the file, checked. */
export interface MaskingSettings {
  readonly key?: string | undefined;
  readonly rules: readonly MaskingRuleSettings[];
}

export interface MaskingRuleSettings {
  readonly connections?: readonly string[] | undefined;
  readonly identities?: readonly string[] | undefined;
  readonly groups?: readonly string[] | undefined;
  readonly except: ExceptSettings;
  readonly columns: { readonly [column: string]: MaskAction };
  readonly detectors: { readonly [Name in DetectorName]?: MaskAction | undefined };
  readonly patterns: readonly { readonly name: string; readonly pattern: string; readonly then: MaskAction }[];
  readonly probe: 'allow' | 'deny';
  readonly trusted_functions: readonly string[];
}

const action = z.enum(maskActions as unknown as [MaskAction, ...MaskAction[]]);

const column = z.string().refine((text) => parseQualifiedName(text)?.length === 3, {
  error: 'must be schema.table.column, such as public.customers.email',
});

const functionName = z.string().refine((text) => parseQualifiedName(text)?.length === 2, {
  error: 'must be schema.function, such as public.tax_of',
});

const detector = (what: string) => action.optional().meta({ description: what, 'x-default': 'not looked for' });

const detectors = z
  .strictObject({
    card: detector('Card numbers of 13 to 19 digits whose check digit (Luhn) is right.'),
    email: detector('Addresses of mail.'),
    phone: detector('Phone numbers that are written internationally.'),
    iban: detector('Account numbers (IBAN) whose checksum is right.'),
    national_id: detector('National identity numbers with a checksum or a form of their own.'),
    api_key: detector('Keys and tokens of known services.'),
    private_key: detector('Private keys in PEM.'),
  })
  .prefault({})
  .meta({
    description:
      'What is looked for in the values of all columns that no rule names, and what becomes of it. A detector finds what looks like it: it is a net under the columns that are named, not a replacement for naming them.',
    'x-cost': 'Every value of every row is looked at.',
  });

const pattern = z.strictObject({
  name: z.string().min(1).max(100).meta({ description: 'What it is called in the record.' }),
  pattern: z
    .string()
    .min(1)
    .max(1000)
    .superRefine(compiles)
    .meta({
      description:
        'A regular expression in the syntax of RE2: it takes linear time on any value, and has neither look-around nor back-references.',
      examples: ['ORD-[0-9]{8}'],
    }),
  then: action.meta({ description: 'What becomes of a value that it is found in.' }),
});

function compiles(text: string, context: z.RefinementCtx): void {
  try {
    RE2JS.compile(text);
  } catch (error) {
    context.addIssue(`is not a regular expression of RE2: ${(error as Error).message}`);
  }
}

const some = (description: string): z.ZodType<readonly string[] | undefined, unknown> =>
  z.array(z.string().min(1)).min(1).optional().meta({ description, 'x-default': 'all' });

const rule = z.strictObject({
  connections: some('Connections that it holds on.'),
  identities: some('Identities that it concerns. With `groups` as well, either is enough.'),
  groups: some('Groups that it concerns.'),
  except: except('that it does not concern'),
  columns: z
    .record(column, action)
    .prefault({})
    .meta({
      description:
        'Columns, as `schema.table.column`, and what becomes of their values wherever they come out: under another name, through views, functions and expressions. `null`: NULL. `redact`: `[masked]`. `partial`: all but the last four characters become `*`. `hash`: a keyed hash in the type of the column, the same for the same value. Where a type cannot hold that, NULL. Case counts; a part with a dot or a quote in it is written in double quotes.',
      examples: [{ 'public.customers.email': 'partial' }],
    }),
  detectors,
  patterns: z.array(pattern).max(100).prefault([]).meta({
    description: 'Patterns of your own, like detectors.',
    'x-cost': 'Every value of every row is looked at, for each pattern.',
  }),
  probe: z.enum(['allow', 'deny']).prefault('allow').meta({
    description:
      "Whether a masked column may stand in conditions, joins, orderings and groupings. `allow` shows no value, but whoever may ask often enough (`WHERE email LIKE 'a%'`) can find out what they are.",
    'x-cost': '`deny` refuses looking up a customer by their address, too.',
  }),
  trusted_functions: z.array(functionName).prefault([]).meta({
    description:
      'Functions, as `schema.function`, whose results are shown although the gateway cannot tell what they read. Others are masked like what cannot be traced.',
  }),
});

/** The schema of `masking`. */
export const masking: z.ZodType<MaskingSettings, unknown> = z.strictObject({
  key: secret.transform(formatSecretReference).optional().meta({
    description: 'The key of `hash`, a reference to a secret. With another key the same value has another hash.',
    'x-default': 'one that is made in the data directory',
  }),
  rules: z.array(rule).max(1000).prefault([]).meta({
    description:
      'What is masked, for whom. Several can apply to a session; of two masks on a column the more restrictive counts: `null`, `redact`, `hash`, `partial`.',
  }),
});
