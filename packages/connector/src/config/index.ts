/** Pieces of configuration that load nothing: for commands that must start fast. */
export { addressPattern, formatAddress, type HostPort, parseAddress } from './address.ts';
export { durationPattern, formatDuration, parseDurationMs } from './duration.ts';
export { didYouMean, nearMiss } from './near-miss.ts';
export { ConfigError, formatProblem, type Problem } from './problem.ts';
export {
  formatSecretReference,
  parseSecretReference,
  resolveSecret,
  type SecretReference,
  secretPattern,
} from './secret.ts';
export { randomTokenDigits, tokenChecksum, tokenChecksumDigits, tokenDigits } from './token-digits.ts';
