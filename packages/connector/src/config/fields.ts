import { z } from 'zod';
import { addressPattern, type HostPort, parseAddress } from './address.ts';
import { durationPattern, formatDuration, parseDurationMs } from './duration.ts';
import { parseSecretReference, type SecretReference, secretPattern } from './secret.ts';

/** Kinds of settings that the configurations of the gateway and of the connector share, with messages fit for people. */

/** NAMEDATALEN - 1 in Postgres: what is longer would be cut there. */
const maximumNameBytes = 63;

/** Texts for issues that the schema itself has no text for. Values are never quoted: one of them may be a secret. */
export function describeIssue(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'is required' : `must be ${kinds[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `must be ${oneOf(issue.values)}`;
    case 'too_small':
      return issue.origin === 'string' ? 'must not be empty' : `must be at least ${issue.minimum}`;
    case 'too_big':
      return `must be at most ${issue.maximum}`;
    default:
      return undefined;
  }
}

const kinds: { readonly [expected: string]: string } = {
  object: 'a map of settings',
  record: 'a map of names',
  array: 'a list',
  string: 'text (a number is text in quotes)',
  int: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
};

function oneOf(values: readonly unknown[]): string {
  const quoted = values.map((value) => `"${String(value)}"`);
  return quoted.length === 1 ? String(quoted[0]) : `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`;
}

/** A length of time in milliseconds. */
export function duration({ minimum, maximum }: { minimum: number; maximum: number }): z.ZodType<number, string> {
  const shape = 'must be a duration such as 500ms, 10s or 5m: a number with ms, s, m, h, d or w';
  return z
    .string({ error: shape })
    .regex(durationPattern, { error: shape })
    .transform((value, context) => {
      const milliseconds = parseDurationMs(value);
      if (milliseconds !== undefined && milliseconds >= minimum && milliseconds <= maximum) return milliseconds;
      context.addIssue(`must be between ${formatDuration(minimum)} and ${formatDuration(maximum)}`);
      return z.NEVER;
    });
}

const addressShape =
  'must be an address such as 127.0.0.1:6432 or "[::1]:6432": host and port, IPv6 in brackets and quotes';

/** Host and port. */
export const address: z.ZodType<HostPort, string> = z
  .string({ error: addressShape })
  .regex(addressPattern, { error: addressShape })
  .transform((value, context) => {
    const parsed = parseAddress(value);
    if (parsed !== undefined) return parsed;
    context.addIssue(addressShape);
    return z.NEVER;
  });

const secretShape =
  'must be a reference to a secret, env:NAME, file:PATH or exec:COMMAND; a password itself does not belong in this file';

/** A reference to a secret, never the secret itself. */
export const secret: z.ZodType<SecretReference, string> = z
  .string({ error: secretShape })
  .regex(secretPattern, { error: secretShape })
  .transform((value, context) => {
    const reference = parseSecretReference(value);
    if (reference !== undefined) return reference;
    context.addIssue(secretShape);
    return z.NEVER;
  });

/** Text that can be sent in a startup message: no NUL, and not cut by Postgres when it is a name. */
export function postgresName(): z.ZodType<string, string> {
  return z
    .string()
    .min(1)
    .regex(/^[^\0]*$/, { error: 'must not hold a NUL' })
    .refine(fitsName, { error: `must be at most ${maximumNameBytes} bytes, as Postgres cuts names there` });
}

function fitsName(name: string): boolean {
  return Buffer.byteLength(name) <= maximumNameBytes;
}

/** Path of a file or directory; relative ones are relative to the configuration file. */
export const path: z.ZodType<string, string> = z
  .string()
  .min(1)
  .regex(/^[^\0]*$/, { error: 'must not hold a NUL' });

/** A name that is a key of a map. `rule` says in an error what `pattern` takes. */
export function key(pattern: RegExp, rule: string): z.ZodType<string, string> {
  return z
    .string()
    .regex(pattern, { error: `is not a name that can be used here: ${rule}` })
    .refine(fitsName, { error: `is longer than ${maximumNameBytes} bytes, where Postgres cuts names` })
    .refine((name) => name.normalize('NFC') === name, {
      error: 'is not in Unicode normal form C: it would look like a name that it is not',
    }) as z.ZodType<string, string>;
}

/** Name of a connection. */
export const connectionName: z.ZodType<string, string> = key(
  /^[\p{L}\p{N}][\p{L}\p{M}\p{N}_.-]*$/u,
  'a letter or digit, then letters, digits and any of _ . - (no slash: "connection/database" names a database)',
);
