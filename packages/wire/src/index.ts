export { Framer, type FramerOptions } from './framer.ts';
export { ProtocolError } from './protocol-error.ts';
export { Reader } from './reader.ts';
export { type BackendTag, backendTag, type FrontendTag, frontendTag } from './tag.ts';
export { Writer } from './writer.ts';
