import { toBase64Url } from '@skerry/protocol';
import fc from 'fast-check';
import { beforeEach, expect, test } from 'vitest';
import { FakeServer } from '../testing/fake-server.ts';
import { memoryPlatform } from '../testing/memory-platform.ts';
import { fingerprintOf, type Pin, verifyProof, wordsOf } from './proof.ts';

const { crypto } = memoryPlatform();
const asked = { nonce: 'A'.repeat(43), origin: 'https://a.example' };
let server: FakeServer;
let pin: Pin;

beforeEach(() => {
  server = new FakeServer('https://a.example', { now: () => 0 });
  pin = { serverId: server.serverId, key: server.key };
});

test('T11: the pinned key is taken, and nothing is when signature, nonce, origin or server differ', async () => {
  const proof = server.proof(asked);
  expect(await verifyProof(crypto, asked, { proof, pin })).toEqual({ ok: true, pin, rotated: false });
  const bad = { ok: false, problem: 'badSignature' };
  expect(await verifyProof(crypto, { ...asked, nonce: 'B'.repeat(43) }, { proof, pin })).toEqual(bad);
  expect(await verifyProof(crypto, { ...asked, origin: 'https://b.example' }, { proof, pin })).toEqual(bad);
  expect(
    await verifyProof(crypto, asked, {
      proof: { ...proof, serverId: new FakeServer('x', { now: () => 0 }).serverId },
      pin,
    }),
  ).toEqual(bad);
  expect(await verifyProof(crypto, asked, { proof: { ...proof, signature: 'A'.repeat(86) }, pin })).toEqual(bad);
});

test('T11: another key is refused even though it proves itself, and so is another server with a key of its own', async () => {
  server.rotate({ silently: true });
  expect(await verifyProof(crypto, asked, { proof: server.proof(asked), pin })).toEqual({
    ok: false,
    problem: 'otherKey',
  });
  const other = new FakeServer('https://a.example', { now: () => 0 });
  expect(await verifyProof(crypto, asked, { proof: other.proof(asked), pin })).toEqual({
    ok: false,
    problem: 'otherKey',
  });
});

test('a key is followed over several rotations that each older key signed, in any order of the list', async () => {
  server.rotate();
  server.rotate();
  server.rotate();
  const proof = server.proof(asked);
  const now = { serverId: server.serverId, key: server.key };
  expect(await verifyProof(crypto, asked, { proof, pin })).toEqual({ ok: true, pin: now, rotated: true });
  expect(
    await verifyProof(crypto, asked, { proof: { ...proof, rotations: [...proof.rotations].reverse() }, pin }),
  ).toEqual({ ok: true, pin: now, rotated: true });
});

test('a chain with a step missing, forged, from another server or in a circle leads nowhere', async () => {
  server.rotate();
  server.rotate();
  const proof = server.proof(asked);
  const [first, second] = proof.rotations;
  if (first === undefined || second === undefined) throw new Error('two rotations were made');
  const chains = [
    [second],
    [first],
    [],
    [first, { ...second, signature: first.signature }],
    [{ ...first, signature: 'A'.repeat(86) }, second],
    [first, { from: first.to, to: first.from, signature: first.signature }],
    [{ from: first.from, to: second.to, signature: first.signature }],
  ];
  for (const rotations of chains) {
    expect(await verifyProof(crypto, asked, { proof: { ...proof, rotations }, pin })).toEqual({
      ok: false,
      problem: 'otherKey',
    });
  }
});

test('whatever keys, signatures and rotations hold, a pinned server is never mistaken', async () => {
  const text = (bytes: number): fc.Arbitrary<string> =>
    fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((value) => toBase64Url(value));
  const rotation = fc.record({
    from: fc.oneof(text(32), fc.constant('pinned')),
    to: fc.oneof(text(32), fc.constant('shown')),
    signature: text(64),
  });
  await fc.assert(
    fc.asyncProperty(text(32), text(64), fc.array(rotation, { maxLength: 5 }), async (key, signature, rotations) => {
      const steps = rotations.map((step) => ({
        ...step,
        from: step.from === 'pinned' ? pin.key : step.from,
        to: step.to === 'shown' ? key : step.to,
      }));
      const verdict = await verifyProof(crypto, asked, {
        proof: { serverId: server.serverId, key, signature, rotations: steps },
        pin,
      });
      expect(verdict.ok).toBe(false);
    }),
  );
});

test('words and fingerprint come from the key itself', async () => {
  expect(await wordsOf(crypto, server.key)).toEqual(server.words);
  expect(await fingerprintOf(crypto, server.key)).toBe(server.fingerprint);
  await expect(wordsOf(crypto, 'short')).rejects.toThrow(RangeError);
});
