/** What the peer sent is not the protocol. `sqlstate` is what a Postgres server would answer with. */
export class ProtocolError extends Error {
  readonly sqlstate: string;

  constructor(message: string, sqlstate = '08P01') {
    super(message);
    this.name = 'ProtocolError';
    this.sqlstate = sqlstate;
  }
}
