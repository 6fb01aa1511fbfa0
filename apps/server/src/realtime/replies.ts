import { encodeFrames, type FrameText } from '../log/frames.ts';
import type { Hub, Subscriber } from './hub.ts';

/**
 * Answers on their way to their sockets. What is answered in one go of the event loop leaves as one write per socket,
 * before the events it caused.
 */
export class Replies {
  readonly #hub: Hub;
  readonly #waiting = new Map<Subscriber, FrameText[]>();
  readonly #onWritten: () => void;

  constructor(hub: Hub, onWritten: () => void) {
    this.#hub = hub;
    this.#onWritten = onWritten;
  }

  add(subscriber: Subscriber, json: string): void {
    if (this.#waiting.size === 0) process.nextTick(() => this.#write());
    const frames = this.#waiting.get(subscriber);
    const frame = { json, bytes: Buffer.byteLength(json) };
    if (frames === undefined) this.#waiting.set(subscriber, [frame]);
    else frames.push(frame);
  }

  #write(): void {
    const all = [...this.#waiting];
    this.#waiting.clear();
    for (const [subscriber, frames] of all) this.#hub.send(subscriber, encodeFrames(frames));
    this.#onWritten();
  }
}
