import { VOICE_LIMITS } from '@skerry/protocol/voice';
import type { WebSocket } from 'ws';
import type { Outlet, Sound } from './sound-router.ts';

/** Bytes that may wait; what would come later than that is worth nothing. */
const MOST_WAITING = 16 * 1_024;
/** Level and, big-endian, the sender's time in samples; a server's frame begins with the number of the source. */
const UP_HEAD = 5;
const DOWN_HEAD = 6;

/**
 * Sound over a WebSocket of its own, for clients without WebRTC: one Opus frame is one binary message. TCP keeps order and
 * loses nothing, so the frames are numbered here. SPEC V-11.
 */
export class SocketPeer implements Outlet {
  readonly slots: readonly string[] = Array.from({ length: VOICE_LIMITS.slots }, (_none, slot) => String(slot));
  readonly #onSound: (sound: Sound) => void;
  #socket: WebSocket | undefined;
  #seq = 0;

  constructor(onSound: (sound: Sound) => void) {
    this.#onSound = onSound;
  }

  get isOpen(): boolean {
    return this.#socket?.readyState === 1;
  }

  /** The socket that was opened with the ticket. */
  attach(socket: WebSocket): void {
    this.#socket = socket;
    socket.on('message', (data, isBinary) => {
      const bytes = data as Buffer;
      // What is no frame is no reason to hang up: it is only not heard.
      if (!isBinary || bytes.length <= UP_HEAD) return;
      this.#seq = (this.#seq + 1) & 0xffff;
      const level = Math.min(127, bytes.readUInt8(0));
      const payload = bytes.subarray(UP_HEAD);
      this.#onSound({ seq: this.#seq, timestamp: bytes.readUInt32BE(1), level, payload });
    });
  }

  send(slot: string, { level, timestamp, payload }: Sound): void {
    const socket = this.#socket;
    if (socket === undefined || socket.bufferedAmount > MOST_WAITING) return;
    const bytes = Buffer.allocUnsafe(DOWN_HEAD + payload.length);
    bytes.writeUInt8(Number(slot), 0);
    bytes.writeUInt8(level, 1);
    bytes.writeUInt32BE(timestamp, 2);
    bytes.set(payload, DOWN_HEAD);
    socket.send(bytes);
  }

  close(): void {
    this.#socket?.close(1000);
    // Who does not answer the close is cut.
    const socket = this.#socket;
    if (socket !== undefined) setTimeout(() => socket.terminate(), 1_000).unref();
  }
}
