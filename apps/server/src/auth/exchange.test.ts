import { describe, expect, it } from 'vitest';
import { secretCode } from '@skerry/protocol';
import { EXCHANGE_MS, mintExchangeCode, readExchangeCode } from './exchange.ts';

const key = 'k'.repeat(43);
const serverId = '01890000-0000-7000-8000-000000000001';
const now = 1_700_000_000_000;
const mint = () => mintExchangeCode({ serverId, username: 'ada', key, now });
const invalid = expect.objectContaining({ code: 'code_invalid' });

describe('a one-time code', () => {
  it('says who, once, for a short time', () => {
    const code = mint();
    expect(secretCode.safeParse(code).success).toBe(true);
    expect(readExchangeCode(code, { serverId, key, now })).toEqual({
      serverId,
      username: 'ada',
      nonce: expect.any(String),
      exp: now + EXCHANGE_MS,
    });
    expect(readExchangeCode(mint(), { serverId, key, now }).nonce).not.toBe(
      readExchangeCode(code, { serverId, key, now }).nonce,
    );
  });

  it('is refused late, early, at another server and under another key', () => {
    const code = mint();
    expect(() => readExchangeCode(code, { serverId, key, now: now + EXCHANGE_MS })).toThrow(invalid);
    expect(() => readExchangeCode(code, { serverId, key, now: now - 1 })).toThrow(invalid);
    expect(() => readExchangeCode(code, { serverId: serverId.replace('1', '2'), key, now })).toThrow(invalid);
    expect(() => readExchangeCode(code, { serverId, key: 'x'.repeat(43), now })).toThrow(invalid);
  });

  it('is refused when any letter of it is changed', () => {
    const code = mint();
    for (let at = 0; at < code.length; at++) {
      const changed = code.slice(0, at) + (code[at] === 'A' ? 'B' : 'A') + code.slice(at + 1);
      expect(() => readExchangeCode(changed, { serverId, key, now }), changed).toThrow(invalid);
    }
    for (const nonsense of ['', '.', 'a.b', `${code}.x`, code.replace('.', '')])
      expect(() => readExchangeCode(nonsense, { serverId, key, now }), nonsense).toThrow(invalid);
  });
});
