import { nearMiss } from '@onrecord/connector/config';
import type { Claimed } from '@onrecord/record';
import type { StartupParameter } from '@onrecord/wire';
import { Termination } from '../errors.ts';
import { optionSettings } from './startup-options.ts';

/** What the client says of itself, and what is left of its startup parameters for Postgres. */
export interface Claims {
  readonly claimed: Claimed;
  /** Why it wants what it does, for those who approve it. */
  readonly reason: string | undefined;
  readonly parameters: readonly StartupParameter[];
}

/** The claims of the record, and what only approvers are told. */
type Said = Mutable<Claimed & { readonly reason?: string }>;

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

const prefix = 'onrecord.';

/** Bytes; Postgres itself cuts application_name at 63. */
const maximumApplicationName = 256;

/** Texts that a claim may be, and what that is called in the error. */
const claims: {
  readonly [name: string]: {
    readonly field: 'runId' | 'traceparent' | 'onBehalfOf' | 'reason';
    readonly form: RegExp;
    readonly rule: string;
  };
} = {
  'onrecord.run_id': {
    field: 'runId',
    form: /^[^\p{C}\p{Zl}\p{Zp}\ufffd]{1,128}$/u,
    rule: 'It is 1 to 128 printable characters in UTF-8.',
  },
  // W3C Trace Context, section 3.2: version ff is invalid, and so are ids of zeros; a later version may go on.
  'onrecord.traceparent': {
    field: 'traceparent',
    form: /^(?!ff)(?!00.{53}.)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-[\x21-\x7e]{0,200})?$/,
    rule: 'It is version, trace id, parent id and flags in lower-case hex, as W3C Trace Context has it.',
  },
  'onrecord.on_behalf_of': {
    field: 'onBehalfOf',
    form: /^[^\p{C}\p{Zl}\p{Zp}\ufffd]{1,256}$/u,
    rule: 'It is 1 to 256 printable characters in UTF-8.',
  },
  'onrecord.reason': {
    field: 'reason',
    form: /^[^\p{C}\p{Zl}\p{Zp}\ufffd]{1,512}$/u,
    rule: 'It is 1 to 512 printable characters in UTF-8.',
  },
};

/**
 * Takes what is the gateway's (`onrecord.run_id`, `onrecord.traceparent`, `onrecord.on_behalf_of`, `onrecord.reason`) out of startup
 * parameters and their `options`. Everything else stays byte for byte. An empty value claims nothing, so that a variable may be unset.
 * Throws a Termination for a value that is not one, and for any other name that begins with `onrecord.`.
 */
export function takeClaims(parameters: readonly StartupParameter[]): Claims {
  const claimed: Said = {};
  const rest: StartupParameter[] = [];
  for (const parameter of parameters) {
    const name = parameter.name.toLowerCase();
    if (name.startsWith(prefix)) {
      claim(claimed, name, Buffer.from(parameter.value));
    } else if (parameter.name === 'options') {
      const value = withoutClaims(claimed, parameter.value);
      if (value !== undefined) rest.push({ name: parameter.name, value });
    } else {
      if (name === 'application_name') claimApplicationName(claimed, parameter.value);
      rest.push(parameter);
    }
  }
  const { reason, ...recorded } = claimed;
  return { claimed: recorded, reason, parameters: rest };
}

/** The options without the gateway's settings: the same bytes when there are none, undefined when nothing else is left. */
function withoutClaims(claimed: Said, value: Uint8Array): Uint8Array | undefined {
  // One character a byte, whatever the encoding: the separators are ASCII in every encoding a client can have.
  const options = Buffer.from(value).toString('latin1');
  let rest = '';
  let from = 0;
  for (const setting of optionSettings(options)) {
    if (!setting.name.startsWith(prefix)) continue;
    claim(claimed, setting.name, setting.value === undefined ? undefined : Buffer.from(setting.value, 'latin1'));
    rest += options.slice(from, setting.start);
    from = setting.end;
  }
  if (from === 0) return value;
  rest += options.slice(from);
  return rest.trim() === '' ? undefined : Buffer.from(rest, 'latin1');
}

function claim(claimed: Said, name: string, value: Buffer | undefined): void {
  const known = claims[name];
  if (known === undefined) {
    const meant = nearMiss(name, Object.keys(claims));
    throw new Termination('42704', `unrecognized configuration parameter "${printable(name)}"`, {
      hint: `${meant === undefined ? '' : `Did you mean "${meant}"? `}Names that begin with "${prefix}" are the gateway's: ${Object.keys(claims).join(', ')}.`,
    });
  }
  const text = value?.toString('utf8') ?? '';
  if (text === '') {
    if (value === undefined) throw new Termination('42601', `"${name}" requires a value`);
    delete claimed[known.field];
    return;
  }
  if (!known.form.test(text)) {
    throw new Termination('22023', `invalid value for parameter "${name}"`, { detail: known.rule });
  }
  claimed[known.field] = text;
}

function claimApplicationName(claimed: Said, value: Uint8Array): void {
  const text = Buffer.from(value.subarray(0, maximumApplicationName)).toString('utf8');
  if (text !== '') claimed.applicationName = text;
}

function printable(name: string): string {
  return name.replace(/[^\x21-\x7e]/g, '?').slice(0, 64);
}
