import { Reader } from '@onrecord/wire';
import type { FromServer } from './from-server.ts';

/** ParameterStatus: a setting of the session has another value. */
export function takeParameterStatus(from: FromServer): void {
  const body = from.body();
  const reader = new Reader(body);
  const name = reader.cstring();
  const value = reader.cstring();
  from.state.reported(name, value);
  from.state.options.guard?.reported(name, value);
  from.record('parameter_status', body);
}
