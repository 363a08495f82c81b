export { ByteSink } from './codec/byte-sink.ts';
export { CodecError } from './codec/codec-error.ts';
export { decodeEntry, encodeEntry, formatVersion, hashBytes, type Sha256 } from './codec.ts';
export * from './entry.ts';
