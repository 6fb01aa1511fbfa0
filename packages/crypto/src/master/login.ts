import { ed25519 } from '@noble/curves/ed25519.js';
import { lengthPrefixed, toBase64Url } from '../bytes.ts';
import { CryptoError } from '../errors.ts';
import { verifyBytes } from '../identity/sign.ts';
import type { Clock, Curve } from '../ports.ts';
import type { KeyPair } from './account-keys.ts';

/** A login challenge lives this long, in milliseconds. */
export const LOGIN_LIFETIME_MS = 60_000;

export type LoginChallenge = {
  readonly serverId: string;
  /** The origin the client dialled, so that a signature made for one server is worth nothing at another. */
  readonly origin: string;
  /** Made by the server, used once. A client never chooses it. */
  readonly nonce: string;
  /** Unix milliseconds. */
  readonly expiry: number;
};

/** The bytes a login signature covers. Every field is text, so that whoever checks it needs no second encoding. */
export function encodeLogin(challenge: LoginChallenge, publicKey: Uint8Array): Uint8Array {
  const { serverId, origin, nonce, expiry } = challenge;
  return lengthPrefixed('skerry/login/1', serverId, origin, nonce, String(expiry), toBase64Url(publicKey));
}

/** @throws CryptoError `expired` when the challenge is over; nothing is signed then */
export function signLogin(challenge: LoginChallenge, sign: KeyPair, clock: Clock): Uint8Array {
  if (!isCurrent(challenge, clock)) throw new CryptoError('expired');
  return ed25519.sign(encodeLogin(challenge, sign.publicKey), sign.secret);
}

/** Whether the holder of the key answered this challenge in time. That its nonce is used once is the caller's part. */
export async function verifyLogin(
  answer: { challenge: LoginChallenge; publicKey: Uint8Array; signature: Uint8Array },
  deps: { curve: Curve; clock: Clock },
): Promise<boolean> {
  const { challenge, publicKey, signature } = answer;
  if (!isCurrent(challenge, deps.clock)) return false;
  return verifyBytes({ bytes: encodeLogin(challenge, publicKey), signature, publicKey }, deps.curve);
}

function isCurrent({ expiry }: LoginChallenge, clock: Clock): boolean {
  return Number.isSafeInteger(expiry) && expiry > clock.now();
}
