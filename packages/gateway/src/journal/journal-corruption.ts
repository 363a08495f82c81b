/** The journal's bytes are not what was once written to disk there. Nothing reads past it. */
export class JournalCorruption extends Error {
  readonly file: string;
  /** Where in the file the first bytes stand that cannot be trusted. */
  readonly offset: number;

  constructor(file: string, offset: number, reason: string, cause?: unknown) {
    super(`${file}: corrupt at byte ${offset}: ${reason}`, cause === undefined ? undefined : { cause });
    this.name = 'JournalCorruption';
    this.file = file;
    this.offset = offset;
  }
}
