import { encodeLogin, type KeyProof, SkerryError } from '@skerry/protocol';
import { expect, test } from 'vitest';
import { Person } from '../identity/person.ts';
import { Identity } from '../servers/identity.ts';
import { Api } from '../api/api.ts';
import { FakeServer, json } from '../testing/fake-server.ts';
import { memoryPlatform, type MemoryPlatform } from '../testing/memory-platform.ts';
import { testCheck } from '../testing/signed-lists.ts';
import { type KeyLogin, registerByKey, signInByKey } from './key-login.ts';

const signal = new AbortController().signal;
const NONCE = 'n'.repeat(43);

async function personOn(platform: MemoryPlatform): Promise<Person> {
  const person = new Person({
    platform,
    vault: await platform.storage.vault(),
    entries: () => [],
    servers: async () => '[]',
    onProblem: () => undefined,
  });
  await person.load();
  await person.create();
  return person;
}

/** A person and two servers; what each is sent by key is kept. */
async function scene() {
  const platform = memoryPlatform();
  const person = await personOn(platform);
  const at = (origin: string) => {
    const server = new FakeServer(origin, { now: () => platform.clock.now() });
    platform.network.serve(origin, server);
    const proofs: KeyProof[] = [];
    const says = {
      expiresIn: 60_000,
      refuses: (): SkerryError | undefined => new SkerryError('credentials_wrong'),
    };
    server.lies.http = ({ name, body }) => {
      if (name === 'challenge') return json(200, { nonce: NONCE, expiresAt: platform.clock.now() + says.expiresIn });
      if (name !== 'keySignIn' && name !== 'keyRegister') return undefined;
      proofs.push(body['proof'] as KeyProof);
      const refused = says.refuses();
      return refused === undefined ? undefined : json(refused.status, { error: refused.toBody() });
    };
    const identity = new Identity({
      ...platform,
      pin: () => ({ serverId: server.serverId, key: server.key }),
      origins: () => [origin],
      onPin: () => undefined,
      onMismatch: () => undefined,
      signal,
    });
    const none = () => Promise.reject(new SkerryError('unauthorized'));
    const api = new Api({
      http: platform.http,
      proven: (maxAgeMs, caller) => identity.proven(maxAgeMs, caller),
      access: { token: none, renewed: none },
    });
    const login: KeyLogin = {
      api,
      person,
      serverId: () => Promise.resolve(server.serverId),
      serverNow: () => Promise.resolve(platform.clock.now()),
    };
    return { server, proofs, says, login };
  };
  return { platform, person, at };
}

const holds = (serverId: string, proof: KeyProof): Promise<boolean> =>
  testCheck.verify({
    bytes: encodeLogin({ ...proof, serverId }),
    signature: proof.signature,
    publicKey: proof.publicKey,
  });

test('T28, P-29: a login is signed for the pinned server, the origin that is dialled and the nonce of the server', async () => {
  const { at } = await scene();
  const [a, b] = [at('https://a.example'), at('https://b.example')];
  await signInByKey(a.login, { device: 'Test', signal }).catch(() => undefined);
  await signInByKey(b.login, { device: 'Test', signal }).catch(() => undefined);
  const [proof] = a.proofs as [KeyProof];
  expect(proof).toMatchObject({ origin: 'https://a.example', nonce: NONCE });
  expect(await holds(a.server.serverId, proof)).toBe(true);
  // Whatever one server got is worth nothing at another, whichever part of it is exchanged.
  expect(await holds(b.server.serverId, proof)).toBe(false);
  expect(await holds(a.server.serverId, { ...proof, origin: 'https://b.example' })).toBe(false);
  expect(await holds(a.server.serverId, { ...proof, nonce: 'm'.repeat(43) })).toBe(false);
  expect(await holds(a.server.serverId, { ...proof, expiry: proof.expiry + 1 })).toBe(false);
  expect(b.proofs[0]?.publicKey).not.toBe(proof.publicKey);
});

test('T28: a challenge that is over, or that would hold for more than two minutes, is not signed', async () => {
  const { at } = await scene();
  const a = at('https://a.example');
  a.says.expiresIn = 120_001;
  await expect(signInByKey(a.login, { device: 'Test', signal })).rejects.toMatchObject({ code: 'challenge_invalid' });
  a.says.expiresIn = 0;
  await expect(signInByKey(a.login, { device: 'Test', signal })).rejects.toMatchObject({ code: 'challenge_invalid' });
  expect(a.proofs).toEqual([]);
  a.says.expiresIn = 120_000;
  await expect(signInByKey(a.login, { device: 'Test', signal })).rejects.toMatchObject({ code: 'credentials_wrong' });
  expect(a.proofs.length).toBeGreaterThan(0);
});

test('T11, P-13: the server proves its key right before each answer to a challenge', async () => {
  const { platform, at } = await scene();
  const a = at('https://a.example');
  await signInByKey(a.login, { device: 'Test', signal }).catch(() => undefined);
  a.server.lies.proof = (honest) => ({ ...honest, key: 'A'.repeat(43) });
  const before = a.proofs.length;
  await platform.clock.advance(10_001);
  await expect(signInByKey(a.login, { device: 'Test', signal })).rejects.toMatchObject({ problem: 'badSignature' });
  expect(a.proofs).toHaveLength(before);
});

test('another account of the same person there, or a key that moved on, is found by its index and noted', async () => {
  const { person, at } = await scene();
  const a = at('https://a.example');
  let left = 2;
  a.says.refuses = () => (left-- > 0 ? new SkerryError('key_taken') : new SkerryError('invite_required'));
  const registration = { username: 'anna', displayName: 'Anna', password: null, code: null, device: 'Test' };
  await expect(registerByKey(a.login, registration, signal)).rejects.toMatchObject({ code: 'invite_required' });
  expect(new Set(a.proofs.map(({ publicKey }) => publicKey)).size).toBe(3);
  expect(person.indexOf(a.server.serverId)).toBe(0);
});

test('a locked person signs nothing', async () => {
  const { person, at } = await scene();
  const a = at('https://a.example');
  await person.forget();
  await expect(signInByKey(a.login, { device: 'Test', signal })).rejects.toMatchObject({ code: 'forbidden' });
  expect(a.proofs).toEqual([]);
});
