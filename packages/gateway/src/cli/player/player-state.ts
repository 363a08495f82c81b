/**
 * The player as a state machine: (state, event) → state. Opens no terminal, reads no clock, loads nothing; time comes
 * with each event.
 */
import { wentWrong } from '../present/outcome.ts';
import type { Key, KeyName } from './keys.ts';
import type { OutlineItem } from './recording.ts';

export interface PlayerState {
  /** Which statement is on stage: place in the outline, from 0. */
  readonly position: number;
  /** First line shown of it. */
  readonly scroll: number;
  readonly mode: 'normal' | 'search' | 'jump' | 'help';
  /** What is being typed in `search` and `jump`. */
  readonly input: string;
  /** What was searched for last; `''` before any search. */
  readonly search: string;
  /** Times as fast as recorded. */
  readonly speed: number;
  /** When the next statement comes on, on the clock of the events; undefined while paused. */
  readonly dueMs: number | undefined;
  /** Something to tell once: nothing found, no such statement. */
  readonly message: string | undefined;
  readonly ended: 'quit' | undefined;
}

export type PlayerEvent =
  | { readonly type: 'key'; readonly key: Key; readonly nowMs: number }
  | { readonly type: 'tick'; readonly nowMs: number };

/** What the state moves over: the outline, and how much of the statement on stage the screen shows. */
export interface Stage {
  readonly outline: readonly OutlineItem[];
  /** Lines of the statement that fit the screen. */
  readonly page: number;
  /** The largest `scroll` that leaves no screen half empty. */
  readonly maxScroll: number;
}

/** Nobody waits longer than this for the next statement, however long the agent did; at any speed. */
export const longestPauseMs = 3000;

/** So that statements that came at once can still be seen to come. */
const shortestPauseMs = 60;

const speeds = [0.25, 0.5, 1, 2, 4, 8, 16, 32];

export const initialState: PlayerState = {
  position: 0,
  scroll: 0,
  mode: 'normal',
  input: '',
  search: '',
  speed: 1,
  dueMs: undefined,
  message: undefined,
  ended: undefined,
};

/** How long a statement stays on stage at a speed, and whether that is less than it was. Undefined for the last. */
export function pauseAfter(
  outline: readonly OutlineItem[],
  position: number,
  speed: number,
): { readonly pauseMs: number; readonly recordedMs: number; readonly shortened: boolean } | undefined {
  const current = outline[position];
  const next = outline[position + 1];
  if (current === undefined || next === undefined) return undefined;
  const recordedMs = Math.max(0, next.at - current.at) / 1000;
  const paced = recordedMs / speed;
  return {
    pauseMs: Math.min(longestPauseMs, Math.max(shortestPauseMs, paced)),
    recordedMs,
    shortened: paced > longestPauseMs,
  };
}

/** The state after an event. */
export function step(state: PlayerState, event: PlayerEvent, stage: Stage): PlayerState {
  if (event.type === 'tick') return tick(state, event.nowMs, stage);
  const { key, nowMs } = event;
  if (key.type === 'key' && key.name === 'quit') return { ...state, ended: 'quit' };
  switch (state.mode) {
    case 'search':
    case 'jump':
      return typed(state, key, stage);
    case 'help':
      return { ...state, mode: 'normal' };
    case 'normal':
      return key.type === 'key'
        ? named({ ...state, message: undefined }, key.name, stage)
        : command({ ...state, message: undefined }, key.text, stage, nowMs);
  }
}

function tick(state: PlayerState, nowMs: number, stage: Stage): PlayerState {
  if (state.dueMs === undefined || nowMs < state.dueMs) return state;
  const moved = { ...state, position: state.position + 1, scroll: 0 };
  const pause = pauseAfter(stage.outline, moved.position, state.speed);
  // From when it was due, not from when the timer fired: delays do not add up, unless the process slept.
  const from = nowMs - state.dueMs < longestPauseMs ? state.dueMs : nowMs;
  if (pause === undefined) return { ...moved, dueMs: undefined, message: 'end of the session' };
  return { ...moved, dueMs: from + pause.pauseMs };
}

function named(state: PlayerState, name: KeyName, stage: Stage): PlayerState {
  switch (name) {
    case 'left':
      return show(state, state.position - 1, stage);
    case 'right':
      return show(state, state.position + 1, stage);
    case 'home':
      return show(state, 0, stage);
    case 'end':
      return show(state, stage.outline.length - 1, stage);
    case 'up':
      return scrolled(state, state.scroll - 1, stage);
    case 'down':
      return scrolled(state, state.scroll + 1, stage);
    case 'page up':
      return scrolled(state, state.scroll - stage.page, stage);
    case 'page down':
      return scrolled(state, state.scroll + stage.page, stage);
    case 'escape':
      return { ...state, search: '' };
    case 'enter':
    case 'backspace':
    case 'clear line':
    case 'quit':
    case 'suspend':
    case 'redraw':
      return state;
  }
}

