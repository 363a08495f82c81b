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
export { formatVersion } from './codec/format-version.ts';
export { decodeEntry, type EntryPlace, encodeEntry, hashBytes, type Sha256 } from './codec.ts';
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
export { type CopyFormats, decodeColumns, decodeCopyFormats, type RawColumn } from './values/decode-columns.ts';
export { decodeErrorFields, type RawErrorFields } from './values/decode-error-fields.ts';
export { decodeCopyData, decodeRows } from './values/decode-messages.ts';
export {
  type DecodedParameters,
  decodeParameters,
  parametersOfBind,
  type RawValue,
} from './values/decode-parameters.ts';
export { type FormatOptions, type FormattedValue, formatValue } from './values/format-value.ts';
export { type DecodeText, textDecoding } from './values/text-decoding.ts';
export { type KnownType, TypeCatalog } from './values/type-catalog.ts';
