/**
 * A session as one HTML file that a reviewer opens offline and steps through. It asks the network for nothing, and its
 * Content-Security-Policy forbids it to: only the script and the style written here run, by their hashes, and the script
 * may not make markup from text. What was recorded stands in data blocks that no browser executes.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { EventView, SessionView, StatementView } from '../../store/views.ts';
import { approvalFacts } from './control-facts.ts';
import { escapeHtml, escapeJson, piecesOf } from './escape.ts';
import { onBehalfOfWords } from './on-behalf-of.ts';
import { outcomeMarks, wentWrong } from './outcome.ts';
import { type PageSession, pageResult, pageStatement } from './page-data.ts';
import { formatDuration, groupDigits, quantityFunctions } from './quantity.ts';
import { sqlTokens } from './sql-tokens.ts';
import { formatMoment, wallTime } from './wall-time.ts';

export interface HtmlExport {
  readonly session: SessionView;
  /** In order. Read once, while the file is written. */
  readonly statements: Iterable<StatementView> | AsyncIterable<StatementView>;
  /** What else happened in the session. */
  readonly events: readonly EventView[];
  /** Microseconds since 1970. */
  readonly exportedAt: number;
  readonly timeZone: string;
  /** Reservations about the record, one each: still open, gaps. */
  readonly reservations?: readonly string[];
  /** Rows are carried in full until the file holds this many characters of them, then the first few of each result. */
  readonly maxRowCharacters?: number;
}

/** 64 Mi characters: what browsers on a laptop were seen to open within two seconds. */
const defaultRowCharacters = 64 * 1024 * 1024;
const rowsBeyondBudget = 10;
const statementsPerBlock = 200;
const longestPauseMs = 3000;

/** The file, in pieces to be written one after the other. */
export async function* renderHtml(input: HtmlExport): AsyncGenerator<string, void, undefined> {
  yield head(input);
  const { session, events, timeZone } = input;
  const about: PageSession = { session, events, timeZone, marks: pageMarks, longestPauseMs };
  yield dataBlock('about', JSON.stringify(about));
  let outline: string[] = [];
  let results: string[] = [];
  let left = input.maxRowCharacters ?? defaultRowCharacters;
  const blocks = function* (): Generator<string> {
    if (outline.length === 0) return;
    yield dataBlock('outline', `[${outline.join(',\n')}]`);
    // One a line, so that the page parses only those that are looked at.
    yield dataBlock('results', results.join('\n'));
    outline = [];
    results = [];
  };
  for await (const view of input.statements) {
    const result = JSON.stringify(pageResult(view, left > 0 ? Number.POSITIVE_INFINITY : rowsBeyondBudget));
    left -= result.length;
    outline.push(JSON.stringify(pageStatement(view, timeZone)));
    results.push(result);
    if (outline.length === statementsPerBlock) yield* blocks();
  }
  yield* blocks();
  yield `<script>${script()}</script>\n</body>\n</html>\n`;
}

const pageMarks: PageSession['marks'] = Object.fromEntries(
  Object.entries(outcomeMarks).map(([outcome, mark]) => [
    outcome,
    { ...mark, wrong: wentWrong(outcome as StatementView['outcome']) },
  ]),
) as PageSession['marks'];

function dataBlock(kind: string, json: string): string {
  return `<script type="application/json" data-of="${kind}">${escapeJson(json)}</script>\n`;
}

function asset(name: string): string {
  return readFileSync(new URL(`./page/${name}`, import.meta.url), 'utf8');
}

let assembled: string | undefined;

/** The page's script: shared functions by their source text, then `page.js`, in one scope of its own. */
function script(): string {
  assembled ??= `'use strict';(() => {\n${[piecesOf, sqlTokens, ...quantityFunctions].join('\n')}\n${asset('page.js')}})();`;
  return assembled;
}

