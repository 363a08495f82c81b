import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { recordBlindDay } from '../store/blind-day.fixture.ts';
import { recordControls } from '../store/controlled-day.fixture.ts';
import { JournalFixture } from '../store/journal.fixture.ts';
import { recordDay } from '../store/recorded-day.fixture.ts';
import { runCommand } from './run-command.fixture.ts';

const doc = readFileSync(new URL('../../../../docs/commands.md', import.meta.url), 'utf8');

/** `$ onrecord …` lines of the document, as arguments. */
function examples(): string[][] {
  const lines = [...doc.matchAll(/^```console\n([\s\S]*?)^```$/gm)].flatMap(([, block = '']) =>
    block.trimEnd().split('\n'),
  );
  return lines.map((line) => {
    const [prompt, program, ...args] = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(
      ([, quoted, word]) => quoted ?? word ?? '',
    );
    assert.deepEqual([prompt, program], ['$', 'onrecord'], line);
    return args;
  });
}

describe('docs/commands.md', () => {
  let cwd: string;

  before(() => {
    cwd = mkdtempSync(join(tmpdir(), 'onrecord-doc-'));
    writeFileSync(
      join(cwd, 'onrecord.yaml'),
      'listen: { connectors: 127.0.0.1:0 }\nconnections: { billing: { host: h, database: billing, user: app }, reports: { connector: db-eu } }\nidentities: { billing-agent: { connections: [billing] } }\n',
    );
    writeFileSync(
      join(cwd, 'policy-examples.yaml'),
      'examples: [{ sql: SELECT 1, identity: billing-agent, connection: billing, expect: allow }]\n',
    );
    writeFileSync(join(cwd, 'new.yaml'), 'policy: [{ name: read only, when: statement.isWrite, then: deny }]\n');
    const journal = new JournalFixture({ data: join(cwd, 'data') });
    recordDay(journal);
    recordBlindDay(journal);
    recordControls(journal);
  });
  after(() => rmSync(cwd, { recursive: true }));

  for (const args of examples()) {
    it(`onrecord ${args.join(' ')}`, async () => {
      const { stdout, stderr, code } = await runCommand(args, { cwd, interrupt: AbortSignal.abort() });
      assert.equal(code, 0, stderr);
      // These have nothing to say: nobody was connected then, nothing happens now, it went to a file.
      const isSilent = args[0] === 'tail' || args.includes('--output') || args.includes('--open');
      assert.ok(stdout !== '' || isSilent, 'it printed nothing');
    });
  }

  it('has a section for each command, and no other', async () => {
    const { stdout } = await runCommand(['--help'], { cwd });
    const listed = [...(stdout.split('Commands:')[1] ?? '').matchAll(/^ {2}(\w+)/gm)].map(([, name]) => name);
    const documented = [...doc.matchAll(/^## `(\w+)`$/gm)].map(([, name]) => name);
    assert.deepEqual(
      documented,
      listed.filter((name) => name !== 'help'),
    );
  });

  it('names every option that the help of a command does', async () => {
    const missing: string[] = [];
    for (const name of ['log', 'sessions', 'show', 'replay', 'tail', 'export', 'events', 'blind', 'reindex']) {
      const { stdout } = await runCommand([name, '--help'], { cwd });
      for (const [, option = ''] of stdout.matchAll(/^ {2}(?:-h, )?(--[a-z]+)/gm)) {
        if (!doc.includes(option)) missing.push(`${name} ${option}`);
      }
    }
    assert.deepEqual(missing, []);
  });
});
