export type Piece = { readonly bytes: Uint8Array<ArrayBuffer>; readonly index: number; readonly isLast: boolean };

/**
 * A stream cut anew: every piece but the last has exactly `size` bytes, the last at most as many, and it is empty only
 * where the whole stream is. Holds one piece, besides the chunk that it is being filled from.
 */
export async function* pieces(source: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Piece, void, undefined> {
  let held = new Uint8Array(size);
  let length = 0;
  let index = 0;
  for await (const chunk of source) {
    for (let from = 0; from < chunk.length;) {
      // A full piece waits for one more byte, since until then it might be the last.
      if (length === size) {
        yield { bytes: held, index: index++, isLast: false };
        held = new Uint8Array(size);
        length = 0;
      }
      const part = chunk.subarray(from, from + size - length);
      held.set(part, length);
      length += part.length;
      from += part.length;
    }
  }
  yield { bytes: held.slice(0, length), index, isLast: true };
}
