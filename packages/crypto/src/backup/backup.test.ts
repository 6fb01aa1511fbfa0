import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concat } from '../bytes.ts';
import type { Subtle } from '../ports.ts';
import { createSeededRandom } from '../testing/seeded-random.ts';
import { MAX_BACKUP, openBackup, sealBackup } from './backup.ts';

const random = createSeededRandom('backups');
const subtle: Subtle = globalThis.crypto.subtle;
const use = { key: random.bytes(32), place: { serverId: 'harbour', accountId: 'a-1' } };
const CHUNK = 256 * 1024;
const HEADER = 37;
const cannotOpen = { code: 'cannot_open' };

async function* streamOf(bytes: Uint8Array, step: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step);
}

async function collect(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return concat(...parts);
}

const seal = (content: Uint8Array, step = 100_000) =>
  collect(sealBackup(streamOf(content, step), use, { random, subtle }));
const open = (sealed: Uint8Array, step = 70_000) => collect(openBackup(streamOf(sealed, step), use, subtle));

test('content of any length comes back, however both streams are cut', async () => {
  const lengths = fc.oneof(
    fc.constantFrom(0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 1),
    fc.integer({ min: 0, max: 3 * CHUNK }),
  );
  const step = fc.integer({ min: 1000, max: CHUNK * 2 });
  await fc.assert(
    fc.asyncProperty(lengths, step, step, async (length, written, read) => {
      const content = random.bytes(length);
      expect(Buffer.compare(await open(await seal(content, written), read), content)).toBe(0);
    }),
    { numRuns: 20 },
  );
  expect(await open(await seal(random.bytes(10)), 1)).toHaveLength(10);
});

describe('a backup of three pieces', async () => {
  const content = random.bytes(2 * CHUNK + 500);
  const sealed = await seal(content);
  const header = sealed.subarray(0, HEADER);
  const piece = (of: Uint8Array, i: number) =>
    of.subarray(HEADER + i * (CHUNK + 16), Math.min(of.length, HEADER + (i + 1) * (CHUNK + 16)));
  const [first, second, third] = [piece(sealed, 0), piece(sealed, 1), piece(sealed, 2)];
  const older = await seal(random.bytes(2 * CHUNK + 500));

  test('is made of the pieces that these tests take it apart into', async () => {
    expect(sealed.length).toBe(HEADER + content.length + 3 * 16);
    expect(await open(concat(header, first, second, third))).toHaveLength(content.length);
  });

  test.each<[string, Uint8Array]>([
    ['without its end', concat(header, first, second)],
    ['without its end but a byte', concat(header, first, second, third.subarray(0, -1))],
    ['of its first piece alone', concat(header, first)],
    ['without its beginning', concat(header, second, third)],
    ['without its middle', concat(header, first, third)],
    ['with its header alone', header],
    ['in another order', concat(header, second, first, third)],
    ['with a repeated piece', concat(header, first, first, second, third)],
    ['with a repeated end', concat(header, first, second, third, third)],
    ['with more at its end', concat(sealed, Uint8Array.of(0))],
    ['with a piece of an older one', concat(header, first, piece(older, 1), third)],
    ['with the end of an older one', concat(header, first, second, piece(older, 2))],
    ['with the header of an older one', concat(older.subarray(0, HEADER), first, second, third)],
  ])('does not open %s', async (_, changed) => {
    await expect(open(changed)).rejects.toMatchObject(cannotOpen);
  });

  test('does not open with any byte changed', async () => {
    for (let i = 0; i < 60; i++) {
      const at = i < HEADER ? i : random.below(sealed.length);
      const changed = sealed.slice();
      changed[at] = (changed[at] ?? 0) ^ (1 << (i & 7));
      const code = expect.stringMatching(
        at === 0 || (at >= 33 && at < HEADER) ? /malformed|cannot_open/ : /cannot_open/,
      );
      await expect(open(changed)).rejects.toMatchObject({ code });
    }
  });

  test('opens for no other account, no other server and no other key (T33)', async () => {
    const others = [
      { ...use, place: { ...use.place, accountId: 'a-2' } },
      { ...use, place: { ...use.place, serverId: 'market' } },
      { ...use, place: { serverId: 'harboura', accountId: '-1' } },
      { ...use, key: random.bytes(32) },
    ];
    for (const other of others)
      await expect(collect(openBackup(streamOf(sealed, 9999), other, subtle))).rejects.toMatchObject(cannotOpen);
  });
});

