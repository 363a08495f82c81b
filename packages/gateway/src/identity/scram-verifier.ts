import { createHash, createHmac, pbkdf2, pbkdf2Sync, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

/** What a server keeps of a SCRAM-SHA-256 password (RFC 5802, section 3): enough to check it, too little to log in with. */
export interface ScramVerifier {
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

/** The verifier of a password in ASCII, which SASLprep leaves as it is. Takes some 2 ms at 4,096 iterations. */
export function deriveVerifier(password: string, salt: Uint8Array, iterations: number): ScramVerifier {
  return verifierOf(pbkdf2Sync(password, salt, iterations, 32, 'sha256'));
}

const slowHash = promisify(pbkdf2);

/**
 * Which of some verifiers is that of a password in ASCII. The slow part is done off the event loop, once, and the
 * comparisons take the same time whether one matches, none does or there is none.
 */
export async function findVerifier<Verifier extends ScramVerifier>(
  password: string,
  candidates: { readonly salt: Uint8Array; readonly iterations: number; readonly verifiers: readonly Verifier[] },
): Promise<Verifier | undefined> {
  const { salt, iterations, verifiers } = candidates;
  const { storedKey } = verifierOf(await slowHash(password, salt, iterations, 32, 'sha256'));
  let found: Verifier | undefined;
  for (let slot = 0; slot < Math.max(verifiers.length, minimumSlots); slot += 1) {
    const verifier = verifiers[slot];
    if (timingSafeEqual(verifier?.storedKey ?? nobody, storedKey) && verifier !== undefined) found = verifier;
  }
  return found;
}

/** Stands in for verifiers that are not there. */
const nobody = new Uint8Array(32);
const minimumSlots = 8;

function verifierOf(salted: Uint8Array): ScramVerifier {
  const clientKey = createHmac('sha256', salted).update('Client Key').digest();
  const storedKey = createHash('sha256').update(clientKey).digest();
  const serverKey = createHmac('sha256', salted).update('Server Key').digest();
  return { storedKey, serverKey };
}
