import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lineWidth, paintLine } from '../present/line.ts';
import { statementView } from '../present/views.fixture.ts';
import { initialState, type PlayerState } from './player-state.ts';
import { fixtureRecording, fixtureStatements, longFixture } from './recording.fixture.ts';
import { type Frame, renderFrame, type Scene, timelineStrip } from './render.ts';

const look = { width: 0, color: false, timeZone: 'Europe/Berlin' };
const statements = fixtureStatements();

function scene(state: Partial<PlayerState>, views = statements): Scene {
  const { session, outline } = fixtureRecording(views);
  const whole = { ...initialState, ...state };
  return { session, outline, progress: 'whole', state: whole, statement: views[whole.position] };
}

function screen(frame: Frame): string {
  return frame.lines.map((line) => paintLine(line, false)).join('\n');
}

test('a frame is exactly as large as the terminal, at every size and in every mode', () => {
  for (const columns of [20, 30, 79, 80, 99, 100, 141]) {
    for (const rows of [5, 10, 24, 40]) {
      for (const mode of ['normal', 'search', 'jump', 'help'] as const) {
        for (const position of statements.keys()) {
          const frame = renderFrame(scene({ position, mode }), { columns, rows }, look);
          assert.equal(frame.lines.length, rows);
          for (const line of frame.lines) {
            assert.ok(lineWidth(line) <= columns, `${lineWidth(line)} > ${columns}: ${paintLine(line, false)}`);
          }
        }
      }
    }
  }
});

test('the header says whose session it is and where in it we are', () => {
  const [who, facts] = screen(renderFrame(scene({ position: 3 }), { columns: 140, rows: 40 }, look)).split('\n');
  assert.match(who ?? '', /^ billing-agent → billing {2}session 0k3d9x2v7m4hq8tz .* 4 of 11 $/);
  assert.equal(
    facts,
    ' 11 statements, 4 not completed · 1 m 37 s, client terminated · Tuesday 2026-11-17 14:03:20 Europe/Berlin (UTC+01:00)',
  );
});

test('a wide terminal lists the statements beside the one on stage, a narrow one does not', () => {
  const wide = screen(renderFrame(scene({ position: 1 }), { columns: 100, rows: 24 }, look));
  assert.match(wide, /▌ 2 14:03:22 ✓ begin +│/);
  assert.match(wide, /4 14:03:44 ✗ update invoices/);
  assert.doesNotMatch(screen(renderFrame(scene({ position: 1 }), { columns: 99, rows: 24 }, look)), /▌/);
});

test('the list follows through a long session', () => {
  const text = screen(renderFrame(scene({ position: 9000 }, longFixture(10_000)), { columns: 120, rows: 30 }, look));
  assert.match(text, /▌ 9001 /);
  assert.match(text, /9,001 of 10,000/);
});

test('a long statement scrolls, and says how much is left', () => {
  const size = { columns: 80, rows: 24 };
  const top = renderFrame(scene({ position: 6 }), size, look);
  assert.ok(top.maxScroll > 50);
  assert.match(screen(top), new RegExp(` ${top.maxScroll} more lines, PgDn `));
  const end = screen(renderFrame(scene({ position: 6, scroll: 10_000 }), size, look));
  assert.match(end, /lines above · end/);
  assert.match(end, /SHA-256/);
});

test('the strip has a mark where we are and where something went wrong', () => {
  const { outline } = fixtureRecording(statements);
  const text = paintLine(timelineStrip(outline, 1, 24), false);
  assert.equal(text, ' ━━●───✗─✗─────────✗─✗─');
  const wide = paintLine(timelineStrip(fixtureRecording(longFixture(10_000)).outline, 5000, 80), false);
  assert.equal(wide.length, 79);
  assert.equal(wide.indexOf('●'), 40);
});

test('a shortened pause is told', () => {
  const text = screen(renderFrame(scene({ position: 2, dueMs: 5 }), { columns: 100, rows: 24 }, look));
  assert.match(text, /the next came 22.0 s later: shown after 3 s/);
  assert.match(text, /▶ 1×/);
});

test('search marks what it found', () => {
  const frame = renderFrame(scene({ position: 3, search: 'TOTL' }), { columns: 80, rows: 24 }, look);
  assert.ok(frame.lines.flat().some(({ text, style }) => text === 'totl' && style === 'match'));
});

test('a statement that is being read, could not be read or does not exist is told', () => {
  const size = { columns: 80, rows: 24 };
  assert.match(screen(renderFrame({ ...scene({}), statement: undefined }, size, look)), /Reading …/);
  assert.match(
    screen(renderFrame({ ...scene({}), statement: new Error('segment 3 is\x1b torn') }, size, look)),
    /Could not be read: segment 3 is\\x1b torn/,
  );
  assert.match(screen(renderFrame(scene({}, []), size, look)), /No statements were recorded/);
  assert.match(
    screen(renderFrame({ ...scene({}), progress: 'reading' }, { columns: 140, rows: 24 }, look)),
    /so far, reading/,
  );
});

test('recorded text is never obeyed, in the list or on stage', () => {
  const evil = statementView({ sql: "\x1b[2J\u202e'x\n'", identity: '\x1b]0;x\x07' });
  const frame = renderFrame(scene({ search: '\x1b' }, [evil]), { columns: 120, rows: 30 }, look);
  for (const line of frame.lines) assert.doesNotMatch(paintLine(line, false), /[\p{Cc}\p{Cf}]/u);
});
