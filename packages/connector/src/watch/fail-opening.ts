import { DialError } from '../dial-error.ts';
import type { Opening } from './ours.ts';

/** Says of a dial that failed what became of its session, as soon as that is known. */
export function failOpening(opening: Opening, error: unknown): void {
  // Anything else is a bug, and says nothing.
  if (!(error instanceof DialError)) return opening.lost();
  if (error.session === undefined) return opening.refused();
  void error.session.then((fate) => {
    switch (fate.type) {
      case 'none':
        return opening.refused();
      case 'unclear':
        return opening.lost();
      case 'ended':
        opening.opened(fate.backendPid);
        return opening.closed();
    }
  });
}
