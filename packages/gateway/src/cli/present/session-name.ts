/** How a session is called where its whole id would be in the way. */

/**
 * The last six characters of a session id: its random part. The first ten are the time, and alike for sessions that
 * were opened together.
 */
export function shortSession(session: string): string {
  return session.slice(-6);
}
