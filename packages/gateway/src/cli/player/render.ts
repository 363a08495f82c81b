/** The player's screen: (what is on stage, size) → lines. Pure; recorded text is escaped on its way in. */
import type { SessionView, StatementView } from '../../store/views.ts';
import { cutLine, foldLine, type Line, lineWidth, padLine, recorded, type Span, span } from '../present/line.ts';
import type { Look } from '../present/look.ts';
import { onBehalfOfSpans } from '../present/on-behalf-of.ts';
import { outcomeMark, wentWrong } from '../present/outcome.ts';
import { formatCount, formatDuration, groupDigits } from '../present/quantity.ts';
import { sqlOnOneLine } from '../present/sql.ts';
import { statementBody, statementTitle } from '../present/statement.ts';
import { formatZone, wallTime } from '../present/wall-time.ts';
import { longestPauseMs, type PlayerState, pauseAfter } from './player-state.ts';
import type { OutlineItem, Recording } from './recording.ts';

export interface Scene {
  readonly session: SessionView;
  readonly outline: readonly OutlineItem[];
  readonly progress: Recording['progress'];
  readonly state: PlayerState;
  /** The statement on stage; undefined while it is loaded, an Error when that failed. */
  readonly statement: StatementView | Error | undefined;
}

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

export interface Frame {
  /** Exactly `rows` lines. */
  readonly lines: readonly Line[];
  /** For the next step of the state, see `Stage`. */
  readonly page: number;
  readonly maxScroll: number;
}

/** Below this the list of statements would leave too little for the statement itself. */
const listFromColumns = 100;
const smallest: Size = { columns: 30, rows: 10 };

/** Draws a scene. `look.width` is not used: the size decides. */
export function renderFrame(scene: Scene, size: Size, look: Look): Frame {
  if (size.columns < smallest.columns || size.rows < smallest.rows) {
    const lines = foldLine(
      [span(`At least ${smallest.columns} × ${smallest.rows} characters are needed.`)],
      size.columns,
    );
    return { lines: fill(lines, size.rows), page: 1, maxScroll: 0 };
  }
  const listWidth = size.columns >= listFromColumns ? Math.min(52, Math.floor(size.columns * 0.36)) : 0;
  const bodyWidth = listWidth === 0 ? size.columns : size.columns - listWidth - 1;
  const header = headerLines(scene, size.columns, look);
  const bodyRows = size.rows - header.length - 3;
  const body = scene.state.mode === 'help' ? helpLines(bodyWidth) : bodyLines(scene, { ...look, width: bodyWidth - 2 });
  const maxScroll = Math.max(0, body.length - bodyRows);
  const scroll = scene.state.mode === 'help' ? 0 : Math.min(scene.state.scroll, maxScroll);
  const shown = fill(body.slice(scroll, scroll + bodyRows), bodyRows).map((line) => [
    span(' '),
    ...highlighted(line, scene.state.search),
  ]);
  const middle =
    listWidth === 0
      ? shown
      : listLines(scene, listWidth, bodyRows, look).map((line, i) => [
          ...padLine(line, listWidth),
          span('│', 'dim'),
          ...(shown[i] ?? []),
        ]);
  const lines = [
    ...header,
    rule(size.columns, listWidth, '┬'),
    ...middle,
    scrollRule(size.columns, listWidth, scroll, maxScroll),
    footerLine(scene, size.columns),
  ];
  return { lines: lines.map((line) => cutLine(line, size.columns)), page: bodyRows, maxScroll };
}

function fill(lines: readonly Line[], count: number): Line[] {
  return Array.from({ length: count }, (_, i) => lines[i] ?? []);
}

/** Whose session, and where in it. */
function headerLines({ session, outline, progress, state }: Scene, width: number, look: Look): Line[] {
  const { weekday, date, time, offset } = wallTime(session.openedAt, look.timeZone);
  const failed = outline.reduce((count, { outcome }) => count + (wentWrong(outcome) ? 1 : 0), 0);
  const who: Line = [
    span(' '),
    ...recorded(session.identity, 'accent'),
    ...onBehalfOfSpans(session.onBehalfOf),
    span(' → ', 'dim'),
    ...recorded(session.connection, 'accent'),
    span('  session ', 'dim'),
    ...recorded(session.session, 'heading'),
  ];
  const end =
    session.closedAt === undefined
      ? span('still open: what came after opening it here is not shown', 'warning')
      : span(
          `${formatDuration(Math.max(0, session.closedAt - session.openedAt))}, ${session.closeReason ?? 'closed'}`,
          'dim',
        );
  const facts: Line = [
    span(` ${formatCount(outline.length, 'statement')}`),
    ...(failed > 0 ? [span(', ', 'dim'), span(`${groupDigits(failed)} not completed`, 'bad')] : []),
    ...progressSpans(progress),
    span(' · ', 'dim'),
    end,
    span(` · ${weekday} ${date} ${time} ${formatZone(look.timeZone, offset)}`, 'dim'),
  ];
  return [spread(who, placeSpans(outline, state), width), facts, timelineStrip(outline, state.position, width)];
}

