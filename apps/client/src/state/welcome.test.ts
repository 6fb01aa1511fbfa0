import { describe, expect, it } from 'vitest';
import { readSignIns } from './welcome.ts';

const good = {
  origin: 'http://127.0.0.1:4401',
  serverId: '0190a0a0-0000-7000-8000-000000000001',
  key: 'A'.repeat(43),
  username: 'ada',
  code: 'abcdefgh.12345678',
};

describe('readSignIns', () => {
  it('takes what is well formed and leaves out the rest', () => {
    const bad = [
      null,
      3,
      [],
      { ...good, serverId: 'x' },
      { ...good, username: 'A b' },
      { ...good, code: 'a b' },
      { ...good, origin: 5 },
      { ...good, key: 'A' },
    ];
    expect(readSignIns([good, ...bad])).toEqual([good]);
  });

  it('takes nothing from anything but a list, and only so many', () => {
    expect([readSignIns({}), readSignIns(null), readSignIns('x')]).toEqual([[], [], []]);
    expect(readSignIns(Array.from({ length: 40 }, () => good))).toHaveLength(16);
  });
});
