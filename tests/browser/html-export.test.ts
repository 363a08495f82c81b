import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import {
  fixtureSession,
  fixtureStatements,
  longFixture,
} from '../../packages/gateway/src/cli/player/recording.fixture.ts';
import { type HtmlExport, renderHtml } from '../../packages/gateway/src/cli/present/html.ts';
import {
  eventView,
  fixtureAt,
  statementView,
  valueView,
} from '../../packages/gateway/src/cli/present/views.fixture.ts';
import type { StatementView } from '../../packages/gateway/src/store/views.ts';

/** Chromium as the distributions install it; `CHROMIUM` names another. */
const executable = [
  process.env['CHROMIUM'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((path) => path !== undefined && path !== '' && existsSync(path));

const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const skip = executable === undefined ? 'no Chromium on this machine; CHROMIUM can name one' : false;

describe('the exported HTML file', { skip }, () => {
  let browser: Browser;
  let folder: string;
  let opened = 0;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'onrecord-html-'));
    browser = await chromium.launch({ executablePath: executable ?? '', args: flags });
  });

  after(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Opens an export; what the page asks for besides itself, and what it complains of, is collected. */
  async function open(
    part: Partial<HtmlExport> = {},
    hash = '',
  ): Promise<{ page: Page; requests: string[]; complaints: string[] }> {
    const statements = part.statements ?? fixtureStatements();
    const input = {
      session: fixtureSession(fixtureStatements()),
      statements,
      events: [],
      exportedAt: fixtureAt,
      timeZone: 'Europe/Berlin',
      ...part,
    };
    let html = '';
    for await (const piece of renderHtml(input)) html += piece;
    opened += 1;
    const file = join(folder, `${opened}.html`);
    await writeFile(file, html);
    const url = pathToFileURL(file).href;
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    const requests: string[] = [];
    const complaints: string[] = [];
    page.on('request', (request) => {
      if (request.url().split('#')[0] !== url) requests.push(request.url());
    });
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(url + hash);
    return { page, requests, complaints };
  }

  const heading = (page: Page, name: RegExp) => page.getByRole('heading', { level: 2, name });

  test('opens on the first statement, with its list, and asks for nothing', async () => {
    const { page, requests, complaints } = await open();
    await heading(page, /Statement 1 completed/).waitFor();
    assert.equal(await page.getByRole('listbox').getByRole('option').count(), 11);
    assert.equal(await page.getByRole('listbox').getByRole('option', { selected: true }).getAttribute('id'), 'row-1');
    assert.match((await page.getByRole('table', { name: 'Parameters' }).textContent()) ?? '', /\$1text'EMEA'/);
    const cells = await page
      .getByRole('table', { name: 'Rows' })
      .getByRole('row')
      .nth(3)
      .getByRole('cell')
      .allInnerTexts();
    assert.deepEqual(cells, ['3', "''", "'NULL'", '2026-03-09']);
    assert.match((await page.getByRole('table', { name: 'Rows' }).textContent()) ?? '', /\\u202edlrow/);
    assert.deepEqual([requests, complaints], [[], []]);
    await page.close();
  });

  test('is stepped through with the keyboard', async () => {
    const { page, complaints } = await open();
    const press = async (key: string, name: RegExp): Promise<void> => {
      await page.keyboard.press(key);
      await heading(page, name).waitFor();
    };
    await press('j', /Statement 2 /);
    await press('ArrowRight', /Statement 3 /);
    await press('ArrowDown', /Statement 4 failed/);
    assert.match((await page.getByLabel('SQL').textContent()) ?? '', /set totl = total/);
    assert.equal((await page.locator('.fault').textContent()) ?? '', 'totl');
    assert.match((await page.getByRole('article').textContent()) ?? '', /ERROR 42703\s+column "totl" of relation/);
    await press('k', /Statement 3 /);
    await press('End', /Statement 11 /);
    await press('Home', /Statement 1 /);
    await press('e', /Statement 4 /);
    await press('E', /Statement 11 /);
    await page.keyboard.type('7');
    await press('Enter', /Statement 7 /);
    assert.equal(new URL(page.url()).hash, '#7');
    assert.deepEqual(complaints, []);
    await page.close();
  });

  test('opens on the statement that the link names', async () => {
    const { page } = await open({}, '#9');
    await heading(page, /Statement 9 /).waitFor();
    assert.match((await page.getByRole('article').textContent()) ?? '', /10233\s+\\N\s+EUR/);
    await page.evaluate(`location.hash = '#2'`);
    await heading(page, /Statement 2 /).waitFor();
    await page.close();
  });

  test('searches SQL, errors and parameters, and filters by outcome', async () => {
    const { page } = await open();
    await page.keyboard.press('/');
    await page.keyboard.type('10231');
    await page.getByText('3 of 11 statements shown').waitFor();
    await heading(page, /Statement 3 /).waitFor();
    assert.equal(await page.getByRole('listbox').getByRole('option').count(), 3);
    assert.ok((await page.locator('article mark').count()) > 0);
    await page.keyboard.press('Escape');
    await page.getByLabel('Filter by outcome').selectOption('wrong');
    await page.getByText('4 of 11 statements shown').waitFor();
    await page.getByRole('listbox').getByRole('option').nth(1).click();
    await heading(page, /Statement 5 skipped/).waitFor();
    await page.close();
  });

  test('plays, and tells when it shortens a pause', async () => {
    const { page } = await open({}, '#3');
    await page.clock.install({ time: 0 });
    await page.clock.pauseAt(60_000);
    await page.keyboard.press(' ');
    assert.match((await page.getByRole('status').textContent()) ?? '', /The next came 22.0 s later: shown after 3 s/);
    await page.clock.runFor(2990);
    assert.ok(await heading(page, /Statement 3 /).isVisible());
    await page.clock.runFor(20);
    await heading(page, /Statement 4 /).waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.clock.runFor(60_000);
    assert.ok(await page.getByRole('button', { name: 'Play' }).isVisible());
    await page.close();
  });

  test('hostile content is text: nothing of it runs, loads or marks up', async () => {
    const evil = `</script><script>window.hit=1</script><img src=x onerror="window.hit=1"><svg onload=window.hit=1><!--\u202e\x1b[2J`;
    const statement = statementView({
      sql: `select '${evil}'`,
      parameters: [valueView(evil, evil)],
      columns: [{ name: evil, type: 25, typeName: evil, table: 0, attribute: 0 }],
      rows: [[valueView(evil)]],
      rowCount: 1,
      statementName: evil,
      commandTag: evil,
      reason: evil,
    });
    const session = {
      ...fixtureSession([statement]),
      identity: evil,
      closeDetail: evil,
      claimed: { applicationName: evil },
    };
    const { page, requests, complaints } = await open({
      session,
      statements: [statement],
      events: [eventView({ summary: evil })],
      reservations: [evil],
    });
    await heading(page, /Statement 1 /).waitFor();
    assert.equal(await page.evaluate('window.hit'), undefined);
    assert.equal(await page.locator('body img, body svg').count(), 0);
    assert.match(
      (await page.getByLabel('SQL').textContent()) ?? '',
      /<img src=x onerror="window.hit=1">.*<!--\\u202e\\x1b\[2J/,
    );
    assert.deepEqual([requests, complaints], [[], []]);
    // The policy holds even against somebody who gets to write markup.
    await assert.rejects(page.evaluate(`document.body.innerHTML = '<b>x</b>'`), /TrustedHTML/);
    await assert.rejects(page.evaluate(`document.body.setAttribute('onclick', 'window.hit = 1')`), /TrustedScript/);
    await page.close();
  });

  test('ten thousand statements have a short list in the document, and every one is reached', async () => {
    const { page, complaints } = await open({ statements: longFixture(10_000) }, '#9999');
    await heading(page, /Statement 9999 /).waitFor();
    assert.ok((await page.getByRole('listbox').getByRole('option').count()) < 60);
    assert.ok(await page.locator('#row-9999').isVisible());
    await page.keyboard.press('End');
    await heading(page, /Statement 10000 /).waitFor();
    await page.keyboard.press('Home');
    await page.locator('#row-1').waitFor();
    assert.deepEqual(complaints, []);
    await page.close();
  });

  test('has decisions, approvals and masks in their place, obeys nothing in them, and finds them', async () => {
    const evil = '<img src=x onerror=alert(1)>\u202e';
    const { page, requests, complaints } = await open({ statements: controlledStatements(evil) });
    await heading(page, /Statement 1 refused/).waitFor();
    const policy = (await page.getByRole('article').textContent()) ?? '';
    assert.ok(policy.includes('Decisiondenied'));
    assert.ok(policy.includes('<img src=x onerror=alert(1)>\\u202e": deny'), policy);
    await page.keyboard.press('j');
    await heading(page, /Statement 2 completed/).waitFor();
    const masked = page.getByRole('table', { name: 'Masked' }).getByRole('row').nth(1).getByRole('cell');
    assert.deepEqual(await masked.allInnerTexts(), ['email', 'public.customers.email', 'in part', '2']);
    const columns = page.getByRole('table', { name: 'Rows' }).getByRole('columnheader');
    assert.equal(
      await columns.filter({ hasText: 'email' }).getByRole('img').getAttribute('title'),
      'masked: shown in part',
    );
    assert.equal(
      await page.locator('#row-2').getByRole('img').nth(1).getAttribute('title'),
      '◷ approved by alice after 2.00 s',
    );
    await page.getByRole('searchbox').fill('seen the invoice');
    const found = page.getByRole('listbox').getByRole('option');
    assert.deepEqual([await found.count(), await found.first().getAttribute('id')], [1, 'row-2']);
    assert.deepEqual([requests, complaints], [[], []]);
    await page.close();
  });

  test('fits a phone and prints every statement', async () => {
    const { page } = await open();
    await page.setViewportSize({ width: 390, height: 800 });
    const overflow = Number(await page.evaluate('document.documentElement.scrollWidth - innerWidth'));
    assert.ok(overflow <= 0, `${overflow} pixels too wide`);
    await page.evaluate(`dispatchEvent(new Event('beforeprint'))`);
    await page.emulateMedia({ media: 'print' });
    assert.equal(await page.locator('#print article').count(), 11);
    assert.equal(await page.getByRole('listbox').isVisible(), false);
    await page.close();
  });
});

