import { describe, expect, it } from 'vitest';
import { sniffPicture } from './picture.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');
const text = (letters: string) => Buffer.from(letters, 'latin1');
const padded = (...parts: Buffer[]) => Buffer.concat([...parts, Buffer.alloc(40)]);

const png = padded(hex('89504e470d0a1a0a 0000000d 49484452 00000080 00000040'));
/** An application segment before the frame header, as cameras and tools write it. */
const jpeg = padded(hex('ffd8 ffe0 0010 4a46494600010100000100010000 ffc2 0011 08 0040 0080 03'));
const riff = (chunk: string, body: Buffer) => {
  const content = padded(text('WEBP'), text(chunk), hex('00000000'), body);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(content.length);
  return Buffer.concat([text('RIFF'), size, content]);
};
const extended = riff('VP8X', hex('00000000 7f0000 3f0000'));
// 14 bits of width and of height, each less one.
const lossless = riff('VP8L', hex('2f 7fc00f00'));
const lossy = riff('VP8 ', hex('000000 9d012a 8000 4000'));

describe('a picture', () => {
  it.each([
    ['image/png', png],
    ['image/jpeg', jpeg],
    ['image/webp', extended],
    ['image/webp', lossless],
    ['image/webp', lossy],
  ])('is known as %s by its own bytes, with its size', (type, bytes) => {
    expect(sniffPicture(bytes)).toEqual({ type, width: 128, height: 64 });
  });

  it('cut off anywhere in its header is none, and never a failure', () => {
    for (const bytes of [png, jpeg, extended, lossless, lossy])
      for (let length = 0; length < 24; length++) expect(sniffPicture(bytes.subarray(0, length))).toBeUndefined();
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['a page', text('<html><script>alert(1)</script></html>          ')],
    ['a drawing that may hold scripts', text('<svg xmlns="http://www.w3.org/2000/svg" onload="x"></svg>')],
    ['another kind of picture', padded(text('GIF89a'))],
    ['a JPEG of segments that lead nowhere', padded(hex('ffd8 ffe0 0000'))],
    ['a RIFF that is a sound', riff('fmt ', Buffer.alloc(20))],
    [
      'a WebP that claims more bytes than there are',
      Buffer.concat([text('RIFF'), hex('ffffff7f'), text('WEBPVP8X'), Buffer.alloc(40)]),
    ],
    ['a picture without width', padded(hex('89504e470d0a1a0a 0000000d 49484452 00000000 00000040'))],
    ['a picture too wide to be drawn', padded(hex('89504e470d0a1a0a 0000000d 49484452 7fffffff 00000040'))],
  ])('is not %s', (_what, bytes) => {
    expect(sniffPicture(bytes)).toBeUndefined();
  });

  it('is not found in any random bytes behind a known beginning, without failing', () => {
    let seed = 1;
    const random = () => (seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff) & 0xff;
    for (let run = 0; run < 2_000; run++) {
      const bytes = Buffer.from(Array.from({ length: 64 }, random));
      hex('ffd8').copy(bytes);
      expect(() => sniffPicture(bytes)).not.toThrow();
    }
  });
});
