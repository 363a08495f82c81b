/**
 * Makes runs of something that takes a while follow each other. Who asks while one is under way gets the next, which
 * sees everything that was there when it was asked for; all who ask meanwhile share it. `run` must not reject.
 */
export function oneAtATime(run: () => Promise<void>): () => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;
  return () => {
    next ??= last.then(() => {
      next = undefined;
      return run();
    });
    last = next;
    return next;
  };
}