/** One denied by a rule with that name; one that was approved, and masked. */
function controlledStatements(rule: string): StatementView[] {
  const step = { at: fixtureAt + 2_000_000, by: 'alice', reason: 'seen the invoice' };
  return [
    statementView({
      outcome: 'refused',
      decision: { decision: 'deny', rules: [{ rule, then: 'deny', via: undefined }] },
    }),
    statementView({
      n: 2,
      rowCount: 1,
      columns: [{ name: 'email', type: 25, typeName: 'text', table: 0, attribute: 0 }],
      rows: [[valueView('****.org')]],
      approvals: [
        {
          approval: 'appr_1',
          requestedAt: fixtureAt,
          session: statementView().session,
          n: 2,
          scope: 'statement',
          hash: 'ab',
          asks: [{ rule, group: 'finance', count: 1 }],
          expiresAt: undefined,
          reason: undefined,
          connection: undefined,
          steps: [
            { type: 'vote', vote: 'approve', ...step },
            { type: 'end', result: 'approved', usableUntil: undefined, ...step, by: ['alice'] },
            { type: 'use', at: step.at, session: statementView().session, n: 2 },
          ],
        },
      ],
      masks: {
        columns: [{ column: 0, name: 'email', rule: 'public.customers.email', action: 'partial', values: 2 }],
        detected: [],
        withheld: 0,
      },
    }),
  ];
}
