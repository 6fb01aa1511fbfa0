import { token, type SessionId } from '@skerry/protocol';
import { describe, expect, it } from 'vitest';
import {
  mintRefreshToken,
  mintToken,
  mintTypedCode,
  normaliseTypedCode,
  sessionOfRefreshToken,
  successorOf,
} from './secrets.ts';

const SESSION = '01890000-0000-7000-8000-00000000abcd' as SessionId;

describe('tokens and codes', () => {
  it('have the shape the protocol gives them, and never come twice', () => {
    const minted = Array.from({ length: 100 }, () => [mintToken(), mintRefreshToken(SESSION)]).flat();
    expect(minted.every((value) => token.safeParse(value).success)).toBe(true);
    expect(new Set(minted).size).toBe(200);
  });

  it('of a refresh token the session can be read, also of its successor', () => {
    const first = mintRefreshToken(SESSION);
    const next = successorOf(first, SESSION, Buffer.alloc(32, 1));
    expect([sessionOfRefreshToken(first), sessionOfRefreshToken(next)]).toEqual([SESSION, SESSION]);
    expect(sessionOfRefreshToken('short')).toBeUndefined();
  });

  it('a refresh token has one successor under one key', () => {
    const first = mintRefreshToken(SESSION);
    const key = Buffer.alloc(32, 1);
    expect(successorOf(first, SESSION, key)).toBe(successorOf(first, SESSION, key));
    expect(successorOf(first, SESSION, key)).not.toBe(successorOf(first, SESSION, Buffer.alloc(32, 2)));
    expect(successorOf(mintRefreshToken(SESSION), SESSION, key)).not.toBe(successorOf(first, SESSION, key));
  });

  it('a typed code is found again however it was typed', () => {
    const code = mintTypedCode();
    expect(code).toMatch(/^[2-9A-HJ-NP-Z]{4}(?:-[2-9A-HJ-NP-Z]{4}){3}$/);
    expect([normaliseTypedCode(code.toLowerCase()), normaliseTypedCode(code.replaceAll('-', ''))]).toEqual([
      code,
      code,
    ]);
    const invite = mintToken();
    expect(normaliseTypedCode(invite)).toBe(invite);
  });
});
