const factors: { readonly [unit: string]: number } = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** What a duration looks like. A bare number is none: ten of what? */
export const durationPattern: RegExp = /^(\d{1,12}) ?(ms|s|m|h|d|w)$/;

/** Milliseconds of `500ms`, `10s`, `5m`, `2h`, `30d`, `1w`; undefined when it is not a duration. A day is 24 hours. */
export function parseDurationMs(text: string): number | undefined {
  const match = durationPattern.exec(text);
  const factor = factors[match?.[2] ?? ''];
  if (match === null || factor === undefined) return undefined;
  const milliseconds = Number(match[1]) * factor;
  return Number.isSafeInteger(milliseconds) ? milliseconds : undefined;
}

/** The shortest exact way to write a number of milliseconds. */
export function formatDuration(milliseconds: number): string {
  for (const unit of ['w', 'd', 'h', 'm', 's']) {
    const factor = factors[unit] as number;
    if (milliseconds >= factor && milliseconds % factor === 0) return `${milliseconds / factor}${unit}`;
  }
  return `${milliseconds}ms`;
}
