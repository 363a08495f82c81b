/** Names of segment files: the index of the first entry in sixteen decimal digits, so that they sort in order. */

const pattern = /^(\d{16})\.segment$/;

export function segmentFileName(firstIndex: number): string {
  return `${String(firstIndex).padStart(16, '0')}.segment`;
}

/** First indexes of the segments among the names of a directory, in order. */
export function segmentsAmong(names: readonly string[]): number[] {
  return names
    .flatMap((name) => pattern.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}
