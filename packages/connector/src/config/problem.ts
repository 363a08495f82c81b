/** One thing that is wrong with a configuration file, and where. Never holds a value of the file, only names. */
export interface Problem {
  /** From 1; absent when it is about the file as a whole. Columns count UTF-16 code units, as editors do. */
  readonly line?: number;
  readonly column?: number;
  /** The setting, as in `connections.billing.port`; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
}

/** A configuration that is not used, because of everything in `problems`. */
export class ConfigError extends Error {
  readonly file: string;
  readonly problems: readonly Problem[];

  constructor(file: string, problems: readonly Problem[]) {
    super(problems.map((problem) => formatProblem(file, problem)).join('\n'));
    this.name = 'ConfigError';
    this.file = file;
    this.problems = problems;
  }
}

/** `onrecord.yaml:3:7: connections.billing.port: must be …`, which editors and terminals turn into a link. */
export function formatProblem(file: string, { line, column, path, message }: Problem): string {
  const place = line === undefined ? file : `${file}:${line}:${column ?? 1}`;
  return `${place}: ${path === '' ? '' : `${path}: `}${message}`;
}
