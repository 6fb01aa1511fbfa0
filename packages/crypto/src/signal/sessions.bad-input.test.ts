import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CryptoErrorCode } from '../errors.ts';
import { CryptoError } from '../errors.ts';
import { createTestDevice } from '../testing/test-device.ts';
import type { TestDevice } from '../testing/test-device.ts';
import type { Bundle } from './initiate.ts';
import { createKeyPair } from './keys.ts';
import { ratchetEncrypt } from './ratchet.ts';
import { readSession } from './session-state.ts';
import type { Envelope } from './sessions.ts';
import { decodePreKeyMessage, encodePreKeyMessage } from './wire.ts';

const ALICE = { name: 'alice', device: 1 };
const BOB = { name: 'bob', device: 1 };
const text = (...bytes: number[]) => Uint8Array.from(bytes);
const refusal = (code: CryptoErrorCode) => expect.objectContaining({ code });

/** Everything that a device has stored which an operation on this peer could have changed. */
async function snapshot({ stores }: TestDevice, peer = ALICE) {
  return {
    own: await stores.identity.own(),
    identity: await stores.identity.of(peer),
    session: await stores.sessions.load(peer),
    preKeys: await stores.preKeys.ids(),
    kyber: await Promise.all((await stores.kyberPreKeys.ids()).map((id) => stores.kyberPreKeys.load(id))),
  };
}

async function pair(seed: string) {
  const alice = await createTestDevice(ALICE, seed);
  const bob = await createTestDevice(BOB, seed);
  return { alice, bob };
}

describe('a bundle of a lying directory begins nothing', () => {
  const flip = (bytes: Uint8Array, at = 20) => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));
  const small = Uint8Array.from([5, ...new Uint8Array(32)]);
  const other = createKeyPair({ bytes: (length) => new Uint8Array(length).fill(9) }).publicKey;
  const lies: [string, CryptoErrorCode, (good: Bundle) => Bundle][] = [
    [
      'forged signature of the signed prekey',
      'signature_wrong',
      (b) => ({ ...b, signedPreKey: { ...b.signedPreKey, signature: new Uint8Array(64).fill(7) } }),
    ],
    [
      'another signed prekey',
      'signature_wrong',
      (b) => ({ ...b, signedPreKey: { ...b.signedPreKey, publicKey: other } }),
    ],
    [
      'forged signature of the Kyber prekey',
      'signature_wrong',
      (b) => ({ ...b, kyberPreKey: kyberOf(b, (k) => ({ ...k, signature: flip(k.signature) })) }),
    ],
    [
      'changed Kyber prekey',
      'signature_wrong',
      (b) => ({ ...b, kyberPreKey: kyberOf(b, (k) => ({ ...k, publicKey: flip(k.publicKey) })) }),
    ],
    [
      'Kyber prekey of another type',
      'malformed',
      (b) => ({ ...b, kyberPreKey: kyberOf(b, (k) => ({ ...k, publicKey: b.identityKey })) }),
    ],
    ['identity that others signed for', 'signature_wrong', (b) => ({ ...b, identityKey: other })],
    ['identity of small order', 'weak_key', (b) => ({ ...b, identityKey: small })],
    ['one-time prekey of small order', 'weak_key', (b) => ({ ...b, preKey: { id: 1, publicKey: small } })],
    ['cut identity', 'malformed', (b) => ({ ...b, identityKey: b.identityKey.slice(1) })],
  ];
  test.each(lies)('%s: %s', async (_, code, lie) => {
    const { alice, bob } = await pair('lies');
    const before = await snapshot(alice, BOB);
    await expect(alice.sessions.start(BOB, lie(bob.bundle()))).rejects.toEqual(refusal(code));
    expect(await snapshot(alice, BOB)).toEqual(before);
  });

  function kyberOf<T>(bundle: Bundle, change: (kyber: NonNullable<Bundle['kyberPreKey']>) => T): T {
    if (bundle.kyberPreKey === undefined) throw new Error('The bundle has no Kyber key');
    return change(bundle.kyberPreKey);
  }
});

