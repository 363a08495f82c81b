export {
  type Batch,
  batchEntries,
  batchHeaderBytes,
  batchLength,
  batchOverheadBytes,
  batchRunning,
  beginBatch,
  beginFrame,
  endFrame,
  type FramedEntry,
  frameBytes,
  openBatch,
  runningHash,
  type Seal,
  sealBatch,
} from './batch.ts';
export { ByteSink } from './codec/byte-sink.ts';
export { CodecError } from './codec/codec-error.ts';
export { decodeEntry, encodeEntry, formatVersion, hashBytes, type Sha256 } from './codec.ts';
export * from './entry.ts';
export {
  type Crc32,
  decodeSegmentHeader,
  encodeSegmentHeader,
  journalIdBytes,
  LaterVersionError,
  markBytes,
  type SegmentHeader,
  segmentHeaderBytes,
} from './segment-header.ts';
