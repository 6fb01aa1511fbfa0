import { argon2id } from '@noble/hashes/argon2.js';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { createSeededRandom } from '../testing/seeded-random.ts';
import { openWithPassphrase, sealWithPassphrase } from './passphrase.ts';

const random = createSeededRandom('passphrases');
const secret = random.bytes(32);
const use = { passphrase: 'four small boats at noon', id: 'master' };
const cost = { memoryKiB: 19 * 1024, passes: 2, lanes: 1 };
const MALFORMED = { code: 'malformed' };
/** Even the least that a record may ask for takes its time on a machine that is busy. */
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

test('Argon2id is that of RFC 9106 (section 5.3)', () => {
  const tag = argon2id(new Uint8Array(32).fill(1), new Uint8Array(16).fill(2), {
    t: 3,
    m: 32,
    p: 4,
    dkLen: 32,
    key: new Uint8Array(8).fill(3),
    personalization: new Uint8Array(12).fill(4),
  });
  expect(Buffer.from(tag).toString('hex')).toBe('0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659');
});

describe('a sealed secret', () => {
  let record: Uint8Array;
  beforeAll(async () => {
    record = await sealWithPassphrase(secret, use, { random, cost });
  });

  test('opens with the passphrase, also when its letters came as other code points', async () => {
    expect(Buffer.from(record).includes(Buffer.from(secret))).toBe(false);
    expect(await openWithPassphrase(record, use)).toEqual(secret);
    const composed = await sealWithPassphrase(secret, { ...use, passphrase: 'Caf\u00e9' }, { random, cost });
    expect(await openWithPassphrase(composed, { ...use, passphrase: 'Cafe\u0301' })).toEqual(secret);
  });

  test('says whether the passphrase is wrong or the record is not this one', async () => {
    const wrong = openWithPassphrase(record, { ...use, passphrase: 'four small boats at moon' });
    await expect(wrong).rejects.toMatchObject({ code: 'passphrase_wrong' });
    await expect(openWithPassphrase(record, { ...use, id: 'masters' })).rejects.toMatchObject({ code: 'cannot_open' });
    const changed = record.map((byte, i) => (i === record.length - 1 ? byte ^ 1 : byte));
    await expect(openWithPassphrase(changed, use)).rejects.toMatchObject({ code: 'cannot_open' });
    // A record whose salt or check was changed can't tell; it opens no more than any other.
    const code = expect.stringMatching(/^(passphrase_wrong|cannot_open)$/);
    for (const at of [15, 33]) {
      const other = record.map((byte, i) => (i === at ? byte ^ 1 : byte));
      await expect(openWithPassphrase(other, use)).rejects.toMatchObject({ code });
    }
  });

  test('is refused when it was cut, before any work is done', async () => {
    let worked = false;
    const onProgress = () => (worked = true);
    for (let length = 0; length < record.length; length++)
      await expect(openWithPassphrase(record.subarray(0, length), use, { onProgress })).rejects.toMatchObject(
        MALFORMED,
      );
    expect(worked).toBe(false);
  });

  test('is refused when it asks for less work than a record may, or for more, before any is done', async () => {
    let worked = false;
    const onProgress = () => (worked = true);
    const { memoryKiB, passes, lanes } = cost;
    const odd = [
      { memoryKiB: memoryKiB - 1, passes: 16, lanes },
      { memoryKiB: 256 * 1024 + 1, passes, lanes },
      { memoryKiB: 0xffffffff, passes: 0xffffffff, lanes: 0xffffff },
      { memoryKiB, passes: 1, lanes },
      { memoryKiB, passes: 17, lanes },
      { memoryKiB, passes, lanes: 0 },
      { memoryKiB, passes, lanes: 5 },
      { memoryKiB: 256 * 1024, passes: 5, lanes },
    ];
    for (const other of odd) {
      const changed = withCost(record, other);
      await expect(openWithPassphrase(changed, use, { onProgress })).rejects.toMatchObject(MALFORMED);
      const sealing = sealWithPassphrase(secret, use, { random, cost: other, onProgress });
      await expect(sealing).rejects.toMatchObject(MALFORMED);
    }
    expect(worked).toBe(false);
    const weaker = withCost(record, { ...cost, passes: 3 });
    await expect(openWithPassphrase(weaker, use)).rejects.toMatchObject({ code: 'passphrase_wrong' });
  });
});

test('an empty passphrase is refused', async () => {
  await expect(sealWithPassphrase(secret, { ...use, passphrase: '' }, { random, cost })).rejects.toMatchObject(
    MALFORMED,
  );
});

test('it tells how far it is, leaves the host time in between, and stops when told to', async () => {
  const shares: number[] = [];
  let ticks = 0;
  const timer = setInterval(() => (ticks += 1), 1);
  await sealWithPassphrase(secret, use, { random, cost, onProgress: (share) => shares.push(share) });
  clearInterval(timer);
  expect(shares.at(-1)).toBe(1);
  expect(shares).toEqual([...shares].sort((a, b) => a - b));
  expect(ticks).toBeGreaterThan(3);

  const aborter = new AbortController();
  const reason = new Error('the person went back');
  let last = 0;
  const sealing = sealWithPassphrase(secret, use, {
    random,
    cost,
    signal: aborter.signal,
    onProgress(share) {
      last = share;
      if (share > 0.2) aborter.abort(reason);
    },
  });
  await expect(sealing).rejects.toBe(reason);
  expect(last).toBeLessThan(0.3);
  let worked = false;
  const late = openWithPassphrase(await sealWithPassphrase(secret, use, { random, cost }), use, {
    signal: aborter.signal,
    onProgress: () => (worked = true),
  });
  await expect(late).rejects.toBe(reason);
  expect(worked).toBe(false);
});

/** The record with other numbers in it: each is a field of its own, one varint behind its tag. */
function withCost(record: Uint8Array, of: typeof cost): Uint8Array {
  const varint = (value: number): number[] =>
    value < 128 ? [value] : [(value % 128) | 128, ...varint(Math.floor(value / 128))];
  const field = (tag: number, value: number) => [tag * 8, ...varint(value)];
  const head = (from: typeof cost) => [
    ...field(1, 1),
    ...field(2, from.memoryKiB),
    ...field(3, from.passes),
    ...field(4, from.lanes),
  ];
  const before = head(cost);
  expect(Array.from(record.subarray(0, before.length))).toEqual(before);
  return Uint8Array.from([...head(of), ...record.subarray(before.length)]);
}