function head({ session, exportedAt, timeZone, reservations = [] }: HtmlExport): string {
  const style = asset('page.css');
  const policy = [
    `default-src 'none'`,
    `script-src '${integrity(script())}'`,
    `style-src '${integrity(style)}'`,
    `base-uri 'none'`,
    `form-action 'none'`,
    `require-trusted-types-for 'script'`,
    `trusted-types 'none'`,
  ].join('; ');
  const { weekday } = wallTime(session.openedAt, timeZone);
  const title = `${session.identity} → ${session.connection}, ${weekday} ${formatMoment(session.openedAt, timeZone).slice(0, 16)}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)} – Onrecord</title>
<style>${style}</style>
</head>
<body>
<header>
<h1><bdi>${show(session.identity)}</bdi>${onBehalf(session)} <span class="arrow">→</span> <bdi>${show(session.connection)}</bdi></h1>
<p class="facts">${weekday} ${escapeHtml(formatMoment(session.openedAt, timeZone))} · ${lasted(session)} · ${groupDigits(session.statements)} statements${
    session.failed > 0 ? `, <b class="bad">${groupDigits(session.failed)} failed</b>` : ''
  }</p>
${reservations.map((text) => `<p class="reservation" role="note">${show(text)}</p>\n`).join('')}<details>
<summary>Session ${show(session.session)}</summary>
<dl>
${sessionFacts(session, exportedAt, timeZone)}</dl>
<section id="events" hidden><h2>Also in this session</h2><ol></ol></section>
</details>
</header>
<noscript><p class="reservation">This file is stepped through with JavaScript, which is switched off. Everything it shows is in it as JSON.</p></noscript>
<div id="app" hidden>
<div id="strip" aria-hidden="true"></div>
<div id="tools" role="toolbar" aria-label="Stepping and finding">
<button type="button" id="previous" title="Previous (k, ←)" aria-label="Previous statement">‹</button>
<button type="button" id="play" title="Play at recorded speed (space)" aria-label="Play">▶</button>
<button type="button" id="next" title="Next (j, →)" aria-label="Next statement">›</button>
<label class="jump"><span class="quiet">Statement</span> <input id="jump" inputmode="numeric" autocomplete="off" size="5" aria-label="Go to statement number"> <span id="of" class="quiet"></span></label>
<label><span class="quiet">Speed</span> <select id="speed" aria-label="Speed">${[0.5, 1, 2, 4, 8, 16].map((speed) => `<option value="${speed}"${speed === 1 ? ' selected' : ''}>${speed}×</option>`).join('')}</select></label>
<label class="grow"><span class="quiet">Search</span> <input id="search" type="search" autocomplete="off" placeholder="SQL, parameters, errors  ( / )" aria-label="Search"></label>
<label><span class="quiet">Show</span> <select id="filter" aria-label="Filter by outcome"></select></label>
<button type="button" id="help" title="Keys (?)" aria-label="Keys">?</button>
</div>
<p id="status" role="status"></p>
<main>
<nav aria-label="Statements"><div id="list" role="listbox" aria-label="Statements" tabindex="0"><div id="rows"></div></div></nav>
<article id="statement" tabindex="-1" aria-label="Statement"></article>
</main>
<dialog id="keys" aria-label="Keys"></dialog>
</div>
<div id="print"></div>
`;
}

function show(text: string): string {
  return escapeHtml(text, 'hidden');
}

function onBehalf({ onBehalfOf }: SessionView): string {
  return onBehalfOfWords(onBehalfOf)
    .map(([name, how], at) => `${at === 0 ? ' on behalf of' : ','} <bdi>${show(name)}</bdi> (${how})`)
    .join('');
}

function lasted(session: SessionView): string {
  if (session.closedAt === undefined) return '<b class="warning">still open when exported</b>';
  return formatDuration(Math.max(0, session.closedAt - session.openedAt));
}

function sessionFacts(session: SessionView, exportedAt: number, timeZone: string): string {
  const { claimed } = session;
  const facts: readonly (readonly [name: string, value: string | undefined])[] = [
    ['Identity', `${session.identity} (${[session.identityKind, ...session.groups].join(', ')})`],
    ...onBehalfOfWords(session.onBehalfOf).map(([name, how]): [string, string] => [`On behalf of (${how})`, name]),
    ['Authenticated', authenticated(session, timeZone)],
    ['Client', `${session.client}${session.tls === undefined ? ' without TLS' : ` over ${session.tls}`}`],
    ['Postgres', `database ${session.database} as ${session.role}, backend process ${session.backendPid}`],
    ['Connector', session.connector],
    ['Application (claimed)', claimed.applicationName],
    ['Run (claimed)', claimed.runId],
    ['Trace (claimed)', claimed.traceparent],
    ['Opened', formatMoment(session.openedAt, timeZone)],
    [
      'Closed',
      session.closedAt === undefined
        ? 'still open when exported'
        : [
            formatMoment(session.closedAt, timeZone),
            [session.closeReason, session.closeDetail].filter((part) => part !== undefined).join(': '),
          ].join(', '),
    ],
    ...(session.access === undefined
      ? []
      : approvalFacts(session.access, timeZone).map(({ label, text }): [string, string] => [label, text])),
    ['Recorded', `${session.durability}, configuration ${session.configuration}`],
    ['Exported', formatMoment(exportedAt, timeZone)],
  ];
  return facts
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `<div><dt>${name}</dt><dd>${show(value ?? '')}</dd></div>\n`)
    .join('');
}

function authenticated({ method, credential, issuer, credentialExpiresAt }: SessionView, timeZone: string): string {
  const whose = issuer === undefined ? '' : ` of ${issuer}`;
  const until = credentialExpiresAt === undefined ? '' : `, until ${formatMoment(credentialExpiresAt, timeZone)}`;
  return `${method} ${credential}${whose}${until}`;
}

function integrity(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
