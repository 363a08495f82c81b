import { Tokens } from '../../packages/gateway/src/identity/tokens.ts';
import { State } from '../../packages/gateway/src/store/state.ts';

/**
 * A token of an identity's, made as `onrecord tokens create` makes it: in the state of a data directory, whether or not its
 * gateway runs. The command is a process each time, which takes a hundred times as long; it has tests of its own.
 */
export function createToken(dataDirectory: string, identity: string): string {
  const state = new State(dataDirectory);
  try {
    return new Tokens(state).create(identity, 'the tests', { nowMs: Date.now() }).text;
  } finally {
    state.close();
  }
}
