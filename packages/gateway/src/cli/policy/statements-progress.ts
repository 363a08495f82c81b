import type { CommandIo } from '../command-io.ts';
import { groupDigits } from '../present/quantity.ts';
import type { Progress } from '../recording/open-recording.ts';

const everyMs = 250;

/** Says on a terminal how many statements have been looked at, while that takes a while. */
export function statementsProgress({ stderr }: Pick<CommandIo, 'stderr'>): Progress {
  if ((stderr as { readonly isTTY?: boolean }).isTTY !== true) return { report: () => {}, end: () => {} };
  let last = performance.now();
  let shown = false;
  return {
    report(count) {
      const now = performance.now();
      if (now - last < everyMs) return;
      last = now;
      shown = true;
      stderr.write(`\r${groupDigits(count)} statements`);
    },
    end() {
      if (shown) stderr.write('\r\x1b[K');
      shown = false;
    },
  };
}
