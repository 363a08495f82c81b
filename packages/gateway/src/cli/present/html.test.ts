import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { fixtureSession, fixtureStatements } from '../player/recording.fixture.ts';
import { type HtmlExport, renderHtml } from './html.ts';
import type { PageResult, PageStatement } from './page-data.ts';
import { eventView, fixtureAt, sessionView, statementView, valueView } from './views.fixture.ts';

async function page(part: Partial<HtmlExport> = {}): Promise<string> {
  const statements = part.statements ?? fixtureStatements();
  let html = '';
  const whole: HtmlExport = {
    session: fixtureSession(fixtureStatements()),
    statements,
    events: [],
    exportedAt: fixtureAt,
    timeZone: 'Europe/Berlin',
    ...part,
  };
  for await (const piece of renderHtml(whole)) html += piece;
  return html;
}

function blocks(html: string, kind: string): string[] {
  return [...html.matchAll(new RegExp(`<script type="application/json" data-of="${kind}">([^<]*)</script>`, 'g'))].map(
    (match) => match[1] ?? '',
  );
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('base64');

test('the policy lets exactly the script and the style of the file run', async () => {
  const html = await page();
  const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1] ?? '';
  const script = /<script>([\s\S]*?)<\/script>/.exec(html)?.[1] ?? '';
  const style = /<style>([\s\S]*?)<\/style>/.exec(html)?.[1] ?? '';
  assert.ok(policy.includes(`script-src 'sha256-${hashOf(script)}'`));
  assert.ok(policy.includes(`style-src 'sha256-${hashOf(style)}'`));
  assert.match(policy, /^default-src 'none'/);
  assert.doesNotMatch(policy, /unsafe|https?:|\*/);
});

test('nothing in the file refers to anything outside, and no handler stands in the markup', async () => {
  const html = (await page()).replaceAll(/<script[\s\S]*?<\/script>/g, '');
  assert.doesNotMatch(html, /\b(?:src|href|action)=|@import|url\(|\son\w+=/);
});

test('the head says on whose behalf, by whose credential and through which connector', async () => {
  const session = sessionView({
    method: 'jwt',
    credential: 'sub-7',
    issuer: 'corp',
    connector: 'db-eu',
    onBehalfOf: { verified: '<alice>', claimed: 'bob' },
  });
  const html = await page({ session });
  assert.match(html, /<\/bdi> on behalf of <bdi>&lt;alice&gt;<\/bdi> \(verified\), <bdi>bob<\/bdi> \(claimed\) <span/);
  assert.match(html, /<dt>On behalf of \(claimed\)<\/dt><dd>bob<\/dd>/);
  assert.match(html, /<dt>Authenticated<\/dt><dd>jwt sub-7 of corp<\/dd>/);
  assert.match(html, /<dt>Connector<\/dt><dd>db-eu<\/dd>/);
  assert.doesNotMatch(await page(), /behalf|<dt>Connector/);
});

test('recorded text cannot leave its data block', async () => {
  const evil = '</script><script>alert(1)</script><!--\u2028<b>';
  const html = await page({
    session: sessionView({ identity: evil, closeDetail: evil, claimed: { applicationName: evil } }),
    statements: [statementView({ sql: evil, parameters: [valueView(evil)] })],
    events: [eventView({ summary: evil })],
    reservations: [evil],
  });
  assert.equal(html.match(/<script/g)?.length, 4);
  assert.doesNotMatch(html, /alert\(1\)<|<!--|<b>[^\d]|\u2028/);
  const [statement] = JSON.parse(blocks(html, 'outline')[0] ?? '') as PageStatement[];
  assert.equal(statement?.sql, evil);
});

test('every statement is in the outline and has its result at the same place', async () => {
  const statements = Array.from({ length: 450 }, (_, i) =>
    statementView({
      n: i + 1,
      columns: [{ name: 'v', type: 25, typeName: 'text', table: 0, attribute: 0 }],
      rows: [[valueView(`${i + 1}\n`)]],
    }),
  );
  const html = await page({ statements });
  const outline = blocks(html, 'outline').flatMap((text) => JSON.parse(text) as PageStatement[]);
  const results = blocks(html, 'results').flatMap((text) =>
    text.split('\n').map((line) => JSON.parse(line) as PageResult),
  );
  assert.equal(outline.length, 450);
  assert.deepEqual(
    results.map(({ rows }) => rows[0]?.[0]),
    outline.map(({ n }) => `${n}\n`),
  );
});

test('beyond the budget a result keeps its first rows and says how many were left out', async () => {
  const rows = Array.from({ length: 50 }, (_, i) => [valueView(`${i}`)]);
  const html = await page({
    statements: [statementView({ n: 1, rows }), statementView({ n: 2, rows })],
    maxRowCharacters: 100,
  });
  const results = (blocks(html, 'results')[0] ?? '').split('\n').map((line) => JSON.parse(line) as PageResult);
  assert.deepEqual(
    results.map((result) => [result.rows.length, result.rowsLeftOut]),
    [
      [50, 0],
      [10, 40],
    ],
  );
});

test('a session without statements, still open, is a page too', async () => {
  const html = await page({
    session: sessionView({ closedAt: undefined, statements: 0 }),
    statements: [],
    reservations: ['still open'],
  });
  assert.match(html, /still open when exported/);
  assert.match(html, /<p class="reservation" role="note">still open<\/p>/);
  assert.deepEqual(blocks(html, 'outline'), []);
});