function progressSpans(progress: Scene['progress']): Line {
  if (progress === 'whole') return [];
  if (progress === 'reading') return [span(' so far, reading …', 'warning')];
  return [span(' · the rest could not be read: ', 'bad'), ...recorded(progress.message, 'bad')];
}

function placeSpans(outline: readonly OutlineItem[], state: PlayerState): Line {
  const position = outline.length === 0 ? 0 : state.position + 1;
  const playing = state.dueMs !== undefined;
  return [
    span(playing ? '▶ ' : '⏸ '.trimEnd(), playing ? 'good' : 'dim'),
    span(playing ? `${state.speed}× ` : state.speed === 1 ? ' ' : ` ${state.speed}× `, 'dim'),
    span(groupDigits(position), 'heading'),
    span(` of ${groupDigits(outline.length)} `),
  ];
}

/** The session from left to right, a column for one or more statements: where we are, and what went wrong. */
export function timelineStrip(outline: readonly OutlineItem[], position: number, width: number): Line {
  const room = width - 2;
  const count = outline.length;
  if (count === 0) return [span(` ${'─'.repeat(room)}`, 'dim')];
  const columns = Math.min(room, count);
  const trouble = new Array<boolean>(columns).fill(false);
  outline.forEach(({ outcome }, i) => {
    if (wentWrong(outcome)) trouble[Math.floor((i * columns) / count)] = true;
  });
  const here = Math.floor((position * columns) / count);
  const line: Span[] = [span(' ')];
  for (let column = 0; column < columns; column++) {
    const wrong = trouble[column] === true;
    const past = column < here;
    const bar = past ? '━' : '─';
    const style = past ? 'accent' : 'dim';
    // Few statements share out all of the width.
    const cellWidth = Math.floor(((column + 1) * room) / columns) - Math.floor((column * room) / columns);
    if (column === here) line.push(span('●', wrong ? 'bad' : 'heading'));
    else line.push(wrong ? span('✗', 'bad') : span(bar, style));
    line.push(span(bar.repeat(cellWidth - 1), style));
  }
  return line;
}

function bodyLines({ statement, outline, progress, state }: Scene, look: Look): readonly Line[] {
  if (outline.length === 0 && progress === 'whole')
    return [[], [span('No statements were recorded in this session.', 'dim')]];
  if (statement === undefined) return [[span('Reading …', 'dim')]];
  if (statement instanceof Error) {
    return foldLine([span('Could not be read: ', 'bad'), ...recorded(statement.message)], look.width);
  }
  const item = outline[state.position];
  const before = outline[state.position - 1];
  const since: Line[] =
    item === undefined || before === undefined
      ? []
      : [[span(`  ${formatDuration(Math.max(0, item.at - before.at))} after statement ${before.n}`, 'dim')]];
  return [...statementTitle(statement, look), ...since, [], ...bodyOf(statement, look)];
}

/** A statement of a thousand rows is laid out once, not for every key. */
const laidOut = new WeakMap<StatementView, { readonly key: string; readonly lines: readonly Line[] }>();

function bodyOf(statement: StatementView, look: Look): readonly Line[] {
  const key = `${look.width} ${look.timeZone}`;
  const known = laidOut.get(statement);
  if (known?.key === key) return known.lines;
  const lines = statementBody(statement, look);
  while (lines.at(-1)?.length === 0) lines.pop();
  laidOut.set(statement, { key, lines });
  return lines;
}

function listLines({ outline, state }: Scene, width: number, rows: number, look: Look): Line[] {
  const first = Math.max(0, Math.min(state.position - Math.floor(rows / 2), outline.length - rows));
  const numberWidth = String(outline.at(-1)?.n ?? 0).length;
  const lines = outline.slice(first, first + rows).map((item, i): Line => {
    const mark = outcomeMark(item.outcome);
    const selected = first + i === state.position;
    const line: Line = [
      span(selected ? '▌' : ' ', 'accent'),
      span(String(item.n).padStart(numberWidth), selected ? 'heading' : 'dim'),
      span(' '),
      span(wallTime(item.at, look.timeZone).time, 'dim'),
      span(' '),
      span(mark.sign, mark.style),
      span(' '),
      ...sqlOnOneLine(item.sql, width),
    ];
    const cut = padLine(cutLine(line, width - 1), width);
    // One style for the whole row, so that it reads as a row; the sign keeps its meaning by its shape.
    return selected ? [span(cut.map(({ text }) => text).join(''), 'selected')] : cut;
  });
  return fill(lines, rows);
}

