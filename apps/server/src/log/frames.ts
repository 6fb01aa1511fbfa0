import type { Position } from '@skerry/protocol';
import { wireStream, type StreamKey } from './stream-key.ts';

/** Bytes of one `events` frame at most, well under what a client takes, and events in it. */
const FRAME_BYTES = 1_000_000;
const FRAME_EVENTS = 4_096;

/** A frame as text, ready to be written as one WebSocket message. */
export type FrameText = { readonly json: string; readonly bytes: number };

/** Header of a final, unmasked text frame: 2, 4 or 10 bytes. RFC 6455 section 5.2. */
export function headerLength(payload: number): number {
  return payload < 126 ? 2 : payload < 65_536 ? 4 : 10;
}

/** Writes header and text at `at`. @returns where the next frame begins */
export function writeFrame(into: Buffer, at: number, frame: FrameText): number {
  into[at] = 0x81;
  const header = headerLength(frame.bytes);
  if (header === 2) into[at + 1] = frame.bytes;
  else if (header === 4) {
    into[at + 1] = 126;
    into.writeUInt16BE(frame.bytes, at + 2);
  } else {
    into[at + 1] = 127;
    into.writeUIntBE(0, at + 2, 2);
    into.writeUIntBE(frame.bytes, at + 4, 6);
  }
  return at + header + into.write(frame.json, at + header, 'utf8');
}

/** One frame in a buffer of its own. */
export function encodeFrame(json: string): Buffer {
  const frame = { json, bytes: Buffer.byteLength(json) };
  // Not from the pool: these bytes are handed to other threads and to sockets.
  const out = Buffer.allocUnsafeSlow(headerLength(frame.bytes) + frame.bytes);
  writeFrame(out, 0, frame);
  return out;
}

export const markJson = ({ seq, tag }: Position): string => `{"t":"mark","seq":${seq},"tag":"${tag}"}`;

/** Collects events of one stream into as few frames as the limits allow. */
export class EventFrames {
  readonly #opening: string;
  #parts: string[] = [];
  #bytes = 0;

  constructor(stream: StreamKey) {
    this.#opening = `{"t":"events","stream":"${wireStream(stream)}","events":[`;
  }

  /** @returns the frame that was full before this event, if it was */
  add(event: string): FrameText | undefined {
    const bytes = Buffer.byteLength(event) + 1;
    const full = this.#parts.length === FRAME_EVENTS || (this.#parts.length > 0 && this.#bytes + bytes > FRAME_BYTES);
    const closed = full ? this.close() : undefined;
    this.#parts.push(event);
    this.#bytes += bytes;
    return closed;
  }

  close(): FrameText {
    const json = `${this.#opening}${this.#parts.join(',')}]}`;
    // One comma fewer than events, and the two closing brackets.
    const bytes = this.#opening.length + this.#bytes - 1 + 2;
    this.#parts = [];
    this.#bytes = 0;
    return { json, bytes };
  }
}

/** Several frames in one buffer of their own. */
export function encodeFrames(frames: readonly FrameText[]): Uint8Array {
  const out = Buffer.allocUnsafeSlow(frames.reduce((sum, frame) => sum + headerLength(frame.bytes) + frame.bytes, 0));
  let at = 0;
  for (const frame of frames) at = writeFrame(out, at, frame);
  return out;
}
