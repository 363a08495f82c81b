/** Tokens of the gateway for clients and for connectors, whole or not; the id of one is no secret. */
const ownToken = /(onrc?_[0-9a-z]{10})_[0-9a-z]+/gi;
/** A JWT, whole or cut: an object in base64url, and what follows it. */
const jwt = /eyJ[A-Za-z0-9_-]{16,}(?:\.[A-Za-z0-9_-]*)*/g;

/**
 * A text without the credentials in it: for what a stranger says where a name belongs, because a client that is set up
 * wrongly sends its secret there.
 */
export function withoutCredentials(text: string): string {
  return text.replace(ownToken, '$1_…').replace(jwt, 'eyJ…');
}
