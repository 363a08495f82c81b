/** What the peer sent is not the protocol. `sqlstate` is what a Postgres server would answer with. */
export class ProtocolError extends Error {
  readonly sqlstate: string;

  constructor(message: string, sqlstate = '08P01') {
    super(message);
    this.name = 'ProtocolError';
    this.sqlstate = sqlstate;
  }
}

/**
 * A length that no message has. What follows cannot be told apart, so Postgres closes the connection without a word
 * (pq_getmessage, backend/libpq/pqcomm.c: COMMERROR).
 */
export class ImpossibleLength extends ProtocolError {
  constructor(message = 'invalid message length') {
    super(message);
    this.name = 'ImpossibleLength';
  }
}
