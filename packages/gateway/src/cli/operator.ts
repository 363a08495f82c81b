import { userInfo } from 'node:os';

/** Who runs this command: written to the record of what it does. */
export function operator(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run with a user id that has no name.
    return 'unknown user';
  }
}
