/** What both ends of a link share. */
export {
  authorityPin,
  type EnrollmentToken,
  generateEnrollmentToken,
  parseEnrollmentToken,
} from './enrollment-token.ts';
export { type Heartbeat, type HeartbeatOptions, startHeartbeat } from './heartbeat.ts';
export { encodeLinkMessage, LinkFramer, maxLinkMessageBytes } from './link-framer.ts';
export * from './messages.ts';
export { Rate } from './rate.ts';
