import { createKyberKeyPair } from './kyber.ts';
import type { Random } from '../ports.ts';
import type { Change } from './stores.ts';
import { PREKEYS } from './device.ts';
import type { Device } from './device.ts';
import { loadOwnIdentity, ownIdentityChange, PREKEY_IDS } from './identity.ts';
import type { OwnIdentity } from './identity.ts';
import { createKeyPair, keyPairBy, SECRET_KEY_LENGTH } from './keys.ts';
import { encodeKyberPreKey, encodePreKey, encodeSignedPreKey, loadKyberPreKey, loadSignedPreKey } from './prekeys.ts';
import type { KyberPreKeyRecord, SignedPreKeyRecord } from './prekeys.ts';
import { signXeddsa } from './xeddsa.ts';

const DAY_MS = 86_400_000;
const ROTATE_AFTER_MS = 7 * DAY_MS;
const KEEP_REPLACED_MS = 30 * DAY_MS;
export const FULL_STOCK = 100;
export const REFILL_BELOW = 20;
/** One-time prekeys held at most: a server that always says "none left" must not fill the disk. */
const MAX_ONE_TIME = 1000;
const ROTATE_AFTER_USES = 1000;

/** What the server has of this device. */
export type OnServer = {
  readonly oneTime: number;
  readonly signedPreKeyId: number | undefined;
  readonly kyberPreKeyId: number | undefined;
};

export type PublicPreKey = { readonly id: number; readonly publicKey: Uint8Array };
export type SignedPublicPreKey = PublicPreKey & { readonly signature: Uint8Array };

/** What the server lacks. Secrets are saved before this exists. */
export type Publication = {
  readonly identityKey: Uint8Array;
  readonly registrationId: number;
  readonly signedPreKey: SignedPublicPreKey | undefined;
  readonly kyberPreKey: SignedPublicPreKey | undefined;
  readonly preKeys: readonly PublicPreKey[];
};

/**
 * Keeps the prekeys in order: one-time ones refilled, signed and Kyber ones replaced weekly, replaced ones dropped
 * after 30 days. Safe to run at any time and again after a crash: what the server lacks is offered until it has it.
 * @returns what to publish, or undefined when the server has everything
 * @throws CryptoError `no_identity`
 */
export async function upkeepPreKeys(device: Device, onServer: OnServer): Promise<Publication | undefined> {
  const { stores, exclusive, curve, random, clock } = device;
  return exclusive.run(PREKEYS, async () => {
    const own = await loadOwnIdentity(stores.identity);
    const signed = await loadAll(await stores.signedPreKeys.ids(), (id) => loadSignedPreKey(stores, id));
    const kyber = await loadAll(await stores.kyberPreKeys.ids(), (id) => loadKyberPreKey(stores, id));
    const now = clock.now();
    const ids = idsFrom(own);
    const changes: Change[] = [];

    const signedPlan = planRotation(signed, now);
    let newestSigned = signedPlan.newest;
    if (newestSigned === undefined) {
      newestSigned = { id: ids.next(), record: createSignedPreKey(own, { random, now }) };
      changes.push({ store: 'signedPreKey', id: newestSigned.id, record: encodeSignedPreKey(newestSigned.record) });
    }
    const kyberPlan = planRotation(kyber, now);
    let newestKyber = kyberPlan.newest;
    if (newestKyber === undefined || newestKyber.record.uses.length >= ROTATE_AFTER_USES) {
      newestKyber = { id: ids.next(), record: createKyberPreKey(own, { random, now }) };
      changes.push({ store: 'kyberPreKey', id: newestKyber.id, record: encodeKyberPreKey(newestKyber.record) });
    }
    const lacking = onServer.oneTime < REFILL_BELOW ? FULL_STOCK - Math.max(0, onServer.oneTime) : 0;
    const preKeys = await Promise.all(Array.from({ length: lacking }, createPreKey));
    const surplus = (await stores.preKeys.ids()).slice(0, -(MAX_ONE_TIME - preKeys.length));
    for (const id of signedPlan.drop) changes.push({ store: 'signedPreKey', id, record: undefined });
    for (const id of kyberPlan.drop) changes.push({ store: 'kyberPreKey', id, record: undefined });
    for (const id of surplus) changes.push({ store: 'preKey', id, record: undefined });

    if (changes.length > 0) await stores.commit([...changes, ownIdentityChange(own)]);
    const signedPreKey = onServer.signedPreKeyId === newestSigned.id ? undefined : publicPart(newestSigned);
    const kyberPreKey = onServer.kyberPreKeyId === newestKyber.id ? undefined : publicPart(newestKyber);
    if (signedPreKey === undefined && kyberPreKey === undefined && preKeys.length === 0) return undefined;
    return {
      identityKey: own.publicKey,
      registrationId: own.registrationId,
      signedPreKey,
      kyberPreKey,
      preKeys,
    };

    async function createPreKey(): Promise<PublicPreKey> {
      const id = ids.next();
      const pair = await keyPairBy(curve, random.bytes(SECRET_KEY_LENGTH));
      changes.push({ store: 'preKey', id, record: encodePreKey(pair) });
      return { id, publicKey: pair.publicKey };
    }
  });
}

type Dated<T> = { readonly id: number; readonly record: T };

/**
 * Which key still serves, and which ones are old enough to go. A key goes 30 days after its successor was made, so
 * that whoever fetched it in its last moment had that long to use it.
 */
export function planRotation<T extends { createdAt: number }>(
  keys: readonly Dated<T>[],
  now: number,
): { newest: Dated<T> | undefined; drop: readonly number[] } {
  const byAge = [...keys].sort((a, b) => b.record.createdAt - a.record.createdAt);
  const drop = byAge.filter((_, i) => {
    const successor = byAge[i - 1];
    return successor !== undefined && now - successor.record.createdAt > KEEP_REPLACED_MS;
  });
  const [newest] = byAge;
  const serves = newest !== undefined && now - newest.record.createdAt < ROTATE_AFTER_MS;
  return { newest: serves ? newest : undefined, drop: drop.map(({ id }) => id) };
}

function createSignedPreKey(own: OwnIdentity, at: { random: Random; now: number }): SignedPreKeyRecord {
  const pair = createKeyPair(at.random);
  return { ...pair, signature: signXeddsa(own.secret, pair.publicKey, at.random), createdAt: at.now };
}

function createKyberPreKey(own: OwnIdentity, at: { random: Random; now: number }): KyberPreKeyRecord {
  const pair = createKyberKeyPair(at.random);
  return { ...pair, signature: signXeddsa(own.secret, pair.publicKey, at.random), createdAt: at.now, uses: [] };
}

/** Ids run on and are not used again for sixteen million keys, so a late message never meets another key. */
function idsFrom(own: OwnIdentity): { next(): number } {
  return {
    next() {
      const id = own.nextPreKeyId;
      own.nextPreKeyId = (id % PREKEY_IDS) + 1;
      return id;
    },
  };
}

async function loadAll<T>(ids: readonly number[], load: (id: number) => Promise<T>): Promise<Dated<T>[]> {
  return Promise.all(ids.map(async (id) => ({ id, record: await load(id) })));
}

function publicPart({ id, record }: Dated<SignedPreKeyRecord | KyberPreKeyRecord>): SignedPublicPreKey {
  return { id, publicKey: record.publicKey, signature: record.signature };
}
