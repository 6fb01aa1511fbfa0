import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromPhrase, PHRASE_WORDS, readPhrase, toPhrase } from './phrase.ts';

const master = fc.uint8Array({ minLength: 32, maxLength: 32 });

test('24 words bring back the secret, however they are typed', () => {
  fc.assert(
    fc.property(master, (secret) => {
      const phrase = toPhrase(secret);
      expect(phrase.split(' ')).toHaveLength(PHRASE_WORDS);
      expect(fromPhrase(phrase)).toEqual(secret);
      expect(fromPhrase(`  ${phrase.toUpperCase().replaceAll(' ', ' \n\t ')} `)).toEqual(secret);
    }),
  );
});

test('is BIP 39: its published phrases', () => {
  expect(toPhrase(new Uint8Array(32))).toBe(`${'abandon '.repeat(23)}art`);
  expect(toPhrase(new Uint8Array(32).fill(0x7f))).toBe(
    'legal winner thank year wave sausage worth useful legal winner thank year wave sausage worth useful legal winner thank year wave sausage worth title',
  );
  expect(toPhrase(new Uint8Array(32).fill(0xff))).toBe(`${'zoo '.repeat(23)}vote`);
});

test('says what is wrong with a phrase', () => {
  const words = toPhrase(new Uint8Array(32)).split(' ');
  const faultOf = (list: string[]) => {
    const reading = readPhrase(list.join(' '));
    return reading.ok ? 'none' : reading.fault;
  };
  expect(faultOf(words.slice(1))).toEqual({ kind: 'count', words: 23 });
  expect(faultOf([])).toEqual({ kind: 'count', words: 0 });
  expect(faultOf(words.map((word, i) => (i === 4 ? 'skerry' : word)))).toEqual({ kind: 'unknown_word', position: 5 });
  expect(faultOf(words.map((word, i) => (i === 4 ? 'zoo' : word)))).toEqual({ kind: 'checksum' });
  expect(() => fromPhrase('abandon')).toThrow(expect.objectContaining({ code: 'phrase_wrong' }));
});

test('notices most swapped words', () => {
  let noticed = 0;
  fc.assert(
    fc.property(master, (secret) => {
      const [a = '', b = '', ...rest] = toPhrase(secret).split(' ');
      if (!readPhrase([b, a, ...rest].join(' ')).ok) noticed += 1;
    }),
    { numRuns: 100 },
  );
  expect(noticed).toBeGreaterThan(90);
});

test('only a whole secret has a phrase', () => {
  expect(() => toPhrase(new Uint8Array(16))).toThrow(expect.objectContaining({ code: 'malformed' }));
});
