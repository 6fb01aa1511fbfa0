import { expect, test } from 'vitest';
import { plainServerName } from './label.ts';

test('T7: a server name loses what shows as nothing or turns the line around', () => {
  for (const letter of ['\u061c', '\u115f', '\u1160', '\u202e', '\u2800', '\u3164', '\uffa0', '\u{e0041}'])
    expect(plainServerName(`a${letter}b`)).toBe('ab');
  expect(plainServerName('\u3164\u2800\u061c')).toBeNull();
});
