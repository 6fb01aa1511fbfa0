import { CryptoError, LOGIN_LIFETIME_MS, signLogin } from '@skerry/crypto';
import { ACCOUNT_ROUTES, type KeyProof, type SignedIn, SkerryError, toBase64Url } from '@skerry/protocol';
import type { Api } from '../api/api.ts';
import { LocalError } from '../errors.ts';
import type { PersonSource } from '../identity/person.ts';

export type KeyLogin = {
  readonly api: Api;
  readonly person: PersonSource;
  /** The pinned one, once it has proved itself: a signature is made for no other. */
  readonly serverId: (signal: AbortSignal) => Promise<string>;
  /** Unix milliseconds of the server, measured. */
  readonly serverNow: (signal: AbortSignal) => Promise<number>;
};

/** A challenge that lives longer than this is no challenge but a signature to keep for later. */
const MOST_LIFE_MS = 2 * LOGIN_LIFETIME_MS;
/** Accounts of one person on one server, and moves of a key: so many keys are tried. */
const TRIES = 4;

export type KeyRegistration = {
  readonly username: string;
  readonly displayName: string;
  readonly password: string | null;
  readonly code: string | null;
  readonly device: string;
};

/** Makes an account that is entered by the person's key there. @throws SkerryError */
export async function registerByKey(
  login: KeyLogin,
  registration: KeyRegistration,
  signal: AbortSignal,
): Promise<SignedIn> {
  return eachIndex(login, { passOver: 'key_taken', signal }, async (index) => {
    const proof = await proofOf(login, { index, signal });
    return login.api
      .with(ACCOUNT_ROUTES)
      .call('keyRegister', { body: (origin) => ({ ...registration, proof: proof(origin) }), signal });
  });
}

/** @throws SkerryError `credentials_wrong` when no account there has a key of this person's */
export async function signInByKey(
  login: KeyLogin,
  { device, signal }: { device: string; signal: AbortSignal },
): Promise<SignedIn> {
  return eachIndex(login, { passOver: 'credentials_wrong', signal }, async (index) => {
    const proof = await proofOf(login, { index, signal });
    return login.api
      .with(ACCOUNT_ROUTES)
      .call('keySignIn', { body: (origin) => ({ proof: proof(origin), device }), signal });
  });
}

/** Gives the account that is signed in the person's key. @throws SkerryError `credentials_wrong`, `key_taken` */
export async function addKey(
  login: KeyLogin,
  { password, signal }: { password: string; signal: AbortSignal },
): Promise<void> {
  const index = login.person.indexOf(await login.serverId(signal));
  const proof = await proofOf(login, { index, signal });
  await login.api
    .with(ACCOUNT_ROUTES)
    .call('addKey', { body: (origin) => ({ proof: proof(origin), password }), signal });
}

/** The noted index first, then the others, while the server answers with that code. The one that did is noted. */
async function eachIndex<T>(
  { person, serverId: serverIdOf }: KeyLogin,
  { passOver: code, signal }: { passOver: SkerryError['code']; signal: AbortSignal },
  attempt: (index: number) => Promise<T>,
): Promise<T> {
  const serverId = await serverIdOf(signal);
  const noted = person.indexOf(serverId);
  const others = Array.from({ length: TRIES }, (_, index) => index).filter((index) => index !== noted);
  const indexes = [noted, ...others].slice(0, TRIES);
  for (const index of indexes) {
    try {
      const done = await attempt(index);
      await person.noteIndex(serverId, index);
      return done;
    } catch (error) {
      if (!(error instanceof SkerryError) || error.code !== code || index === indexes.at(-1)) throw error;
    }
  }
  throw new SkerryError(code);
}

/**
 * Answers a challenge of the server: the signature names the pinned server and the origin that is dialled with it, whichever
 * that is. A challenge that is over, or that would hold for long, is not signed. SPEC P-29, T28.
 */
async function proofOf(
  { api, person, serverId: serverIdOf, serverNow }: KeyLogin,
  { index, signal }: { index: number; signal: AbortSignal },
): Promise<(origin: string) => KeyProof> {
  const serverId = await serverIdOf(signal);
  const { sign } = await person.accountKeys(serverId, index);
  const now = await serverNow(signal);
  const { nonce, expiresAt: expiry } = await api.with(ACCOUNT_ROUTES).call('challenge', { signal });
  if (expiry - now > MOST_LIFE_MS)
    throw new LocalError('challenge_invalid', 'This server asks to sign something that would hold for too long.');
  return (origin) => {
    try {
      const signature = signLogin({ serverId, origin, nonce, expiry }, sign, { now: () => now });
      return { publicKey: toBase64Url(sign.publicKey), origin, nonce, expiry, signature: toBase64Url(signature) };
    } catch (error) {
      if (error instanceof CryptoError && error.code === 'expired') throw new SkerryError('challenge_invalid');
      throw error;
    }
  };
}
