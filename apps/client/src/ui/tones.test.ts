import { describe, expect, it } from 'vitest';
import { initials, personTone, SERVER_TONES, serverTone } from './tones.ts';

/** WCAG contrast of white with a colour written as #rrggbb. */
function contrastWithWhite(colour: string): number {
  const channels = [1, 3, 5].map((start) => parseInt(colour.slice(start, start + 2), 16) / 255);
  const [red = 0, green = 0, blue = 0] = channels.map((value) =>
    value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4,
  );
  return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05);
}

describe('colours of servers and people', () => {
  it('carry white text at 4.5 to 1 or better, even at the lighter end', () => {
    for (const tone of SERVER_TONES) expect([tone.id, contrastWithWhite(tone.from) >= 4.5]).toEqual([tone.id, true]);
    for (let index = 0; index < 200; index += 1)
      expect(contrastWithWhite(personTone(`person ${index}`).from)).toBeGreaterThanOrEqual(5);
  });

  it('are the same for the same id, and spread over all', () => {
    expect(personTone('ada')).toBe(personTone('ada'));
    expect(new Set(Array.from({ length: 200 }, (_, index) => personTone(`id-${index}`).id)).size).toBe(8);
  });

  it('exist for any number', () => {
    expect([0, 7, 8, -1, 2 ** 40, 3.7, Number.NaN].map((seed) => serverTone(seed).id)).toEqual([
      'blue',
      'pink',
      'blue',
      'slate',
      'blue',
      'green',
      'blue',
    ]);
  });
});

describe('the letters for a name', () => {
  it('are the first of the first and the last word', () => {
    expect(['Ada Brandt', 'dora', 'a.brandt', 'Eve van Dam', '  ', '🐙 Octo', '👩‍👩‍👧 x'].map(initials)).toEqual([
      'AB',
      'D',
      'AB',
      'ED',
      '?',
      '🐙O',
      '👩‍👩‍👧X',
    ]);
  });
});
