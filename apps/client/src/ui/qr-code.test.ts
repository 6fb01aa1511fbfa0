import encodeQR from 'qr';
import { describe, expect, it } from 'vitest';
import { readImage } from './qr-camera.ts';
import { bytesOf, latin1, qrPath, QUIET } from './qr-code.ts';

/** Draws the path as pixels, the way a screen would. */
function photograph(code: { size: number; path: string }, scale: number) {
  const side = code.size * scale;
  const data = new Uint8ClampedArray(side * side * 4).fill(255);
  for (const [, x, y, width] of code.path.matchAll(/M(\d+) (\d+)h(\d+)v1h-\d+z/g))
    for (let row = Number(y) * scale; row < (Number(y) + 1) * scale; row += 1)
      for (let column = Number(x) * scale; column < (Number(x) + Number(width)) * scale; column += 1)
        data.fill(0, (row * side + column) * 4, (row * side + column) * 4 + 3);
  return { width: side, height: side, data };
}

describe('a code of bytes', () => {
  it('is read back as the very bytes, zeros and high ones included', () => {
    const bytes = Uint8Array.from({ length: 120 }, (_, index) => (index * 91) & 255);
    expect(readImage(photograph(qrPath(bytes), 4))).toEqual(bytes);
  });

  it('has a quiet edge of whole modules on every side', () => {
    const { size, path } = qrPath(bytesOf('skerry'));
    const modules = encodeQR('skerry', 'raw', { ecc: 'medium', encoding: 'byte', border: 1 }).length - 2;
    expect(size).toBe(modules + 2 * QUIET);
    const xs = [...path.matchAll(/M(\d+) (\d+)h(\d+)/g)].map(([, x, y, width]) => ({
      left: Number(x),
      right: Number(x) + Number(width),
      y: Number(y),
    }));
    expect(Math.min(...xs.map(({ left }) => left))).toBe(QUIET);
    expect(Math.max(...xs.map(({ right }) => right))).toBe(size - QUIET);
    expect(Math.min(...xs.map(({ y }) => y))).toBe(QUIET);
  });

  it('is nothing where a picture holds none', () => {
    const data = new Uint8ClampedArray(100 * 100 * 4).fill(255);
    expect(readImage({ width: 100, height: 100, data })).toBeUndefined();
    expect(latin1(bytesOf('ÿ\0a'))).toBe('ÿ\0a');
  });
});
