import type { Duplex } from 'node:stream';

/** Joins two streams: what one says the other hears, with back-pressure; when one is gone the other goes. */
export function splice(one: Duplex, other: Duplex): void {
  pass(one, other);
  pass(other, one);
}

function pass(from: Duplex, to: Duplex): void {
  from.on('data', (chunk) => {
    if (!to.write(chunk)) from.pause();
  });
  to.on('drain', () => from.resume());
  from.once('end', () => to.end());
  from.on('error', () => to.destroy());
  from.once('close', () => to.destroy());
  from.resume();
}
