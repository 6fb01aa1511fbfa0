import { WORD_LIST } from '@skerry/protocol/words';
import { describe, expect, it } from 'vitest';
import { placesToAsk, WordsInput, wordsOf } from './words-input.svelte.ts';

const all = Array.from({ length: 24 }, (_one, at) => at + 1);
const phrase = WORD_LIST.slice(0, 24);
const fresh = (): WordsInput => new WordsInput(all, WORD_LIST);

describe('fields for the 24 words', () => {
  it('take the whole phrase wherever it is pasted, with numbers, commas, capitals and line breaks', () => {
    for (const text of [
      phrase.join(' '),
      phrase.map((word, at) => `${at + 1}. ${word.toUpperCase()}`).join('\n'),
      `  ${phrase.join(', ')}  `,
    ]) {
      const input = fresh();
      input.type(7, text);
      expect([input.text, input.isFull, input.firstUnknown]).toEqual([phrase.join(' '), true, undefined]);
    }
  });

  it('put some words from where they were pasted, and refuse more than fit without losing what is there', () => {
    const input = fresh();
    input.type(0, 'zoo');
    expect(input.type(1, 'abandon ability able')).toBe(4);
    expect(input.values.slice(0, 5)).toEqual(['zoo', 'abandon', 'ability', 'able', '']);
    input.type(20, 'one two three four five');
    expect([input.overflow, input.values[0], input.filled]).toEqual([5, 'zoo', 4]);
    input.type(4, 'about');
    expect(input.overflow).toBeUndefined();
  });

  it('offer words that begin so, and nothing once there is only the word itself', () => {
    const input = fresh();
    input.enter(3);
    input.type(3, 'aban');
    expect(input.suggestions).toEqual(['abandon']);
    expect(input.take(3, 'abandon')).toBe(4);
    expect(input.suggestions).toEqual([]);
    input.enter(4);
    input.type(4, 'a');
    expect(input.suggestions).toHaveLength(6);
  });

  it('complete a word of which four letters are there when it is left, and name one that cannot be', () => {
    const input = fresh();
    input.enter(0);
    input.type(0, 'aban');
    expect(input.isUnknown(0)).toBe(false);
    input.leave(0);
    expect(input.values[0]).toBe('abandon');
    input.enter(5);
    input.type(5, 'harx');
    expect(input.firstUnknown).toBe(5);
    input.type(5, 'har');
    // It may still become "harbor" or "hard".
    expect(input.isUnknown(5)).toBe(false);
    input.leave(5);
    expect(input.isUnknown(5)).toBe(true);
  });

  it('go on to the next field with a space, and never past the last', () => {
    const input = fresh();
    expect(input.type(0, 'zoo ')).toBe(1);
    expect(input.type(23, 'zoo ')).toBe(23);
    input.clear();
    expect([input.filled, input.text]).toEqual([0, '']);
  });
});

describe('the words of a text', () => {
  it('are what stands between spaces, numbers and signs; a combined letter is one with its base', () => {
    expect(wordsOf('1) zoo 2: Zone;3 zero')).toEqual(['zoo', 'zone', 'zero']);
    expect(wordsOf(' \n')).toEqual([]);
  });
});

describe('places to ask for', () => {
  it('are three different ones, ascending, and any may come', () => {
    const seen = new Set<number>();
    for (let seed = 0; seed < 500; seed += 1) {
      let turn = seed;
      const places = placesToAsk(24, (below) => (turn = (turn * 31 + 7) % 9973) % below);
      expect(new Set(places).size).toBe(3);
      expect([...places].sort((a, b) => a - b)).toEqual(places);
      for (const place of places) seen.add(place);
    }
    expect(seen.size).toBe(24);
    expect([Math.min(...seen), Math.max(...seen)]).toEqual([1, 24]);
  });
});
