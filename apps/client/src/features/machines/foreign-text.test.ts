import { describe, expect, it } from 'vitest';
import { parseMessage } from '../../ui/markdown/parse.ts';
import { below } from './folder-path.ts';
import { inert } from './inert.ts';
import { placeOf, pathOf, type Place } from './places.ts';
import { printed } from './printed.ts';
import type { EntryId } from '@skerry/core';

describe('what an agent wrote', () => {
  it('has nothing in it that acts: links are words with their address, mentions are text (T17)', () => {
    const text =
      'See [the docs](https://evil.example/a) and <@0190a0a0-0000-7000-8000-000000000001>\n> https://b.example';
    const shown = JSON.stringify(inert(parseMessage(text).blocks));
    expect(shown).not.toMatch(/"kind":"(link|mention)"/);
    expect(shown).toContain('(https://evil.example/a)');
    expect(shown).toContain('<@0190a0a0-0000-7000-8000-000000000001>');
    expect(shown.match(/b\.example/g)).toHaveLength(1);
  });
});

describe('what a program printed', () => {
  it('loses colours, titles and movements, and of an overwritten line keeps what stood last', () => {
    expect(printed('\u001b[32m99 passed\u001b[0m in 2 files\n')).toBe('99 passed in 2 files');
    expect(printed('\u001b]0;owned\u0007a\u001b[2K\u001b[1Gb')).toBe('ab');
    expect(printed(' 10 %\r 60 %\r100 %\r\nnext\r\n\n')).toBe('100 %\nnext');
    expect(printed('a\u202eb\u0008')).toBe('ab');
  });

  it('is read in a time that grows with its length alone', () => {
    const started = performance.now();
    printed(`${'\r'.repeat(40_000)}x\n${'\n'.repeat(40_000)}x${'\u001b['.repeat(20_000)}`);
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});

describe('places', () => {
  const entry = 'home' as EntryId;
  it.each<Place>([
    { at: 'overview' },
    { at: 'new', machine: undefined },
    { at: 'new', machine: { entry, machine: 7 } },
    { at: 'machine', machine: { entry, machine: 7 } },
    { at: 'run', run: { entry, run: 'a/b c' } },
  ])('are read back from their address: %o', (place) => {
    expect(placeOf(pathOf(place))).toEqual(place);
  });

  it('that nobody made are nowhere', () => {
    for (const path of [
      ['run'],
      ['run', 'home'],
      ['machine', 'home', 'x'],
      ['machine', 'home', '-1'],
      ['other'],
      ['run', 'a', 'b', 'c'],
    ])
      expect(placeOf(path)).toBeUndefined();
  });
});

it('a folder inside another is named by the separator of its machine', () => {
  expect(below('/people/ada', 'code')).toBe('/people/ada/code');
  expect(below('/', 'etc')).toBe('/etc');
  expect(below(String.raw`C:\Users`, 'ada')).toBe(String.raw`C:\Users\ada`);
});
