import { get as getPlain } from 'node:http';
import { get } from 'node:https';
import { isTrustworthyUrl } from '../../config/trustworthy-url.ts';

export interface FetchOptions {
  /** PEM with the authorities to trust; undefined: those that come with Node. */
  readonly ca: string | undefined;
  /** For the whole answer. */
  readonly timeoutMs: number;
  readonly maxBytes: number;
}

/**
 * Gets a JSON document from a URL. Follows no redirect: it could lead past `isTrustworthyUrl`. Rejects with an Error
 * whose message is for operators and names the URL.
 */
export async function fetchJson(url: string, { ca, timeoutMs, maxBytes }: FetchOptions): Promise<unknown> {
  if (!isTrustworthyUrl(url)) throw new Error(`${url} is not an https URL`);
  const signal = AbortSignal.timeout(timeoutMs);
  const headers = { accept: 'application/json', 'user-agent': 'onrecord' };
  try {
    const text = await new Promise<string>((resolve, reject) => {
      const request = url.startsWith('https:')
        ? get(url, { signal, headers, agent: false, ...(ca === undefined ? {} : { ca }) })
        : getPlain(url, { signal, headers, agent: false });
      request.on('error', reject);
      request.on('response', (response) => {
        if (response.statusCode !== 200) {
          request.destroy(new Error(`the answer is HTTP ${response.statusCode}, not 200`));
          return;
        }
        const chunks: Buffer[] = [];
        let bytes = 0;
        response.on('error', reject);
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes > maxBytes) request.destroy(new Error(`the answer is larger than ${maxBytes} bytes`));
          else chunks.push(chunk);
        });
        response.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
      });
    });
    return JSON.parse(text);
  } catch (error) {
    if (signal.aborted) throw new Error(`${url}: no answer within ${timeoutMs} ms`);
    throw new Error(`${url}: ${error instanceof SyntaxError ? 'the answer is not JSON' : (error as Error).message}`);
  }
}
