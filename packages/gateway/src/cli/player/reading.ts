/** A recording whose outline is read while it already plays: a session of any length opens at once. */
import type { SessionView, StatementView } from '../../store/views.ts';
import { type OutlineItem, outlineItem, type Recording } from './recording.ts';

/** Where the statements come from. */
export interface StatementSource {
  readonly session: SessionView;
  /** All of them, in order; read once. */
  readonly statements: AsyncIterable<StatementView>;
  /** One of them by its number. */
  statement(n: number): Promise<StatementView | undefined>;
}

export interface ReadingOptions {
  /** Lets whatever else waits have its turn: keys, the screen. */
  pause(): Promise<void>;
  readonly nowMs: () => number;
}

/** How long it reads before it lets others have their turn. */
const sliceMs = 12;

/** Reads a session's outline. `read` resolves when it is whole, could not be read on, or was aborted. */
export class Reading implements Recording {
  readonly session: SessionView;
  readonly outline: OutlineItem[] = [];
  progress: Recording['progress'] = 'reading';
  readonly #source: StatementSource;
  readonly #options: ReadingOptions;
  readonly #listeners = new Set<() => void>();

  constructor(source: StatementSource, options: ReadingOptions) {
    this.session = source.session;
    this.#source = source;
    this.#options = options;
  }

  async read(signal: AbortSignal): Promise<void> {
    const { nowMs, pause } = this.#options;
    let sliceStart = nowMs();
    try {
      for await (const view of this.#source.statements) {
        if (signal.aborted) return;
        this.outline.push(outlineItem(view));
        if (nowMs() - sliceStart < sliceMs) continue;
        this.#tell();
        await pause();
        sliceStart = nowMs();
      }
      this.progress = 'whole';
    } catch (error) {
      this.progress = error instanceof Error ? error : new Error(String(error));
    }
    this.#tell();
  }

  /** Resolves with the place of a statement once it has been read; undefined when there is none. */
  async placeOf(n: number): Promise<number | undefined> {
    for (;;) {
      const last = this.outline.at(-1)?.n ?? 0;
      if (last >= n || this.progress !== 'reading') {
        const place = this.outline.findIndex((item) => item.n === n);
        return place === -1 ? undefined : place;
      }
      await new Promise<void>((resolve) => {
        const stop = this.onProgress(() => {
          stop();
          resolve();
        });
      });
    }
  }

  onProgress(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async load(position: number): Promise<StatementView> {
    const n = this.outline[position]?.n;
    const view = n === undefined ? undefined : await this.#source.statement(n);
    if (view === undefined) throw new Error(`statement ${n ?? `at place ${position}`} is no longer there`);
    return view;
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
