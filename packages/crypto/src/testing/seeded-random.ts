import { sha256 } from '@noble/hashes/sha2.js';
import { concat, uint32, utf8 } from '../bytes.ts';
import type { Random } from '../ports.ts';

/** The same bytes for the same seed, so that a run that failed can be had again. For tests only. */
export function createSeededRandom(seed: string): Random & { below(limit: number): number } {
  let block = 0;
  let rest = new Uint8Array();
  const bytes = (length: number) => {
    const out = new Uint8Array(length);
    for (let at = 0; at < length;) {
      if (rest.length === 0) rest = Uint8Array.from(sha256(concat(utf8(seed), uint32(block++))));
      const part = rest.subarray(0, length - at);
      out.set(part, at);
      at += part.length;
      rest = rest.subarray(part.length);
    }
    return out;
  };
  return { bytes, below: (limit) => new DataView(bytes(4).buffer).getUint32(0) % limit };
}
