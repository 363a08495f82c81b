import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import type { Webhook } from '../config/config.ts';
import type { Approval } from './approval.ts';
import type { ApprovalEvent } from './approval-events.ts';
import { accessQuestion, question } from './approvals.fixture.ts';
import { Webhooks } from './webhooks.ts';

const at = 1_800_000_000_000_000;

function approval(change: Partial<Approval> = {}): Approval {
  return {
    id: 'appr_000000000001',
    question: question({ sql: ['UPDATE t SET a = $1 -- <@U1> & ```'], parameters: ['hunter2'], reason: 'month end' }),
    requestedAt: at,
    expiresAt: at + 600_000_000,
    votes: [],
    uses: 0,
    ...change,
  };
}

const requested: ApprovalEvent = { type: 'requested', at, approval: approval() };
const ended: ApprovalEvent = {
  type: 'ended',
  at: at + 1,
  approval: approval({ end: { result: 'denied', at: at + 1, by: ['alice'], reason: 'no', again: false } }),
};

interface Hook {
  readonly url: string;
  readonly requests: { readonly headers: IncomingHttpHeaders; readonly body: string }[];
  readonly webhooks: Webhooks;
  readonly logged: string[];
  readonly pauses: number[];
}

/** A server that answers as the test says, and webhooks that wait for nothing. */
async function hook(
  t: TestContext,
  answer: (response: ServerResponse, nth: number) => void,
  change: Partial<Webhook> & {
    readonly env?: { readonly [name: string]: string };
    /** When the moment is over that a gateway that stops waits. */
    readonly farewell?: Promise<void>;
  } = {},
): Promise<Hook> {
  const requests: Hook['requests'] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      requests.push({ headers: request.headers, body });
      answer(response, requests.length);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook/s3cret`;
  const logged: string[] = [];
  const pauses: number[] = [];
  const webhooks = new Webhooks({
    settings: () => [{ url, secret: 'env:HOOK', format: 'json', ...change }],
    env: change.env ?? { HOOK: 'shared' },
    nowUs: () => at,
    sleep: async (ms, signal) => {
      // What is not the farewell of close() is a pause, and over at once.
      if (ms !== 3_000) pauses.push(ms);
      else await (change.farewell ?? new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve())));
    },
    random: () => 1,
    log: (message) => logged.push(message),
  });
  return { url, requests, webhooks, logged, pauses };
}

const ok = (response: ServerResponse): void => void response.end('ok');

describe('a webhook', () => {
  it('hears of a request and of its end, in order, each signed', async (t) => {
    const { webhooks, requests, logged } = await hook(t, ok);
    webhooks.announce(requested);
    webhooks.announce({ ...requested, type: 'voted' });
    webhooks.announce(ended);
    await webhooks.idle();
    assert.deepEqual(logged, []);
    assert.deepEqual(
      requests.map(({ body }) => JSON.parse(body).type),
      ['approval.requested', 'approval.ended'],
    );
    for (const { headers, body } of requests) {
      const expected = createHmac('sha256', 'shared').update(`1800000000.${body}`).digest('hex');
      assert.equal(headers['onrecord-signature'], `t=1800000000,v1=${expected}`);
      assert.equal(headers['content-type'], 'application/json');
      assert.ok(!body.includes('hunter2'), 'values of parameters stay here');
    }
    const first = JSON.parse(requests[0]?.body ?? '');
    assert.deepEqual(
      [first.approval.id, first.approval.parameters, first.approval.reason, first.approval.expiresAt],
      ['appr_000000000001', 1, 'month end', '2027-01-15T08:10:00.000Z'],
    );
    const last = JSON.parse(requests[1]?.body ?? '');
    assert.deepEqual([last.approval.result, last.approval.by, last.approval.endReason], ['denied', ['alice'], 'no']);
  });

  it('of Slack gets a text and blocks in which nothing is read as Slack’s own', async (t) => {
    const { webhooks, requests } = await hook(t, ok, { format: 'slack' });
    webhooks.announce(requested);
    webhooks.announce(ended);
    webhooks.announce({ ...requested, approval: approval({ id: 'appr_2', question: accessQuestion() }) });
    await webhooks.idle();
    const messages = requests.map(({ body }) => JSON.parse(body));
    assert.match(messages[0].text, /^billing-agent asks for a statement on billing \(appr_000000000001, for 10m\)$/);
    const texts: string[] = messages[0].blocks.map((block: { text: { text: string } }) => block.text.text);
    assert.equal(texts[1], "```UPDATE t SET a = $1 -- &lt;@U1&gt; &amp; '''```");
    assert.ok(messages.some(({ text }) => /asks for access to billing/.test(text)));
    assert.ok(messages.some(({ text }) => /denied by alice: no/.test(text)));
    for (const { body } of requests) assert.ok(!body.includes('hunter2'));
  });

  it('of Slack shows what would not be seen, and formats nothing that an agent wrote', async (t) => {
    const { webhooks, requests } = await hook(t, ok, { format: 'slack' });
    const asked = question({
      sql: ['DELETE FROM payments /* \u202e 5 = id EREHW \u2066 */ -- a\u200bb\n;'],
      reason: 'done*\n• rule “none”: 0 of nobody `onrecord approvals approve appr_other`\u202e',
      onBehalfOf: '`dave`',
    });
    webhooks.announce({ ...requested, approval: approval({ question: asked }) });
    await webhooks.idle();
    const { blocks } = JSON.parse(requests[0]?.body ?? '');
    const texts: string[] = blocks.map((block: { text: { text: string } }) => block.text.text);
    assert.equal(texts[1], '```DELETE FROM payments /* \\u{202e} 5 = id EREHW \\u{2066} */ -- a\\u{200b}b\n;```');
    const lines = texts[2]?.split('\n') ?? [];
    assert.equal(lines.at(-2), "• on behalf of `'dave'`");
    assert.equal(
      lines.at(-1),
      "• reason: `done* • rule “none”: 0 of nobody 'onrecord approvals approve appr_other'\\u{202e}`",
    );
  });

  it('is tried again while it fails, later and later, and given up in the end', async (t) => {
    const { webhooks, requests, logged, pauses } = await hook(t, (response) => {
      response.statusCode = 503;
      response.end();
    });
    webhooks.announce(requested);
    await webhooks.idle();
    assert.equal(requests.length, 6);
    assert.deepEqual(
      pauses,
      [1_000, 2_000, 4_000, 8_000, 16_000].map((ms) => ms),
    );
    assert.match(logged.at(-1) ?? '', /HTTP 503; it is given up/);
    // Its path is a secret of many a webhook.
    assert.ok(!logged.some((line) => line.includes('s3cret')));
  });

  it('that comes back gets it, and what is cut off is tried again', async (t) => {
    const { webhooks, requests, logged } = await hook(t, (response, nth) => {
      if (nth === 1) response.destroy();
      else if (nth === 2) {
        response.statusCode = 429;
        response.end();
      } else ok(response);
    });
    webhooks.announce(requested);
    webhooks.announce(ended);
    await webhooks.idle();
    assert.deepEqual(
      requests.map(({ body }) => JSON.parse(body).type),
      ['approval.requested', 'approval.requested', 'approval.requested', 'approval.ended'],
    );
    assert.equal(logged.length, 2);
  });

  it('that refuses, or sends elsewhere, is not asked again', async (t) => {
    for (const status of [302, 307, 404, 410]) {
      const { webhooks, requests, logged } = await hook(t, (response) => {
        response.writeHead(status, { location: 'http://127.0.0.1:1/' });
        response.end();
      });
      webhooks.announce(requested);
      await webhooks.idle();
      assert.equal(requests.length, 1);
      assert.match(String(logged), new RegExp(`HTTP ${status}; it is given up`));
    }
  });

  it('gets nothing without its secret, or over a URL that anybody can read', async (t) => {
    const { webhooks, requests, logged } = await hook(t, ok, { env: {} });
    webhooks.announce(requested);
    await webhooks.idle();
    assert.match(String(logged), /env:HOOK/);
    const plain = await hook(t, ok, { url: 'http://example.com/hook' });
    plain.webhooks.announce(requested);
    await plain.webhooks.idle();
    assert.match(String(plain.logged), /not an https URL; it is given up/);
    assert.deepEqual([requests, plain.requests], [[], []]);
  });

  it('that is slow holds up few, of what waits for it only so much is kept, and none of it outlives the gateway', async (t) => {
    const arrived = Promise.withResolvers<void>();
    const { webhooks, requests, logged } = await hook(
      t,
      (_, nth) => {
        if (nth === 4) arrived.resolve();
      },
      { farewell: Promise.resolve() },
    );
    for (let nth = 0; nth < 1_010; nth += 1) {
      webhooks.announce({ ...requested, approval: approval({ id: `appr_${nth}` }) });
    }
    assert.equal(logged.filter((line) => /too much waits for delivery/.test(line)).length, 10);
    await arrived.promise;
    await webhooks.close();
    assert.equal(requests.length, 4);
    assert.equal(logged.filter((line) => /the gateway stops; it is given up/.test(line)).length, 1_000);
  });
});

describe('the stop of the gateway', () => {
  it('waits for what is under way, for a moment', async (t) => {
    const { webhooks, requests } = await hook(t, (response) => setImmediate(() => ok(response)));
    webhooks.announce(requested);
    await webhooks.close();
    assert.equal(requests.length, 1);
    webhooks.announce(ended);
    await webhooks.idle();
    assert.equal(requests.length, 1);
  });

  it('gives up what does not answer', async (t) => {
    const arrived = Promise.withResolvers<void>();
    const { webhooks, logged } = await hook(t, () => arrived.resolve(), { farewell: arrived.promise });
    webhooks.announce(requested);
    await webhooks.close();
    assert.match(String(logged), /the gateway stops; it is given up/);
  });
});