function highlighted(line: Line, search: string): Line {
  if (search === '') return line;
  const wanted = search.toLowerCase();
  return line.flatMap(({ text, style }) => {
    const spans: Span[] = [];
    const lower = text.toLowerCase();
    // Case mapping that changes lengths (İ) would cut in the wrong places.
    if (lower.length !== text.length) return [span(text, style)];
    let shown = 0;
    for (let at = lower.indexOf(wanted); at !== -1; at = lower.indexOf(wanted, shown)) {
      if (at > shown) spans.push(span(text.slice(shown, at), style));
      spans.push(span(text.slice(at, at + wanted.length), 'match'));
      shown = at + wanted.length;
    }
    if (shown < text.length) spans.push(span(text.slice(shown), style));
    return spans;
  });
}

function rule(width: number, listWidth: number, joint: '┬' | '┴'): Line {
  if (listWidth === 0) return [span('─'.repeat(width), 'dim')];
  return [span(`${'─'.repeat(listWidth)}${joint}${'─'.repeat(width - listWidth - 1)}`, 'dim')];
}

/** The lower rule says how much of a long statement lies beyond the screen. */
function scrollRule(width: number, listWidth: number, scroll: number, maxScroll: number): Line {
  const line = rule(width, listWidth, '┴');
  if (maxScroll === 0) return line;
  const parts = [
    scroll > 0 ? `${formatCount(scroll, 'line')} above` : '',
    scroll < maxScroll ? `${formatCount(maxScroll - scroll, 'more line')}, PgDn` : 'end',
  ].filter((part) => part !== '');
  const label = ` ${parts.join(' · ')} `;
  const text = line[0]?.text ?? '';
  return [span(text.slice(0, Math.max(0, width - label.length - 2)), 'dim'), span(label), span('──', 'dim')];
}

function footerLine({ state, outline }: Scene, width: number): Line {
  if (state.mode === 'search')
    return [
      span(' Search: '),
      ...recorded(state.input),
      span('▏', 'accent'),
      span('  Enter finds, Esc cancels', 'dim'),
    ];
  if (state.mode === 'jump')
    return [
      span(' Go to statement: '),
      span(state.input),
      span('▏', 'accent'),
      span('  Enter goes, Esc cancels', 'dim'),
    ];
  if (state.mode === 'help') return [span(' any key closes this', 'dim')];
  const status: Span[] = [];
  if (state.message !== undefined) status.push(...recorded(state.message, 'warning'));
  else if (state.dueMs !== undefined) {
    const pause = pauseAfter(outline, state.position, state.speed);
    if (pause?.shortened === true) {
      const gap = formatDuration(pause.recordedMs * 1000);
      status.push(span(`the next came ${gap} later: shown after ${longestPauseMs / 1000} s`, 'warning'));
    }
  } else if (state.search !== '') status.push(span('searching "', 'dim'), ...recorded(state.search), span('"', 'dim'));
  const keys = keyHints.map(([key, does]): Line => [span(key, 'heading'), span(` ${does}`, 'dim')]);
  let line: Line = [span(' ')];
  for (const hint of keys) {
    const longer = line.length === 1 ? [...line, ...hint] : [...line, span('   '), ...hint];
    if (lineWidth(longer) + lineWidth(status) + 3 > width) break;
    line = longer;
  }
  return status.length === 0 ? line : spread(line, [...cutLine(status, width - 2), span(' ')], width);
}

/** Most useful first: a narrow screen drops the last. */
const keyHints: readonly (readonly [key: string, does: string])[] = [
  ['space', 'play'],
  ['←→', 'step'],
  ['/', 'search'],
  ['?', 'help'],
  ['q', 'quit'],
  ['12⏎', 'go to'],
  ['e', 'next failure'],
  ['PgDn', 'scroll'],
  ['+-', 'speed'],
];

function helpLines(width: number): Line[] {
  const keys: readonly (readonly [string, string])[] = [
    ['space', 'play at recorded speed, or pause'],
    ['+  -', 'faster, slower'],
    ['→ l j', 'next statement'],
    ['← h k', 'previous statement'],
    ['Home g', 'first statement'],
    ['End G', 'last statement'],
    ['12 Enter', 'go to statement 12'],
    ['e  E', 'next, previous statement that did not complete'],
    ['↑ ↓', 'scroll within a long statement'],
    ['PgUp PgDn', 'the same by the page'],
    ['/', 'search in SQL and error messages'],
    ['n  N', 'next, previous match; Esc forgets the search'],
    ['q', 'quit'],
  ];
  return [
    [span('Keys', 'heading')],
    [],
    ...keys.map(([key, does]): Line => [span(`  ${key.padEnd(12)}`, 'accent'), span(does)]),
    [],
    ...foldLine(
      [
        span(
          `Pauses between statements are shown as recorded, but none longer than ${longestPauseMs / 1000} s.`,
          'dim',
        ),
      ],
      width - 2,
    ),
  ];
}

/** One part at the left end, one at the right; the left gives way. */
function spread(left: Line, right: Line, width: number): Line {
  const rightWidth = lineWidth(right);
  return rightWidth >= width ? cutLine(right, width) : [...padLine(left, width - rightWidth), ...right];
}
