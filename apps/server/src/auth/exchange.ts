import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { fromBase64Url, SkerryError, toBase64Url } from '@skerry/protocol';

/** How long a one-time code works, in milliseconds. */
export const EXCHANGE_MS = 2 * 60_000;

export type ExchangeClaim = {
  readonly serverId: string;
  readonly username: string;
  readonly nonce: string;
  /** Unix milliseconds. */
  readonly exp: number;
};

type ForWhom = { serverId: string; username: string; key: string; now: number };

/** A code that signs one person in, once, on this machine. Made by a program that shares `key` with the server. */
export function mintExchangeCode({ serverId, username, key, now }: ForWhom): string {
  const body: ExchangeClaim = { serverId, username, nonce: toBase64Url(randomBytes(16)), exp: now + EXCHANGE_MS };
  const payload = toBase64Url(new TextEncoder().encode(JSON.stringify(body)));
  return `${payload}.${toBase64Url(seal(payload, key))}`;
}

/**
 * Checks who made the code, for which server, and until when. That it is used once is the database's to see.
 * @throws SkerryError code_invalid
 */
export function readExchangeCode(
  code: string,
  expected: { serverId: string; key: string; now: number },
): ExchangeClaim {
  const [payload = '', signature = '', ...rest] = code.split('.');
  const given = fromBase64Url(signature);
  if (rest.length > 0 || given?.length !== 32 || !timingSafeEqual(given, seal(payload, expected.key)))
    throw new SkerryError('code_invalid');
  // Whoever holds the key wrote this; only its place and time are left to check.
  const claim = JSON.parse(new TextDecoder().decode(fromBase64Url(payload))) as ExchangeClaim;
  if (claim.serverId !== expected.serverId) throw new SkerryError('code_invalid');
  // A code from the far future was made by a clock that this one does not share.
  if (claim.exp <= expected.now || claim.exp > expected.now + EXCHANGE_MS) throw new SkerryError('code_invalid');
  return claim;
}

function seal(payload: string, key: string): Buffer {
  return createHmac('sha256', fromBase64Url(key) ?? '')
    .update(`skerry/exchange/1.${payload}`)
    .digest();
}
