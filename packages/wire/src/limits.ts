import { ProtocolError } from './protocol-error.ts';
import { frontendTag } from './tag.ts';

/** What Postgres accepts. Lengths are those of the length word unless they say otherwise: the type byte is not counted. */
export const limits = {
  /** MAX_STARTUP_PACKET_LENGTH (include/libpq/pqcomm.h): the packet without its length word. */
  startupPacketBytes: 10_000,
  /** PQ_SMALL_MESSAGE_LIMIT (include/libpq/libpq.h). */
  smallMessageBytes: 10_000,
  /** PQ_LARGE_MESSAGE_LIMIT (include/libpq/libpq.h): MaxAllocSize - 1. */
  largeMessageBytes: 0x3fff_fffe,
  /** PG_MAX_SASL_MESSAGE_LENGTH (include/libpq/sasl.h): SASLInitialResponse and SASLResponse of SCRAM. */
  saslMessageBytes: 1024,
  /** PG_MAX_AUTH_TOKEN_LENGTH (include/libpq/auth.h): PasswordMessage, GSSResponse, tokens of OAUTHBEARER. */
  authTokenBytes: 65_535,
  /** NAMEDATALEN - 1 (include/pg_config_manual.h): longer user and database names are cut (ProcessStartupPacket). */
  nameBytes: 63,
  /** ProcessCancelRequestPacket (backend/tcop/backend_startup.c); the manual asks for 4 at least. */
  cancelKeyBytes: 256,
} as const;

const small = limits.smallMessageBytes;
const large = limits.largeMessageBytes;

/** SocketBackend (backend/tcop/postgres.c). */
const frontendLimits: { readonly [Name in keyof typeof frontendTag]: number } = {
  bind: large,
  close: small,
  copyData: large,
  copyDone: small,
  copyFail: small,
  describe: small,
  execute: small,
  flush: small,
  functionCall: large,
  parse: large,
  password: limits.authTokenBytes,
  query: large,
  sync: small,
  terminate: small,
};

const byTag: readonly number[] = Array.from({ length: 256 }, (_, tag) => {
  const name = (Object.keys(frontendTag) as (keyof typeof frontendTag)[]).find((key) => frontendTag[key] === tag);
  return name === undefined ? -1 : frontendLimits[name];
});

/**
 * The largest message of a tag that Postgres reads from a frontend, in bytes with its type byte. Throws a ProtocolError
 * for a tag that no frontend sends.
 */
export function frontendMessageBytes(tag: number): number {
  const limit = byTag[tag] ?? -1;
  if (limit < 0) throw new ProtocolError(`invalid frontend message type ${tag}`);
  return limit + 1;
}
