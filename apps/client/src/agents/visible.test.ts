import { describe, expect, it } from 'vitest';
import { commandLine, textOf, visible } from './visible.ts';

const ODD = [
  '',
  ' ',
  '\n',
  '\t',
  '\\',
  "'",
  '"',
  '$',
  '`',
  '\u001b',
  '\r',
  '\u202e',
  '\u200b',
  '\u{e0041}',
  'é',
  '😀',
  'a',
  '0',
  'n',
];

/** Reads a line as bash does, so far as the line uses what bash knows. Written apart from what writes it. */
function readLine(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let at = 0;
  while (at < line.length) {
    const rest = line.slice(at);
    if (rest.startsWith(' ')) {
      if (word !== undefined) words.push(word);
      word = undefined;
      at += 1;
    } else if (rest.startsWith("$'")) {
      const body = /^\$'((?:[^'\\]|\\[^])*)'/.exec(rest);
      if (body === null) throw new Error(`open quote: ${rest}`);
      word =
        (word ?? '') +
        (body[1] ?? '').replaceAll(/\\(u[0-9a-f]{4}|U[0-9a-f]{8}|[^])/g, (_, what: string) => {
          if (what === 'n') return '\n';
          if (what === 't') return '\t';
          return what.length > 1 ? String.fromCodePoint(parseInt(what.slice(1), 16)) : what;
        });
      at += body[0].length;
    } else if (rest.startsWith("'")) {
      const end = rest.indexOf("'", 1);
      word = (word ?? '') + rest.slice(1, end);
      at += end + 1;
    } else {
      const from = rest.startsWith('\\') ? 1 : 0;
      word = (word ?? '') + rest.charAt(from);
      at += from + 1;
    }
  }
  return word === undefined ? words : [...words, word];
}

let seed = 7;
const random = (below: number): number => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) % below;
const oddWord = (): string => Array.from({ length: random(6) }, () => ODD[random(ODD.length)] ?? '').join('');

describe('a command as it is shown', () => {
  it('is read by a shell as exactly the words that would run, whatever is in them (T18)', () => {
    for (let turn = 0; turn < 3_000; turn += 1) {
      const words = Array.from({ length: 1 + random(4) }, oddWord);
      const line = textOf(commandLine(words));
      expect(readLine(line)).toEqual(words);
      expect(line).toMatch(/^[^\p{C}\u2028\u2029]*$/u);
    }
  });

  it('leaves plain words alone, and quotes what would be taken apart (T18)', () => {
    expect(textOf(commandLine(['pnpm', 'db:migrate', '--env', 'staging']))).toBe('pnpm db:migrate --env staging');
    expect(textOf(commandLine(['sh', '-c', 'rm -rf "$HOME"']))).toBe(`sh -c 'rm -rf "$HOME"'`);
    expect(textOf(commandLine(['echo', 'a\u001b[2Kb']))).toBe(String.raw`echo $'a\u001b[2Kb'`);
  });

  it('tells a real line break from a written one (T18)', () => {
    expect(visible('a\nb').map(({ isEscape }) => isEscape)).toEqual([false, true, false]);
    expect(visible(String.raw`a\nb`).some(({ isEscape }) => isEscape)).toBe(false);
  });
});
