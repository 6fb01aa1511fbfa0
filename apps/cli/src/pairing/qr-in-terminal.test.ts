import decodeQR from 'qr/decode.js';
import { describe, expect, it } from 'vitest';
import { qrInTerminal } from './qr-in-terminal.ts';

const SCALE = 4;

/** The characters as a camera sees them on a dark screen: two squares each, one above the other. */
function seen(text: string): { width: number; height: number; data: Uint8ClampedArray } {
  const lines = text.split('\n');
  const rows = lines.flatMap((line) =>
    ['█▀', '█▄'].map((lit) => [...line].map((character) => lit.includes(character))),
  );
  const [height, width] = [rows.length * SCALE, (rows[0]?.length ?? 0) * SCALE];
  const data = new Uint8ClampedArray(width * height * 4);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      data.fill(
        rows[Math.floor(y / SCALE)]?.[Math.floor(x / SCALE)] === true ? 255 : 0,
        (y * width + x) * 4,
        (y * width + x) * 4 + 4,
      );
  return { width, height, data };
}

describe('a code in a terminal', () => {
  it('is read by a camera, every line as wide as the next and narrow enough for a small window', () => {
    const part = 'q'.repeat(43);
    const link = `https://chat.example.org:4400/l/terminal#key=${part}&commit=${part}&server=https%3A%2F%2Fchat.example.org%3A4400&fp=${part}`;
    const code = qrInTerminal(link);
    expect(decodeQR(seen(code))).toBe(link);
    const widths = new Set(code.split('\n').map((line) => [...line].length));
    expect(widths.size).toBe(1);
    expect(Math.max(...widths)).toBeLessThan(80);
  });
});