function command(state: PlayerState, text: string, stage: Stage, nowMs: number): PlayerState {
  switch (text) {
    case ' ':
      return state.dueMs === undefined ? play(state, stage, nowMs) : { ...state, dueMs: undefined };
    case 'h':
    case 'k':
      return show(state, state.position - 1, stage);
    case 'l':
    case 'j':
      return show(state, state.position + 1, stage);
    case 'g':
      return show(state, 0, stage);
    case 'G':
      return show(state, stage.outline.length - 1, stage);
    case '+':
    case '=':
      return atSpeed(state, 1, stage, nowMs);
    case '-':
    case '_':
      return atSpeed(state, -1, stage, nowMs);
    case '/':
      return { ...state, mode: 'search', input: '', dueMs: undefined };
    case 'n':
      return found(state, 1, stage);
    case 'N':
      return found(state, -1, stage);
    case 'e':
      return troubled(state, 1, stage);
    case 'E':
      return troubled(state, -1, stage);
    case '?':
      return { ...state, mode: 'help', dueMs: undefined };
    case 'q':
      return { ...state, ended: 'quit' };
    default:
      return /^[0-9]$/.test(text) ? { ...state, mode: 'jump', input: text, dueMs: undefined } : state;
  }
}

/** Another statement, from its top. Stepping by hand ends the playing. */
function show(state: PlayerState, position: number, stage: Stage): PlayerState {
  const last = stage.outline.length - 1;
  const message = position > last ? 'end of the session' : position < 0 ? 'beginning of the session' : state.message;
  const there = Math.max(0, Math.min(last, position));
  return { ...state, position: there, scroll: there === state.position ? state.scroll : 0, dueMs: undefined, message };
}

function scrolled(state: PlayerState, scroll: number, stage: Stage): PlayerState {
  return { ...state, scroll: Math.max(0, Math.min(stage.maxScroll, scroll)), dueMs: undefined };
}

/** At the end, playing begins again at the beginning. */
function play(state: PlayerState, stage: Stage, nowMs: number): PlayerState {
  const atEnd = state.position >= stage.outline.length - 1;
  const start = atEnd ? { ...state, position: 0, scroll: 0 } : state;
  const pause = pauseAfter(stage.outline, start.position, start.speed);
  return pause === undefined ? state : { ...start, dueMs: nowMs + pause.pauseMs };
}

function atSpeed(state: PlayerState, change: 1 | -1, stage: Stage, nowMs: number): PlayerState {
  const speed = speeds[speeds.indexOf(state.speed) + change] ?? state.speed;
  const changed = { ...state, speed, message: `speed ${speed}×` };
  return state.dueMs === undefined ? changed : play(changed, stage, nowMs);
}

function typed(state: PlayerState, key: Key, stage: Stage): PlayerState {
  if (key.type === 'character') {
    if (state.mode === 'jump' && !/^[0-9]$/.test(key.text)) return state;
    return state.input.length < 200 ? { ...state, input: state.input + key.text } : state;
  }
  switch (key.name) {
    case 'escape':
      return { ...state, mode: 'normal', input: '' };
    case 'backspace': {
      const input = Array.from(state.input).slice(0, -1).join('');
      return { ...state, input, mode: state.input === '' ? 'normal' : state.mode };
    }
    case 'clear line':
      return { ...state, input: '' };
    case 'enter':
      return entered({ ...state, mode: 'normal', input: '' }, state.mode, state.input, stage);
    default:
      return state;
  }
}

function entered(state: PlayerState, mode: PlayerState['mode'], input: string, stage: Stage): PlayerState {
  if (mode === 'search') {
    // An empty search repeats the last one, as in less and vi.
    return found({ ...state, search: input === '' ? state.search : input }, 1, stage);
  }
  if (input === '') return state;
  const position = positionOf(stage.outline, Number(input));
  if (position === undefined) return { ...state, message: `no statement ${input} in this session` };
  return show(state, position, stage);
}

/** Statement numbers rise, but need not be without holes: `fetch`es are folded into what they fetch from. */
function positionOf(outline: readonly OutlineItem[], n: number): number | undefined {
  let low = 0;
  let high = outline.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const at = outline[middle]?.n ?? 0;
    if (at === n) return middle;
    if (at < n) low = middle + 1;
    else high = middle - 1;
  }
  return undefined;
}

function found(state: PlayerState, direction: 1 | -1, stage: Stage): PlayerState {
  if (state.search === '') return { ...state, message: 'nothing to search for: type / and words' };
  const wanted = state.search.toLowerCase();
  return seek(state, direction, stage, `"${state.search}" is in no statement`, ({ sql, error }) =>
    `${sql}\n${error ?? ''}`.toLowerCase().includes(wanted),
  );
}

function troubled(state: PlayerState, direction: 1 | -1, stage: Stage): PlayerState {
  return seek(state, direction, stage, 'every statement completed', ({ outcome }) => wentWrong(outcome));
}

/** The next statement that fits, around the end, the present one last. */
function seek(
  state: PlayerState,
  direction: 1 | -1,
  stage: Stage,
  nothing: string,
  fits: (item: OutlineItem) => boolean,
): PlayerState {
  const count = stage.outline.length;
  for (let distance = 1; distance <= count; distance++) {
    const raw = state.position + direction * distance;
    const position = ((raw % count) + count) % count;
    const item = stage.outline[position];
    if (item === undefined || !fits(item)) continue;
    const moved = show(state, position, stage);
    const around = direction === 1 ? position <= state.position : position >= state.position;
    const wrapped =
      position === state.position ? 'the only one' : direction === 1 ? 'on from the beginning' : 'on from the end';
    return around ? { ...moved, message: wrapped } : moved;
  }
  return { ...state, message: nothing };
}
