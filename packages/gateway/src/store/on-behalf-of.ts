import type { SessionOpened } from '@onrecord/record';
import type { OnBehalfOf } from './views.ts';

/** On whose behalf a session acts, as far as its first entry says. */
export function onBehalfOf({ onBehalfOf: verified, claimed }: SessionOpened): OnBehalfOf {
  return { verified, claimed: claimed.onBehalfOf };
}
