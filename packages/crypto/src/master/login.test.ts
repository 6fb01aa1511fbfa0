import { expect, test } from 'vitest';
import { nobleCurve } from '../curve/noble-curve.ts';
import { deriveAccountKeys } from './account-keys.ts';
import { encodeLogin, LOGIN_LIFETIME_MS, signLogin, verifyLogin } from './login.ts';

const { sign } = deriveAccountKeys(new Uint8Array(32).fill(1), { serverId: 'harbour', index: 0 });
const challenge = { serverId: 'harbour', origin: 'https://harbour.example', nonce: 'n-1', expiry: LOGIN_LIFETIME_MS };
const at = (time: number) => ({ now: () => time });
const deps = { curve: nobleCurve, clock: at(1) };
const signature = signLogin(challenge, sign, at(0));
const publicKey = sign.publicKey;

test('the answer to a challenge is accepted', async () => {
  expect(await verifyLogin({ challenge, publicKey, signature }, deps)).toBe(true);
});

test.each([
  ['server', { serverId: 'lighthouse' }],
  ['origin', { origin: 'https://lighthouse.example' }],
  ['nonce', { nonce: 'n-2' }],
  ['expiry', { expiry: LOGIN_LIFETIME_MS + 1 }],
])('it is worth nothing for another %s', async (_, other) => {
  expect(await verifyLogin({ challenge: { ...challenge, ...other }, publicKey, signature }, deps)).toBe(false);
});

test('it is worth nothing for another key', async () => {
  const other = deriveAccountKeys(new Uint8Array(32).fill(2), { serverId: 'harbour', index: 0 }).sign.publicKey;
  expect(await verifyLogin({ challenge, publicKey: other, signature }, deps)).toBe(false);
});

test('when the challenge is over, it is neither accepted nor signed', async () => {
  const over = { curve: nobleCurve, clock: at(LOGIN_LIFETIME_MS) };
  expect(await verifyLogin({ challenge, publicKey, signature }, over)).toBe(false);
  expect(() => signLogin(challenge, sign, over.clock)).toThrow(expect.objectContaining({ code: 'expired' }));
  expect(() => signLogin({ ...challenge, expiry: NaN }, sign, at(0))).toThrow(
    expect.objectContaining({ code: 'expired' }),
  );
});

test('fields that run into each other are not signed as the same', () => {
  const a = encodeLogin({ ...challenge, origin: 'https://a', nonce: 'bc' }, publicKey);
  const b = encodeLogin({ ...challenge, origin: 'https://ab', nonce: 'c' }, publicKey);
  expect(a).not.toEqual(b);
});
