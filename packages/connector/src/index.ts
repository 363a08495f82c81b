/** Reaches Postgres and hands over an authenticated stream. */
export {
  type ClientCertificate,
  type Database,
  type DatabaseLogin,
  type RoleRule,
  roleFor,
  type SessionOwner,
  type WatchSettings,
} from './database.ts';
export type { DeadlineOptions } from './deadline.ts';
export { DialError, type DialFailure } from './dial-error.ts';
export { type DialOptions, dialPostgres, type UpstreamStream } from './dial-postgres.ts';
export { WatchOutbox } from './link/watch-outbox.ts';
export { md5, nodeCrypto, saltPassword } from './node-crypto.ts';
export { oneLine } from './one-line.ts';
export { cancelUpstream, type OpenedUpstream, openUpstream, targetOf, type UpstreamRequest } from './open-upstream.ts';
export { type CancelKey, sendCancel } from './send-cancel.ts';
export { addressOf, type Target, type TlsMode } from './target.ts';
export { tlsServerEndPoint } from './tls-server-end-point.ts';
export type {
  DatabaseFacts,
  DoctorFacts,
  HbaRule,
  RoleFacts,
  ServerFacts,
} from './watch/doctor-facts.ts';
export { hiddenSecret } from './watch/doctor-facts.ts';
export { type Opening, type OurDial, Ours } from './watch/ours.ts';
export { startWatch, type Watch, type WatchClock, type WatchOptions } from './watch/watch.ts';
export type { SessionKind, WatchEvent } from './watch/watch-event.ts';
export { Watches } from './watch/watches.ts';
