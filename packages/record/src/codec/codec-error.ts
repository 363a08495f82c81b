/** Bytes that are not what the format says. `offset` counts from the start of the bytes that were being decoded. */
export class CodecError extends Error {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(`${message} at byte ${offset}`);
    this.name = 'CodecError';
    this.offset = offset;
  }
}
