import assert from 'node:assert/strict';

const linesBefore = 12;
const linesBehind = 4;

/** Throws an error that shows the first line in which what came through the gateway differs, and what led there. */
export function assertSameLines(through: readonly string[], direct: readonly string[]): void {
  const length = Math.max(through.length, direct.length);
  for (let at = 0; at < length; at += 1) {
    if (through[at] === direct[at]) continue;
    const shown = (lines: readonly string[]): string =>
      lines
        .slice(at, at + linesBehind)
        .concat(lines.length <= at ? ['nothing more'] : [])
        .join('\n    ');
    assert.fail(
      `line ${at + 1} differs. After:\n    ${direct.slice(Math.max(0, at - linesBefore), at).join('\n    ')}` +
        `\n  Postgres:\n    ${shown(direct)}\n  through the gateway:\n    ${shown(through)}`,
    );
  }
}
