import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { question } from '../../packages/gateway/src/approvals/approvals.fixture.ts';
import { webhookBody } from '../../packages/gateway/src/approvals/webhook-body.ts';
import { runCommand } from '../../packages/gateway/src/cli/run-command.fixture.ts';
import { parseConfig } from '../../packages/gateway/src/config/parse-config.ts';

const text = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'approvals.md'), 'utf8');

function block(kind: string): string {
  const found = new RegExp(`^\`\`\`${kind}\\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(text)?.[1];
  assert.ok(found !== undefined);
  return found;
}

describe('docs/approvals.md', () => {
  it('shows a configuration that can be used', () => {
    const config = parseConfig(block('yaml'), '/etc/onrecord.yaml');
    assert.equal(config.policy[0]?.approvers?.timeoutMs, 600_000);
    assert.equal(config.connections.get('production')?.access?.durationMs, 8 * 3_600_000);
    assert.equal(config.approvals.webhooks[0]?.format, 'slack');
  });

  it('shows commands that there are', async () => {
    const lines = block('sh').trim().split('\n');
    assert.ok(lines.length >= 4);
    for (const line of lines) {
      const [program, ...args] = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? '');
      assert.equal(program, 'onrecord');
      const { stdout, code } = await runCommand([...args, '--help'], { cwd: '/' });
      assert.equal(code, 0);
      for (const option of args.filter((arg) => arg.startsWith('--'))) assert.ok(stdout.includes(option), line);
    }
  });

  it('shows the fields that a webhook gets', () => {
    const shown = JSON.parse(block('json'));
    const approval = { id: 'appr_1', question: question(), requestedAt: 0, expiresAt: 1, votes: [], uses: 0 };
    const sent = JSON.parse(webhookBody({ type: 'requested', at: 0, approval }, 'json'));
    assert.deepEqual(Object.keys(shown), Object.keys(sent));
    assert.deepEqual(Object.keys(shown.approval), Object.keys(sent.approval));
    assert.deepEqual(Object.keys(shown.approval.asks[0]), Object.keys(sent.approval.asks[0]));
  });

  it('shows how a signature is checked', async () => {
    const url = `data:text/javascript,${encodeURIComponent(block('js'))}`;
    const { isGenuine } = await import(url);
    const seconds = Math.floor(Date.now() / 1000);
    const sign = (at: number, body: string) =>
      `t=${at},v1=${createHmac('sha256', 'shared').update(`${at}.${body}`).digest('hex')}`;
    assert.equal(isGenuine(sign(seconds, '{}'), '{}', 'shared'), true);
    assert.equal(isGenuine(sign(seconds, '{}'), '{ }', 'shared'), false);
    assert.equal(isGenuine(sign(seconds, '{}'), '{}', 'other'), false);
    assert.equal(isGenuine(sign(seconds - 400, '{}'), '{}', 'shared'), false);
    assert.equal(isGenuine('t=1', '{}', 'shared'), false);
  });
});
