/** How often each end of a control connection says that it is there. */
const beatMs = 2_500;
/** So many intervals without a word from the other end, and the connection is dead with the next: within ten seconds. */
const silentBeats = 3;

export interface HeartbeatOptions {
  /** Time to send a ping. */
  readonly beat: () => void;
  /** Nothing was heard for too long; called once. */
  readonly dead: () => void;
  readonly intervalMs?: number | undefined;
}

export interface Heartbeat {
  /** Something came from the other end, whatever it was. */
  heard(): void;
  stop(): void;
}

/**
 * Finds out that the other end is gone where TCP would take many minutes. It counts beats and not time, so that a process
 * that was suspended gets a chance to read what came meanwhile.
 */
export function startHeartbeat({ beat, dead, intervalMs = beatMs }: HeartbeatOptions): Heartbeat {
  let silent = 0;
  const timer = setInterval(() => {
    silent += 1;
    if (silent <= silentBeats) return beat();
    clearInterval(timer);
    dead();
  }, intervalMs);
  return {
    heard: () => {
      silent = 0;
    },
    stop: () => clearInterval(timer),
  };
}