describe('where a Kyber key is required', () => {
  test('a bundle without one is refused', async () => {
    const alice = await createTestDevice(ALICE, 'required', { postQuantum: 'required' });
    const bob = await createTestDevice(BOB, 'required');
    await expect(alice.sessions.start(BOB, bob.bundle({ kyber: false }))).rejects.toEqual(refusal('downgrade'));
    expect(await alice.sessions.has(BOB)).toBe(false);
  });

  test('a first message without one is refused', async () => {
    const alice = await createTestDevice(ALICE, 'required');
    const bob = await createTestDevice(BOB, 'required', { postQuantum: 'required' });
    await alice.sessions.start(BOB, bob.bundle({ kyber: false }));
    const before = await snapshot(bob);
    const envelope = await alice.sessions.encrypt(BOB, text(1));
    await expect(bob.sessions.decrypt(ALICE, envelope)).rejects.toEqual(refusal('downgrade'));
    expect(await snapshot(bob)).toEqual(before);
  });
});

describe('a message that was tampered with', () => {
  test('is refused and changes no state, whichever bit it is', async () => {
    const { alice, bob } = await pair('tamper');
    await alice.sessions.start(BOB, bob.bundle());
    const first = await alice.sessions.encrypt(BOB, text(1));
    await bob.sessions.decrypt(ALICE, first);
    await alice.sessions.decrypt(BOB, await bob.sessions.encrypt(ALICE, text(2)));
    const later = await alice.sessions.encrypt(BOB, text(3));
    const before = await snapshot(bob);
    await fc.assert(
      fc.asyncProperty(fc.nat(later.body.length * 8 - 1), async (bit) => {
        const failure = await bob.sessions.decrypt(ALICE, flipped(later, bit)).catch((error: unknown) => error);
        expect(failure).toBeInstanceOf(CryptoError);
        expect(await snapshot(bob)).toEqual(before);
      }),
      { numRuns: 100, examples: [[0], [8], [later.body.length * 8 - 1]] },
    );
    expect(await bob.sessions.decrypt(ALICE, later)).toEqual(text(3));
  });

  test('as a first message is refused, or says the same: only its registration id and version hint are unproven', async () => {
    const { alice, bob } = await pair('tamper first');
    await alice.sessions.start(BOB, bob.bundle());
    const first = await alice.sessions.encrypt(BOB, text(1));
    const before = await snapshot(bob);
    let refused = 0;
    for (let bit = 0; bit < first.body.length * 8; bit += 197) {
      const look = (plaintext: Uint8Array) => Promise.reject(new Error(`read ${plaintext.join()}`));
      const failure: unknown = await bob.sessions.decrypt(ALICE, flipped(first, bit), look).catch((e: unknown) => e);
      if (failure instanceof CryptoError) refused += 1;
      else expect(failure).toEqual(new Error('read 1'));
      expect(await snapshot(bob)).toEqual(before);
    }
    expect(refused).toBeGreaterThan(60);
  });

  function flipped({ kind, body }: Envelope, bit: number): Envelope {
    return { kind, body: body.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte)) };
  }

  test('is refused when it comes to another device, or as another kind', async () => {
    const { alice, bob } = await pair('elsewhere');
    const carol = await createTestDevice({ name: 'carol', device: 1 }, 'elsewhere');
    await alice.sessions.start(BOB, bob.bundle());
    const envelope = await alice.sessions.encrypt(BOB, text(1));
    await expect(carol.sessions.decrypt(ALICE, envelope)).rejects.toBeInstanceOf(CryptoError);
    const asMessage = { kind: 'message', body: envelope.body } as const;
    await expect(bob.sessions.decrypt(ALICE, asMessage)).rejects.toBeInstanceOf(CryptoError);
    const inner = decodePreKeyMessage(envelope.body).message.message;
    await expect(bob.sessions.decrypt(ALICE, { kind: 'message', body: inner })).rejects.toEqual(refusal('no_session'));
  });
});

