import { type CopyData, decodeCopyData, encodeCopyData } from '../copy/copy-data.ts';
import { type CopyDone, decodeCopyDone, encodeCopyDone } from '../copy/copy-done.ts';
import { ProtocolError } from '../protocol-error.ts';
import type { Reader } from '../reader.ts';
import { frontendTag } from '../tag.ts';
import { Writer } from '../writer.ts';
import { type Bind, decodeBind, encodeBind } from './bind.ts';
import { type Close, decodeClose, encodeClose } from './close.ts';
import { type CopyFail, decodeCopyFail, encodeCopyFail } from './copy-fail.ts';
import { type Describe, decodeDescribe, encodeDescribe } from './describe.ts';
import { decodeExecute, type Execute, encodeExecute } from './execute.ts';
import { decodeFlush, encodeFlush, type Flush } from './flush.ts';
import { decodeFunctionCall, encodeFunctionCall, type FunctionCall } from './function-call.ts';
import { decodeGssResponse, encodeGssResponse, type GssResponse } from './gss-response.ts';
import { decodeParse, encodeParse, type Parse } from './parse.ts';
import { decodePasswordMessage, encodePasswordMessage, type PasswordMessage } from './password-message.ts';
import { decodeQuery, encodeQuery, type Query } from './query.ts';
import {
  decodeSaslInitialResponse,
  encodeSaslInitialResponse,
  type SaslInitialResponse,
} from './sasl-initial-response.ts';
import { decodeSaslResponse, encodeSaslResponse, type SaslResponse } from './sasl-response.ts';
import { decodeSync, encodeSync, type Sync } from './sync.ts';
import { decodeTerminate, encodeTerminate, type Terminate } from './terminate.ts';

/** Every message that a frontend sends once the startup packet is through. */
export type FrontendMessage =
  | Bind
  | Close
  | CopyData
  | CopyDone
  | CopyFail
  | Describe
  | Execute
  | Flush
  | FunctionCall
  | GssResponse
  | Parse
  | PasswordMessage
  | Query
  | SaslInitialResponse
  | SaslResponse
  | Sync
  | Terminate;

/** What a `p` message is: four messages share the tag, and only what the server asked for tells which. */
export type PasswordKind = 'password' | 'sasl initial' | 'sasl' | 'gss';

type Decode = (body: Reader) => FrontendMessage;

const passwordDecoders: { readonly [Kind in PasswordKind]: Decode } = {
  password: decodePasswordMessage,
  'sasl initial': decodeSaslInitialResponse,
  sasl: decodeSaslResponse,
  gss: decodeGssResponse,
};

const decoders: { readonly [Name in Exclude<keyof typeof frontendTag, 'password'>]: Decode } = {
  bind: decodeBind,
  close: decodeClose,
  copyData: decodeCopyData,
  copyDone: decodeCopyDone,
  copyFail: decodeCopyFail,
  describe: decodeDescribe,
  execute: decodeExecute,
  flush: decodeFlush,
  functionCall: decodeFunctionCall,
  parse: decodeParse,
  query: decodeQuery,
  sync: decodeSync,
  terminate: decodeTerminate,
};

const encoders: {
  readonly [Type in FrontendMessage['type']]: (
    message: Extract<FrontendMessage, { type: Type }>,
    writer: Writer,
  ) => void;
} = {
  bind: encodeBind,
  close: encodeClose,
  copyData: encodeCopyData,
  copyDone: encodeCopyDone,
  copyFail: encodeCopyFail,
  describe: encodeDescribe,
  execute: encodeExecute,
  flush: encodeFlush,
  functionCall: encodeFunctionCall,
  gssResponse: encodeGssResponse,
  parse: encodeParse,
  passwordMessage: encodePasswordMessage,
  query: encodeQuery,
  saslInitialResponse: encodeSaslInitialResponse,
  saslResponse: encodeSaslResponse,
  sync: encodeSync,
  terminate: encodeTerminate,
};

const byTag: readonly (Decode | undefined)[] = Array.from({ length: 256 }, (_, tag) => {
  const names = Object.keys(decoders) as (keyof typeof decoders)[];
  const name = names.find((key) => frontendTag[key] === tag);
  return name === undefined ? undefined : decoders[name];
});

/**
 * Decodes the body of one message. Byte ranges of the result are views of the Reader's bytes. `password` says what a
 * `p` message is expected to be; without it, `p` is as unknown as it is to a server that asked for nothing.
 * Throws a ProtocolError for an unknown tag and for a body that Postgres would not read.
 */
export function decodeFrontend(tag: number, body: Reader, password?: PasswordKind): FrontendMessage {
  const decode = tag === frontendTag.password ? password && passwordDecoders[password] : byTag[tag];
  if (decode === undefined) throw new ProtocolError(`invalid frontend message type ${tag}`);
  return decode(body);
}

/** Appends one message to `writer`, a new one by default, and returns it. */
export function encodeFrontend(message: FrontendMessage, writer: Writer = new Writer()): Writer {
  const encode = encoders[message.type] as (message: FrontendMessage, writer: Writer) => void;
  encode(message, writer);
  return writer;
}
