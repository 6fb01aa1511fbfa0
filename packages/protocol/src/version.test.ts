import { expect, test } from 'vitest';
import { negotiate } from './version.ts';

test.each([
  [
    { min: 1, max: 3 },
    { min: 2, max: 5 },
    { ok: true, version: 3 },
  ],
  [
    { min: 2, max: 5 },
    { min: 1, max: 3 },
    { ok: true, version: 3 },
  ],
  [
    { min: 1, max: 1 },
    { min: 2, max: 3 },
    { ok: false, older: 'client' },
  ],
  [
    { min: 4, max: 5 },
    { min: 2, max: 3 },
    { ok: false, older: 'server' },
  ],
])('P-3: %o and %o agree on %o', (client, server, expected) => {
  expect(negotiate(client, server)).toEqual(expected);
});
