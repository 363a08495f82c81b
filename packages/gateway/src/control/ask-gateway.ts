import { connect } from 'node:net';
import { join } from 'node:path';
import { Refusal } from '../errors.ts';
import { type ControlAnswer, type ControlRequest, controlSocketName } from './control-request.ts';

/** How long the gateway may take: longer than anything that it waits for itself. */
const answerMs = 60_000;
/** Nobody listens there: no gateway was started on this data directory, or it has ended. */
const absent: ReadonlySet<string> = new Set(['ENOENT', 'ECONNREFUSED']);

/**
 * Asks the gateway that runs on a data directory. Undefined when none does. Rejects with a Refusal that carries the
 * gateway's own words, or when the signal aborts. What comes back has the type that goes with the question; both sides are of one version.
 */
export async function askGateway<Answer>(
  dataDirectory: string,
  request: ControlRequest,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<Answer | undefined> {
  const line = await exchange(join(dataDirectory, controlSocketName), `${JSON.stringify(request)}\n`, signal);
  if (line === undefined) return undefined;
  const answer = JSON.parse(line) as ControlAnswer;
  if (answer.type === 'answer') return answer.value as Answer;
  throw new Refusal('XX000', answer.message, answer.hint === undefined ? {} : { hint: answer.hint });
}

function exchange(path: string, question: string, signal: AbortSignal | undefined): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(signal === undefined ? { path } : { path, signal });
    socket.setTimeout(answerMs, () => socket.destroy(new Refusal('57014', 'the gateway does not answer')));
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (absent.has(error.code ?? '')) resolve(undefined);
      else reject(error);
    });
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.once('end', () => {
      const text = Buffer.concat(chunks).toString();
      if (text.endsWith('\n')) resolve(text);
      else reject(new Refusal('08006', 'the gateway ended before it had answered'));
    });
    socket.end(question);
  });
}
