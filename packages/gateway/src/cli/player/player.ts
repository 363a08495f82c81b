/** Drives the player: keys and time in, frames out. Terminal, clock and recording are given, so that tests can be them. */
import type { StatementView } from '../../store/views.ts';
import { paintLine } from '../present/line.ts';
import type { Look } from '../present/look.ts';
import { decodeKeys, type Key } from './keys.ts';
import { initialState, type PlayerEvent, type PlayerState, step } from './player-state.ts';
import type { Recording } from './recording.ts';
import { type Frame, renderFrame, type Size } from './render.ts';

/** The terminal as the player needs it. */
export interface PlayerTerminal {
  size(): Size;
  write(text: string): void;
  /** Calls back until the returned function is called. `resumed` is after a stop (Ctrl-Z, fg): the screen is gone. */
  listen(listener: (event: TerminalEvent) => void): () => void;
  /** Gives the terminal back to the shell; `resumed` follows when it comes back. */
  suspend(): void;
}

export type TerminalEvent =
  | { readonly type: 'input'; readonly text: string }
  | { readonly type: 'resized' }
  | { readonly type: 'resumed' }
  | { readonly type: 'closed' };

export interface PlayerClock {
  nowMs(): number;
  /** Calls once after `ms`; the returned function calls it off. */
  after(ms: number, call: () => void): () => void;
}

/** How long an escape byte may be the beginning of a key before it is the escape key. */
const escapeDelayMs = 40;

/** Statements kept around the one on stage. */
const cached = 32;

/** Plays until the user quits or the terminal closes. */
export function play(
  recording: Recording,
  look: Look,
  {
    terminal,
    clock,
    start = 0,
  }: { readonly terminal: PlayerTerminal; readonly clock: PlayerClock; readonly start?: number },
): Promise<void> {
  return new Promise((resolve) => {
    let state: PlayerState = { ...initialState, position: start };
    let frame: Frame = { lines: [], page: 1, maxScroll: 0 };
    let painted: readonly string[] = [];
    let pending = '';
    let callOffTimer = (): void => {};
    let callOffEscape = (): void => {};
    const statements = new Map<number, StatementView | Error | undefined>();

    const load = (position: number): void => {
      if (recording.outline[position] === undefined || statements.has(position)) return;
      statements.set(position, undefined);
      for (const oldest of statements.keys()) {
        if (statements.size <= cached) break;
        if (oldest !== state.position) statements.delete(oldest);
      }
      const arrived = (statement: StatementView | Error): void => {
        if (!statements.has(position)) return;
        statements.set(position, statement);
        if (position === state.position && state.ended === undefined) draw();
      };
      recording
        .load(position)
        .then(arrived, (error: unknown) => arrived(error instanceof Error ? error : new Error(String(error))));
    };

    const draw = (): void => {
      const { session, outline, progress } = recording;
      frame = renderFrame(
        { session, outline, progress, state, statement: statements.get(state.position) },
        terminal.size(),
        look,
      );
      const lines = frame.lines.map((line) => paintLine(line, look.color));
      let changes = '';
      // Cleared before it is written: behind the last column, clearing would take the last character.
      lines.forEach((line, row) => {
        if (line !== painted[row]) changes += `\x1b[${row + 1};1H\x1b[K${line}\x1b[0m`;
      });
      painted = lines;
      // Synchronised output (DEC mode 2026), so that no half frame shows; terminals without it ignore it.
      if (changes !== '') terminal.write(`\x1b[?2026h${changes}\x1b[?2026l`);
    };

    const redraw = (): void => {
      painted = [];
      terminal.write('\x1b[2J');
      draw();
    };

    const take = (event: PlayerEvent): void => {
      state = step(state, event, { outline: recording.outline, page: frame.page, maxScroll: frame.maxScroll });
      if (state.ended !== undefined) return end();
      load(state.position);
      // The next one is there when it is stepped to.
      load(state.position + 1);
      callOffTimer();
      if (state.dueMs !== undefined) {
        callOffTimer = clock.after(Math.max(0, state.dueMs - clock.nowMs()), () =>
          take({ type: 'tick', nowMs: clock.nowMs() }),
        );
      }
      draw();
    };

    const press = (key: Key): void => {
      if (state.ended !== undefined) return;
      if (key.type === 'key' && key.name === 'suspend') return terminal.suspend();
      if (key.type === 'key' && key.name === 'redraw') return redraw();
      take({ type: 'key', key, nowMs: clock.nowMs() });
    };

    const stopGrowing = recording.onProgress(() => {
      load(state.position);
      load(state.position + 1);
      draw();
    });
    const stopListening = terminal.listen((event) => {
      switch (event.type) {
        case 'input': {
          callOffEscape();
          const { keys, rest } = decodeKeys(pending + event.text);
          pending = rest;
          keys.forEach(press);
          if (rest !== '' && state.ended === undefined) {
            callOffEscape = clock.after(escapeDelayMs, () => {
              pending = '';
              press({ type: 'key', name: 'escape' });
            });
          }
          return;
        }
        case 'resized':
        case 'resumed':
          return redraw();
        case 'closed':
          return end();
      }
    });

    function end(): void {
      state = { ...state, ended: 'quit' };
      callOffTimer();
      callOffEscape();
      stopListening();
      stopGrowing();
      resolve();
    }

    load(state.position);
    load(state.position + 1);
    redraw();
  });
}
