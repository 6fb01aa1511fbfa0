import { down, type Down } from '@skerry/protocol';

export type Frame = Down;

/** Reads whole, unmasked WebSocket text frames, each of which must be a frame of the protocol. @throws Error */
export function readFrames(bytes: Uint8Array): Frame[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const frames: Frame[] = [];
  for (let at = 0; at < bytes.length;) {
    if (view.getUint8(at) !== 0x81) throw new Error('not a final text frame');
    let length = view.getUint8(at + 1);
    let header = 2;
    if (length === 126) [length, header] = [view.getUint16(at + 2), 4];
    else if (length === 127) [length, header] = [Number(view.getBigUint64(at + 2)), 10];
    const end = at + header + length;
    if (end > bytes.length) throw new Error('a frame is cut off');
    frames.push(
      down.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(at + header, end)))),
    );
    at = end;
  }
  return frames;
}
