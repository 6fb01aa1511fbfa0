import { emoji as oneEmoji } from '@skerry/protocol';
import { describe, expect, it } from 'vitest';
import { EMOJI } from './emoji-data.ts';
import { afterUse, inTone, searchEmoji } from './emoji-search.ts';

const first = (typed: string): string | undefined => searchEmoji(EMOJI, typed)[0]?.emoji;

describe('searchEmoji', () => {
  it('finds by short code, by name and by what it is about', () => {
    expect(first('thumbsup')).toBe('👍');
    expect(first(':wave:')).toBe('👋');
    expect(first('grinning face')).toBe('😀');
    expect(searchEmoji(EMOJI, 'red heart').map(({ emoji }) => emoji)).toContain('❤️');
  });

  it('finds nothing for nothing and for nonsense', () => {
    expect(searchEmoji(EMOJI, ' ')).toEqual([]);
    expect(searchEmoji(EMOJI, 'qqqqq')).toEqual([]);
  });
});

describe('the emoji', () => {
  it('are each one that a server takes as a reaction', () => {
    const refused = EMOJI.flatMap((one) => [one.emoji, ...one.skins]).filter((one) => !oneEmoji.safeParse(one).success);
    expect(refused).toEqual([]);
    expect(EMOJI.length).toBeGreaterThan(1500);
  });

  it('come in skin tones where they have any', () => {
    const wave = EMOJI.find(({ codes }) => codes.includes('wave'));
    const heart = EMOJI.find(({ codes }) => codes.includes('heart'));
    expect([wave && inTone(wave, 0), wave && inTone(wave, 5), heart && inTone(heart, 3)]).toEqual(['👋', '👋🏿', '❤️']);
  });
});

describe('afterUse', () => {
  it('puts the newest first, each once, and keeps only so many', () => {
    expect(afterUse(['a', 'b', 'c'], 'b')).toEqual(['b', 'a', 'c']);
    expect(afterUse(['a', 'b'], 'c', 2)).toEqual(['c', 'a']);
  });
});
