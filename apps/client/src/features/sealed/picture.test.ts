import { describe, expect, it } from 'vitest';
import { pictureOf } from './picture.ts';

const bytes = (...parts: (string | number[])[]): Uint8Array =>
  Uint8Array.from(
    parts.flatMap((part) => (typeof part === 'string' ? [...part].map((one) => one.charCodeAt(0)) : part)),
  );
const png = (width: number, height: number): Uint8Array => {
  const file = bytes('\x89PNG\r\n\x1a\n', [0, 0, 0, 13], 'IHDR', new Array<number>(20).fill(0));
  new DataView(file.buffer).setUint32(16, width);
  new DataView(file.buffer).setUint32(20, height);
  return file;
};

describe('what a file is, by its content', () => {
  it('knows PNG, GIF, JPEG and all three kinds of WebP with their sizes', () => {
    expect(pictureOf(png(640, 480))).toEqual({ type: 'image/png', width: 640, height: 480 });
    expect(pictureOf(bytes('GIF89a', [0x40, 0x01, 0xf0, 0x00], 'rest'))).toEqual({
      type: 'image/gif',
      width: 320,
      height: 240,
    });
    const jpeg = bytes(
      '\xff\xd8',
      [0xff, 0xe0, 0, 4, 0, 0],
      [0xff, 0xc2, 0, 17, 8, 1, 0, 2, 0],
      new Array<number>(9).fill(0),
    );
    expect(pictureOf(jpeg)).toEqual({ type: 'image/jpeg', width: 512, height: 256 });
    const rest = new Array<number>(20).fill(0);
    expect(
      pictureOf(bytes('RIFF', [0, 0, 0, 0], 'WEBPVP8X', [10, 0, 0, 0], [0, 0, 0, 0], [99, 0, 0], [49, 0, 0], rest)),
    ).toEqual({
      type: 'image/webp',
      width: 100,
      height: 50,
    });
    const lossless = bytes('RIFF', [0, 0, 0, 0], 'WEBPVP8L', [10, 0, 0, 0], [0x2f], [9, 0xc0, 0x01, 0], rest);
    expect(pictureOf(lossless)).toEqual({ type: 'image/webp', width: 10, height: 8 });
    const lossy = bytes(
      'RIFF',
      [0, 0, 0, 0],
      'WEBPVP8 ',
      [10, 0, 0, 0],
      [0, 0, 0],
      '\x9d\x01\x2a',
      [16, 0, 9, 0],
      rest,
    );
    expect(pictureOf(lossy)).toEqual({ type: 'image/webp', width: 16, height: 9 });
  });

  it('takes nothing that could run, whatever it is called, and nothing cut short', () => {
    for (const text of [
      '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
      '<!doctype html><script>alert(1)</script>',
      '%PDF-1.7 some document that is long enough',
      'GIF88a and some more bytes of it',
    ])
      expect(pictureOf(bytes(text))).toBeUndefined();
    for (let length = 0; length < 24; length += 1) expect(pictureOf(png(5, 5).slice(0, length))).toBeUndefined();
    expect(pictureOf(bytes('\xff\xd8\xff', new Array<number>(40).fill(0xff)))).toBeUndefined();
  });

  it('does not draw a picture that would take all memory', () => {
    expect(pictureOf(png(50_000, 50_000))).toBeUndefined();
    expect(pictureOf(png(0, 100))).toBeUndefined();
  });
});
