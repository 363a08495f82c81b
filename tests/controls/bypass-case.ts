import { encodeFrontend, type FrontendMessage, Writer } from '@onrecord/wire';

/** One way around the controls, and what must come of it. */
export interface BypassCase {
  readonly name: string;
  /** What it tries, in a sentence. */
  readonly way: string;
  /** Who tries (reference-configuration.ts); `agent` by default. */
  readonly as: Trier;
  /** Startup parameters besides user and database. */
  readonly startup?: { readonly [name: string]: string };
  readonly steps: readonly Step[] | ((place: Place) => readonly Step[]);
  /**
   * `no leak`: nothing of a hidden value reaches the client, in whatever form. `refused`: with 42501, and the effect is
   * not there. `asked`: it waits for people, and the effect is not there.
   */
  readonly expect: 'no leak' | 'refused' | 'asked';
  /** A query that gives true when what must not happen has happened. */
  readonly effect?: string;
  /** Other forms of a hidden value than leakIn knows, which must not show either. */
  readonly shows?: readonly (string | RegExp)[];
  /** SQLSTATEs that refuse it as well as 42501: Postgres's own read-only transactions, limits. */
  readonly states?: readonly string[];
  /** Done by the superuser in the case's database, before anybody has connected to it; and after, to put the server right. */
  readonly before?: string;
  readonly after?: string;
  /** Why it works on no Postgres of ours: a trick against a gateway that reads otherwise than Postgres. */
  readonly worksNowhere?: string;
  /** It does not get past the login. */
  readonly atLogin?: boolean;
}

export type Trier =
  | 'payer'
  | 'agent'
  | 'root'
  | 'prober'
  | 'reader'
  | 'clerk'
  | 'builder'
  | 'limited'
  | 'watched'
  | 'service';

/** Where a case runs, for what must name it. */
export interface Place {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly password: string;
  /** Where the server may write. */
  readonly dataDirectory: string;
}

/** A simple Query, or messages as they are. Each is answered before the next is sent. */
export type Step = string | Messages;

export interface Messages {
  readonly bytes: Uint8Array | ((ask: (sql: string) => Promise<string>) => Promise<Uint8Array>);
  /** ReadyForQuery that answer it. */
  readonly answers: number;
  /** Which connection sends it; the first by default. Others are opened when they are first named. */
  readonly on?: string;
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

export function messages(list: readonly FrontendMessage[], on?: string): Messages {
  const writer = new Writer();
  for (const message of list) encodeFrontend(message, writer);
  const answers = list.filter(({ type }) => type === 'sync' || type === 'query' || type === 'functionCall').length;
  return { bytes: writer.finish(), answers, ...(on === undefined ? {} : { on }) };
}

export function on(connection: string, sql: string): Messages {
  return messages([query(sql)], connection);
}

export const query = (sql: string): FrontendMessage => ({ type: 'query', sql: utf8(sql) });

export const parse = (sql: string, name = ''): FrontendMessage => ({
  type: 'parse',
  name: utf8(name),
  sql: utf8(sql),
  parameterTypes: [],
});

export interface Binding {
  readonly portal?: string;
  readonly statement?: string;
  readonly parameters?: readonly (string | null)[];
  readonly formats?: readonly number[];
}

export const bind = ({
  portal = '',
  statement = '',
  parameters = [],
  formats = [],
}: Binding = {}): FrontendMessage => ({
  type: 'bind',
  portal: utf8(portal),
  statement: utf8(statement),
  parameterFormats: [],
  parameters: parameters.map((value) => (value === null ? null : utf8(value))),
  resultFormats: formats,
});

export const describe = (target: 'statement' | 'portal', name = ''): FrontendMessage => ({
  type: 'describe',
  target,
  name: utf8(name),
});

export const execute = (portal = '', maxRows = 0): FrontendMessage => ({
  type: 'execute',
  portal: utf8(portal),
  maxRows,
});

export const close = (target: 'statement' | 'portal', name = ''): FrontendMessage => ({
  type: 'close',
  target,
  name: utf8(name),
});

export const sync: FrontendMessage = { type: 'sync' };
export const flush: FrontendMessage = { type: 'flush' };

export const copyData = (text: string): FrontendMessage => ({ type: 'copyData', data: utf8(text) });
export const copyDone: FrontendMessage = { type: 'copyDone' };

/** All that one statement takes in the extended protocol. */
export function extended(sql: string, binding: Binding = {}): Messages {
  return messages([parse(sql), bind(binding), describe('portal'), execute(), sync]);
}

/** A FunctionCall of the function that the server knows by this signature, with arguments as text. */
export function call(signature: string, args: readonly (string | null)[], resultFormat = 0): Messages {
  return {
    answers: 1,
    bytes: async (ask) => {
      const functionOid = Number(await ask(`select '${signature}'::regprocedure::oid`));
      const values = args.map((value) => (value === null ? null : utf8(value)));
      return encodeFrontend({
        type: 'functionCall',
        functionOid,
        argumentFormats: [],
        arguments: values,
        resultFormat,
      }).finish();
    },
  };
}

/** A Query whose text is these bytes. */
export function rawQuery(sql: Uint8Array): Messages {
  return { bytes: new Writer().begin(0x51).bytes(sql).uint8(0).end().finish(), answers: 1 };
}

type Steps = Step | BypassCase['steps'];

interface More extends Partial<Omit<BypassCase, 'name' | 'way' | 'steps' | 'expect'>> {}

/** Hidden values must not show. */
export function hides(name: string, way: string, steps: Steps, more: More = {}): BypassCase {
  return { as: 'agent', ...more, name, way, steps: listed(steps), expect: 'no leak' };
}

export function refuses(name: string, way: string, steps: Steps, more: More = {}): BypassCase {
  return { as: 'agent', ...more, name, way, steps: listed(steps), expect: 'refused' };
}

export function asks(name: string, way: string, steps: Steps, more: More = {}): BypassCase {
  return { as: 'agent', ...more, name, way, steps: listed(steps), expect: 'asked' };
}

function listed(steps: Steps): BypassCase['steps'] {
  if (typeof steps === 'function') return steps;
  return Array.isArray(steps) ? steps : [steps as Step];
}
