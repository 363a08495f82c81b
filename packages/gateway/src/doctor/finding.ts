/** From what needs no proof at all to what is good to know and is no open route. */
export const severities = ['critical', 'high', 'medium', 'low', 'note'] as const;
export type Severity = (typeof severities)[number];

/** A way past the gateway, or something to know. */
export interface Finding {
  readonly severity: Severity;
  /** A sentence: who gets in from where, and what is asked of them. */
  readonly message: string;
  /** The line of pg_hba.conf, as it would be written; undefined for what is not about one. */
  readonly rule?: FoundRule;
  /** Roles that get in. */
  readonly roles: readonly string[];
  /** Lines that close it when they stand above the rule and below those of `Examination.keep`. */
  readonly lines: readonly string[];
  /** Statements that close it as well, or that help. */
  readonly sql: readonly string[];
}

export interface FoundRule {
  readonly file: string | undefined;
  readonly line: number;
  readonly text: string;
}

export interface Examination {
  /** The worst first; of one severity in the order of the file. */
  readonly findings: readonly Finding[];
  /** Lines for what must go on: the gateway's own sessions, and those that the configuration expects. */
  readonly keep: readonly string[];
  /** What could not be looked at: a sentence each. */
  readonly limits: readonly string[];
}

/** Whether something gets past the gateway, or may and could not be looked at. */
export function isOpen({ findings, limits }: Examination): boolean {
  return limits.length > 0 || findings.some(({ severity }) => severity !== 'note');
}

/** All lines that the findings ask for, to be put at the top of pg_hba.conf: the first line that matches counts. */
export function closingLines({ findings, keep }: Examination): readonly string[] {
  const lines = [...new Set(findings.flatMap((finding) => finding.lines))];
  return lines.length === 0 ? [] : [...keep, ...lines];
}