describe('an identity that changed', () => {
  test('is refused in both directions until a person accepts it, then goes on', async () => {
    const { alice, bob } = await pair('changed');
    await alice.sessions.start(BOB, bob.bundle());
    await bob.sessions.decrypt(ALICE, await alice.sessions.encrypt(BOB, text(1)));
    const again = await createTestDevice(ALICE, 'a new installation');
    await again.sessions.start(BOB, bob.bundle());
    const envelope = await again.sessions.encrypt(BOB, text(2));

    const before = await snapshot(bob);
    const offered = again.bundle().identityKey;
    await expect(bob.sessions.decrypt(ALICE, envelope)).rejects.toMatchObject({ code: 'identity_changed', offered });
    await expect(bob.sessions.start(ALICE, again.bundle())).rejects.toEqual(refusal('identity_changed'));
    expect(await snapshot(bob)).toEqual(before);

    await bob.sessions.acceptIdentity(ALICE, offered);
    expect((await bob.sessions.identityOf(ALICE))?.key).toEqual(offered);
    await expect(bob.sessions.encrypt(ALICE, text(3))).rejects.toEqual(refusal('no_session'));
    expect(await bob.sessions.decrypt(ALICE, envelope)).toEqual(text(2));
    expect(await again.sessions.decrypt(BOB, await bob.sessions.encrypt(ALICE, text(4)))).toEqual(text(4));
    // The old installation, or whoever has its keys, is no longer heard.
    const late = await alice.sessions.encrypt(BOB, text(5));
    await expect(bob.sessions.decrypt(ALICE, late)).rejects.toEqual(refusal('identity_changed'));
  });

  test('is met again without a question once the device was forgotten', async () => {
    const { alice, bob } = await pair('forgotten');
    await alice.sessions.start(BOB, bob.bundle());
    await alice.sessions.forget(BOB);
    expect(await alice.sessions.identityOf(BOB)).toBeUndefined();
    const again = await createTestDevice(BOB, 'forgotten, new');
    await alice.sessions.start(BOB, again.bundle());
    expect(await again.sessions.decrypt(ALICE, await alice.sessions.encrypt(BOB, text(1)))).toEqual(text(1));
  });
});

