/**
 * The class is the consequence, the SQLSTATE the cause (docs/errors.md). `message` says what happened and which rule or
 * limit did it, `hint` what to do next. Neither ever holds a row value or a credential.
 */
export class GatewayError extends Error {
  readonly sqlstate: string;
  readonly hint: string | undefined;
  readonly detail: string | undefined;

  constructor(sqlstate: string, message: string, options: { hint?: string; detail?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.sqlstate = sqlstate;
    this.hint = options.hint;
    this.detail = options.detail;
  }
}

/** ERROR: this statement does not run, the session lives. */
export class Refusal extends GatewayError {}

/** FATAL: the session ends. */
export class Termination extends GatewayError {}

/** FATAL, in the words of Postgres: it would not have the session, for a reason that concerns the client. */
export class ServerRefusal extends Termination {
  /** The ErrorResponse as it came. */
  readonly response: Uint8Array;

  constructor(sqlstate: string, message: string, response: Uint8Array) {
    super(sqlstate, message);
    this.response = response;
  }
}

/** The state of the record is unknown: the process stops, and recovery on the next start finds out what is true. */
export class Halt extends GatewayError {}
