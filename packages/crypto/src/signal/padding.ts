import { CryptoError } from '../errors.ts';

const BLOCK = 160;
const FINE_UP_TO = 1280;
const END = 0x80;

/**
 * Hides how long a text is: up to 1,280 bytes in steps of 160, above that in steps of a sixteenth to an eighth of
 * the length. A byte 0x80 marks the end of the content, zeros follow.
 */
export function pad(content: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(paddedLength(content.length));
  out.set(content);
  out[content.length] = END;
  return out;
}

/** @throws CryptoError `malformed` for anything that {@link pad} does not make */
export function unpad(padded: Uint8Array): Uint8Array {
  let end = padded.length - 1;
  while (end >= 0 && padded[end] === 0) end--;
  if (end < 0 || padded[end] !== END || padded.length !== paddedLength(end)) throw new CryptoError('malformed');
  return padded.slice(0, end);
}

function paddedLength(length: number): number {
  const needed = length + 1;
  const step = needed <= FINE_UP_TO ? BLOCK : 2 ** (Math.floor(Math.log2(needed)) - 3);
  return Math.ceil(needed / step) * step;
}