test('what is no backup, and headers of other versions or sizes, are refused', async () => {
  const sealed = await seal(random.bytes(100));
  for (const length of [0, 1, HEADER - 1])
    await expect(open(sealed.subarray(0, length))).rejects.toMatchObject({ code: 'malformed' });
  const withSize = (size: number) => {
    const changed = sealed.slice();
    new DataView(changed.buffer).setUint32(33, size);
    return changed;
  };
  for (const size of [0, 4095, 2 ** 20 + 1, 2 ** 32 - 1])
    await expect(open(withSize(size))).rejects.toMatchObject({ code: 'malformed' });
  await expect(open(withSize(4096))).rejects.toMatchObject(cannotOpen);
  const later = sealed.map((byte, i) => (i === 0 ? 2 : byte));
  await expect(open(later)).rejects.toMatchObject({ code: 'malformed' });
  for (const length of [0, 31, 33]) {
    const short = { ...use, key: new Uint8Array(length) };
    const sealing = collect(sealBackup(streamOf(new Uint8Array(1), 1), short, { random, subtle }));
    await expect(sealing).rejects.toMatchObject({ code: 'malformed' });
  }
});

test('64 MiB pass in bounded memory, and one byte more is refused on both ways', async () => {
  const block = new Uint8Array(CHUNK);
  let ahead = 0;
  let most = 0;
  async function* content(length: number): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < length; at += CHUNK) {
      ahead += Math.min(CHUNK, length - at);
      most = Math.max(most, ahead);
      yield block.subarray(0, length - at);
    }
  }
  let opened = 0;
  for await (const part of openBackup(sealBackup(content(MAX_BACKUP), use, { random, subtle }), use, subtle)) {
    opened += part.length;
    ahead -= part.length;
  }
  expect(opened).toBe(MAX_BACKUP);
  expect(most).toBeLessThanOrEqual(6 * CHUNK);
  const drain = async () => {
    for await (const _ of sealBackup(content(MAX_BACKUP + 1), use, { random, subtle }));
  };
  await expect(drain()).rejects.toMatchObject({ code: 'too_large' });
  // A reader counts as well, since whoever keeps the backup may send anything.
  const endless = async function* () {
    yield (await seal(new Uint8Array())).subarray(0, HEADER);
    for (;;) yield block;
  };
  const passing: Subtle = {
    importKey: (...of) => subtle.importKey(...of),
    deriveBits: (...of) => subtle.deriveBits(...of),
    verify: (...of) => subtle.verify(...of),
    encrypt: (...of) => subtle.encrypt(...of),
    digest: (...of) => subtle.digest(...of),
    decrypt: async (_, __, data) => data.buffer.slice(0, data.length - 16),
  };
  const reading = async () => {
    for await (const _ of openBackup(endless(), use, passing));
  };
  await expect(reading()).rejects.toMatchObject({ code: 'too_large' });
});

test('a reader that stops early, or meets an error, closes what it reads from', async () => {
  const sealed = await seal(random.bytes(2 * CHUNK));
  const closed: string[] = [];
  async function* watched(bytes: Uint8Array, name: string): AsyncGenerator<Uint8Array> {
    try {
      yield* streamOf(bytes, 1000);
    } finally {
      closed.push(name);
    }
  }
  for await (const part of openBackup(watched(sealed, 'stopped'), use, subtle)) {
    expect(part.length).toBe(CHUNK);
    break;
  }
  const broken = sealed.map((byte, i) => (i === 50 ? byte ^ 1 : byte));
  await expect(collect(openBackup(watched(broken, 'failed'), use, subtle))).rejects.toMatchObject(cannotOpen);
  for await (const _ of sealBackup(watched(new Uint8Array(CHUNK * 3), 'sealing'), use, { random, subtle })) break;
  const { value } = await sealBackup(watched(sealed, 'sealing more'), use, { random, subtle }).next();
  expect(value).toHaveLength(HEADER);
  expect(closed.slice(0, 2)).toEqual(['stopped', 'failed']);
});
