import { Termination } from '../errors.ts';
import type { TurnEnd } from '../session/turn.ts';

/** How the gateway ends a session: what its client is told, and what the record says. */
export interface SessionEnding {
  readonly error: Termination;
  readonly end: TurnEnd;
}

export const tokenRevoked: SessionEnding = {
  error: new Termination('57P01', 'the token of this session was revoked'),
  end: { reason: 'terminated by the gateway', detail: 'its token was revoked' },
};

export const credentialExpired: SessionEnding = {
  error: new Termination('57P01', 'the credential that this session was opened with has expired', {
    hint: 'Connect again with a new one.',
  }),
  end: { reason: 'terminated by the gateway', detail: 'its credential expired' },
};

export const shuttingDown: SessionEnding = {
  error: new Termination('57P01', 'the gateway is shutting down', { hint: 'Connect again in a moment.' }),
  end: { reason: 'gateway shut down' },
};

export const accessEnded: SessionEnding = {
  error: new Termination('57P01', 'the time for which this session was approved is over', {
    hint: 'Connect again to ask again.',
  }),
  end: { reason: 'terminated by the gateway', detail: 'its approved time is over' },
};

export const accessRevoked: SessionEnding = {
  error: new Termination('57P01', 'the approval of this session was revoked'),
  end: { reason: 'terminated by the gateway', detail: 'its approval was revoked' },
};

/** `why` fits behind "because". */
export function notAllowedAnyMore(why: string): SessionEnding {
  return {
    error: new Termination('57P01', 'this session is not allowed any more', { detail: `Because ${why}.` }),
    end: { reason: 'terminated by the gateway', detail: why },
  };
}
