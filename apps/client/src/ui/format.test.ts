import { describe, expect, it, vi } from 'vitest';
import { displayLocale, usesTwelveHours } from '../i18n/locale.ts';
import { bytes } from './bytes.ts';
import { age, cappedCount, clock, countdown, dayLabel, latency, listOf, since } from './format.ts';

vi.hoisted(() => {
  Object.defineProperty(navigator, 'language', { configurable: true, value: 'en-GB' });
  Object.defineProperty(navigator, 'languages', { configurable: true, value: ['en-GB'] });
});

const at = (day: number, hour: number, minute = 0): number => new Date(2026, 10, day, hour, minute).getTime();
const NOW = at(20, 10, 4);

describe('times as a person reads them', () => {
  it('are ages in a list', () => {
    const ages = [NOW + 5000, NOW - 59_000, NOW - 3 * 60_000, at(20, 7), at(19, 23, 30), at(19, 9), at(17, 9)];
    expect(ages.map((moment) => age(moment, NOW))).toEqual([
      'now',
      'now',
      '3 min',
      '3 h',
      '10 h',
      'yesterday',
      '17 Nov',
    ]);
  });

  it('are days over a conversation', () => {
    expect([at(20, 0), at(19, 23, 59), at(16, 12)].map((moment) => dayLabel(moment, NOW).replace(',', ''))).toEqual([
      'Today',
      'Yesterday',
      'Monday 16 November',
    ]);
    expect(dayLabel(new Date(2024, 2, 3).getTime(), NOW)).toBe('3 March 2024');
    // A server whose clock runs ahead must not produce nonsense.
    expect(dayLabel(new Date(2031, 2, 3).getTime(), NOW)).toBe('3 March 2031');
  });

  it('say since when', () => {
    expect([since(at(20, 8, 12), NOW), since(at(19, 8, 12), NOW), since(at(3, 8, 12), NOW)]).toEqual([
      clock(at(20, 8, 12)),
      `yesterday, ${clock(at(20, 8, 12))}`,
      `3 Nov, ${clock(at(20, 8, 12))}`,
    ]);
  });

  it('count down and stop at zero', () => {
    expect([12_000, 11_001, 0, -5000, 89_000, 90_001, 300_000].map(countdown)).toEqual([
      '12 s',
      '12 s',
      '0 s',
      '0 s',
      '89 s',
      '2 min',
      '5 min',
    ]);
  });
});

describe('numbers as a person reads them', () => {
  it('are short', () => {
    expect([0, 1, 99, 100, 5000].map(cappedCount)).toEqual(['0', '1', '99', '99+', '99+']);
    expect([0.2, 17.6].map(latency)).toEqual(['1 ms', '18 ms']);
    expect([0, 999, 1000, 1_540_000, 31_400_000, 2_000_000_000].map((size) => bytes(size).replace(/\s/g, ' '))).toEqual(
      ['0 byte', '999 byte', '1 kB', '1.5 MB', '31 MB', '2 GB'],
    );
    expect([[], ['Anna'], ['Anna', 'Ben'], ['Anna', 'Ben', 'Cem']].map(listOf)).toEqual([
      '',
      'Anna',
      'Anna and Ben',
      'Anna, Ben and Cem',
    ]);
  });
});

describe('the locale of dates', () => {
  it('is of the language of the words, in the region of the person where that fits', () => {
    expect([displayLocale(['de-DE', 'en-US']), displayLocale(['de-DE']), displayLocale(['en'])]).toEqual([
      'en-US',
      'en-GB',
      'en',
    ]);
    expect([usesTwelveHours('en-US'), usesTwelveHours('de-DE')]).toEqual([true, false]);
  });
});