describe('a first message that comes again', () => {
  test('is a duplicate while its session is there', async () => {
    const { alice, bob } = await pair('again');
    await alice.sessions.start(BOB, bob.bundle());
    const envelope = await alice.sessions.encrypt(BOB, text(1));
    await bob.sessions.decrypt(ALICE, envelope);
    const before = await snapshot(bob);
    await expect(bob.sessions.decrypt(ALICE, envelope)).rejects.toEqual(refusal('duplicate'));
    expect(await snapshot(bob)).toEqual(before);
  });

  test('is refused by the Kyber key when the session is gone, also without a one-time prekey', async () => {
    const { alice, bob } = await pair('replay');
    await alice.sessions.start(BOB, bob.bundle({ oneTime: false }));
    const envelope = await alice.sessions.encrypt(BOB, text(1));
    await bob.sessions.decrypt(ALICE, envelope);
    await bob.sessions.forget(ALICE);
    const before = await snapshot(bob);
    await expect(bob.sessions.decrypt(ALICE, envelope)).rejects.toEqual(refusal('replayed'));
    expect(await snapshot(bob)).toEqual(before);
  });

  test('cannot use a one-time prekey twice, even when two senders come at once', async () => {
    const { alice, bob } = await pair('twice');
    const carol = await createTestDevice({ name: 'carol', device: 1 }, 'twice');
    const bundle = bob.bundle();
    await alice.sessions.start(BOB, bundle);
    await carol.sessions.start(BOB, bundle);
    const fromAlice = await alice.sessions.encrypt(BOB, text(1));
    const fromCarol = await carol.sessions.encrypt(BOB, text(2));
    const results = await Promise.allSettled([
      bob.sessions.decrypt(ALICE, fromAlice),
      bob.sessions.decrypt(carol.address, fromCarol),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(results[1]).toMatchObject({ reason: { code: 'prekey_missing' } });
  });

  test('names a prekey that does not exist', async () => {
    const { alice, bob } = await pair('missing');
    await alice.sessions.start(BOB, bob.bundle());
    const { version, message } = decodePreKeyMessage((await alice.sessions.encrypt(BOB, text(1))).body);
    for (const wrong of [{ signedPreKeyId: 1 }, { kyberPreKeyId: 1 }, { preKeyId: 1 }]) {
      const body = encodePreKeyMessage(version, { ...message, ...wrong });
      await expect(bob.sessions.decrypt(ALICE, { kind: 'prekey', body })).rejects.toEqual(refusal('prekey_missing'));
    }
  });
});

describe('skipped messages', () => {
  async function talking(seed: string) {
    const { alice, bob } = await pair(seed);
    await alice.sessions.start(BOB, bob.bundle());
    await bob.sessions.decrypt(ALICE, await alice.sessions.encrypt(BOB, text(0)));
    await alice.sessions.decrypt(BOB, await bob.sessions.encrypt(ALICE, text(0)));
    return { alice, bob };
  }

  test('2,001 of them: the oldest is given up and refused when it comes, the others can be read', async () => {
    const { alice, bob } = await talking('skipped');
    const sent = [];
    for (let i = 0; i < 2002; i++) sent.push(await alice.sessions.encrypt(BOB, text(i & 0xff)));
    const [oldest, second, ...rest] = sent;
    const last = rest.pop();
    if (oldest === undefined || second === undefined || last === undefined) throw new Error('Too few were sent');
    expect(await bob.sessions.decrypt(ALICE, last)).toEqual(text(2001 & 0xff));
    const before = await snapshot(bob);
    await expect(bob.sessions.decrypt(ALICE, oldest)).rejects.toEqual(refusal('duplicate'));
    expect(await snapshot(bob)).toEqual(before);
    expect(await bob.sessions.decrypt(ALICE, second)).toEqual(text(1));
  }, 60_000);

  test('a jump beyond 25,000 is refused, and the session goes on', async () => {
    const { alice, bob } = await talking('jump');
    const sent = [];
    for (let i = 0; i < 3; i++) sent.push(await alice.sessions.encrypt(BOB, text(i)));
    const state = readSession(await alice.stores.sessions.load(BOB)).current;
    if (state === undefined) throw new Error('Alice has no session');
    let far: Uint8Array = new Uint8Array();
    for (let i = 0; i < 25_001; i++) far = ratchetEncrypt(state, new Uint8Array(16));
    const before = await snapshot(bob);
    const failure = bob.sessions.decrypt(ALICE, { kind: 'message', body: far });
    await expect(failure).rejects.toEqual(refusal('too_far_ahead'));
    expect(await snapshot(bob)).toEqual(before);
    for (const [i, envelope] of sent.entries()) expect(await bob.sessions.decrypt(ALICE, envelope)).toEqual(text(i));
  }, 60_000);
});

test('without an identity of its own a device begins and accepts nothing', async () => {
  const { alice, bob } = await pair('nobody');
  const nobody = await createTestDevice({ name: 'nobody', device: 1 }, 'nobody');
  await nobody.stores.commit([{ store: 'ownIdentity', record: undefined }]);
  await expect(nobody.sessions.start(BOB, bob.bundle())).rejects.toEqual(refusal('no_identity'));
  await alice.sessions.start(nobody.address, nobody.bundle());
  const envelope = await alice.sessions.encrypt(nobody.address, text(1));
  await expect(nobody.sessions.decrypt(ALICE, envelope)).rejects.toEqual(refusal('no_identity'));
});

test('a stored session that was cut or changed is refused, not read half', async () => {
  const { alice, bob } = await pair('record');
  await alice.sessions.start(BOB, bob.bundle());
  const record = (await alice.stores.sessions.load(BOB)) ?? new Uint8Array();
  for (const wrong of [record.slice(0, -1), Uint8Array.from([...record, 0x98, 0x06, 0x01]), text(1, 2, 3)]) {
    await alice.stores.commit([{ store: 'session', address: BOB, record: wrong }]);
    await expect(alice.sessions.encrypt(BOB, text(1))).rejects.toEqual(refusal('malformed'));
  }
});
