import { expect, test } from 'vitest';
import { isUnsafeName, isUnsafeText, safeName, safeText } from './unsafe-text.ts';

const controls = ['\u0000', '\u0008', '\u000b', '\u001f', '\u007f', '\u0085', '\u009f'];
const turning = ['\u061c', '\u200e', '\u200f', '\u202a', '\u202e', '\u2066', '\u2069'];
const unseen = [
  '\u115f',
  '\u1160',
  '\u2028',
  '\u2029',
  '\u2060',
  '\u2065',
  '\u2800',
  '\u3164',
  '\ufeff',
  '\uffa0',
  '\u{e0041}',
];
const joining = ['\u200b', '\u200c', '\u200d'];

test.each([...controls, ...turning, ...unseen, ...joining, '\t', '\n'])(
  'a name holds nothing that hides, turns the line around or controls a terminal: %j (T7)',
  (letter) => {
    expect(isUnsafeName(`a${letter}b`)).toBe(true);
    expect(safeName(`a${letter}b${letter}`, '_')).toBe('a_b_');
    expect(safeName(`a${letter}b`)).toBe('ab');
  },
);

test.each([...controls, ...turning])(
  'a text neither controls a terminal nor turns a line around: %j (T7)',
  (letter) => {
    expect(isUnsafeText(`a${letter}b`)).toBe(true);
    expect(safeText(`a${letter}b${letter}`)).toBe('ab');
  },
);

test('a text keeps its lines, its tabs and what joins letters and emoji', () => {
  const text = 'one\n\ttwo \u{1f469}\u200d\u{1f4bb} \u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645';
  expect(isUnsafeText(text)).toBe(false);
  expect(safeText(text)).toBe(text);
});

test.each(['Harbour', 'Zoë', '東京', 'Ærø \u{1f6a2}', "O'Neill & Co."])('an honest name is left alone: %s', (name) => {
  expect(isUnsafeName(name)).toBe(false);
  expect(safeName(name)).toBe(name);
});

test('a text of somebody unknown hides nothing from whoever reads it', () => {
  for (const letter of ['\u200b', '\u2060', '\ufeff', '\u{e0041}']) expect(safeText(`a${letter}b`)).toBe('ab');
});
