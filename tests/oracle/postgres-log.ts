import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a server must be told so that it writes down every statement it runs, in a form that can be read back exactly. */
export const logEverything: { readonly [name: string]: string | boolean | number } = {
  log_statement: 'all',
  log_destination: 'jsonlog',
  logging_collector: true,
  log_directory: 'log',
  log_filename: 'statements.log',
  log_rotation_age: 0,
  log_rotation_size: 0,
  // Parameters would only make it longer.
  log_parameter_max_length: 0,
};

/** One line of the server's log that is about a statement. */
export type LogEvent =
  | { readonly type: 'statement'; readonly how: 'statement' | 'execute' | 'fetch' | 'call'; readonly text: string }
  | { readonly type: 'error'; readonly fatal: boolean; readonly sqlstate: string; readonly message: string };

interface Line {
  readonly pid: number;
  readonly error_severity: string;
  readonly state_code?: string;
  readonly message: string;
}

/** Events by backend process, in the order in which the process wrote them. */
export function readPostgresLog(dataDirectory: string): ReadonlyMap<number, readonly LogEvent[]> {
  const sessions = new Map<number, LogEvent[]>();
  for (const text of readFileSync(logFile(dataDirectory), 'utf8').split('\n')) {
    if (text === '') continue;
    const line = JSON.parse(text) as Line;
    const event = eventOf(line);
    if (event === undefined) continue;
    const events = sessions.get(line.pid);
    if (events === undefined) sessions.set(line.pid, [event]);
    else events.push(event);
  }
  return sessions;
}

/** True when the collector has written down a text that some statement held; what came before it is there as well. */
export function logHolds(dataDirectory: string, text: string): boolean {
  return readFileSync(logFile(dataDirectory), 'utf8').includes(text);
}

function logFile(dataDirectory: string): string {
  const directory = join(dataDirectory, 'log');
  const name = readdirSync(directory).find((each) => each.endsWith('.json'));
  if (name === undefined) throw new Error(`there is no JSON log in ${directory}`);
  return join(directory, name);
}

/** Source of the texts: check_log_statement, exec_execute_message (postgres.c), HandleFunctionRequest (fastpath.c). */
function eventOf({ error_severity: severity, state_code: sqlstate = '', message }: Line): LogEvent | undefined {
  if (severity === 'ERROR' || severity === 'FATAL') {
    // What a guard has put in the place of a statement that it refused (session/poison.ts); the record has the refusal.
    if (message === 'syntax error at or near "onrecord"') return undefined;
    return { type: 'error', fatal: severity === 'FATAL', sqlstate, message };
  }
  if (severity !== 'LOG') return undefined;
  const simple = /^statement: (.*)$/s.exec(message);
  if (simple !== null) return { type: 'statement', how: 'statement', text: simple[1] ?? '' };
  const fetch = /^execute fetch from [^:]*: (.*)$/s.exec(message);
  if (fetch !== null) return { type: 'statement', how: 'fetch', text: fetch[1] ?? '' };
  const execute = /^execute [^:]*: (.*)$/s.exec(message);
  if (execute !== null) return { type: 'statement', how: 'execute', text: execute[1] ?? '' };
  const call = /^fastpath function call: "[^"]*" \(OID (\d+)\)$/.exec(message);
  if (call !== null) return { type: 'statement', how: 'call', text: call[1] ?? '' };
  return undefined;
}
