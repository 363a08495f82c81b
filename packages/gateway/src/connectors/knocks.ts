import type { Socket } from 'node:net';

/**
 * Connections that have not said who they are. They are few and short-lived: when too many knock at a time, the one that
 * has waited longest is turned away, so that idle ones keep nobody out.
 */
export class Knocks {
  readonly #maximum: number;
  readonly #withinMs: number;
  readonly #waiting = new Map<Socket, NodeJS.Timeout>();

  constructor({ maximum, withinMs }: { readonly maximum: number; readonly withinMs: number }) {
    this.#maximum = maximum;
    this.#withinMs = withinMs;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Waits for the connection to be let in. It is destroyed when `late` was called, or when it has to make room. */
  add(socket: Socket, late: () => void): void {
    for (const oldest of this.#waiting.keys()) {
      if (this.#waiting.size < this.#maximum) break;
      this.delete(oldest);
      oldest.destroy();
    }
    const timer = setTimeout(() => {
      this.delete(socket);
      late();
      socket.destroy();
    }, this.#withinMs);
    this.#waiting.set(socket, timer);
    socket.once('close', () => this.delete(socket));
  }

  delete(socket: Socket): void {
    clearTimeout(this.#waiting.get(socket));
    this.#waiting.delete(socket);
  }

  destroyAll(): void {
    for (const socket of [...this.#waiting.keys()]) {
      this.delete(socket);
      socket.destroy();
    }
  }
}
