import { describe, expect, it } from 'vitest';
import type { EntryId } from '../views.ts';
import { compareKeys, encodeKey } from './keys.ts';
import { createMemoryStorage, MemoryDisk, memoryVault, parseRegistry } from './memory-storage.ts';
import { storageContract } from './store-contract.ts';
import { StoreBroken } from './stores.ts';
import fc from 'fast-check';

const A = '0197f3f4-0000-7000-8000-00000000000a' as EntryId;

describe('memory storage', () => {
  it.each(storageContract)('$name', async ({ run }) => {
    const disk = new MemoryDisk();
    await run({ open: async () => createMemoryStorage(disk) });
  });

  it('says locked instead of absent, keeps the secret and takes no new one', async () => {
    const disk = new MemoryDisk();
    await memoryVault(disk).set(A, 'refresh', 'kept');
    disk.locked = true;
    expect(await memoryVault(disk).get(A, 'refresh')).toEqual({ kind: 'locked' });
    expect(await memoryVault(disk).get(A, 'other')).toEqual({ kind: 'absent' });
    await expect(memoryVault(disk).set(A, 'refresh', 'new')).rejects.toThrow(StoreBroken);
    disk.locked = false;
    expect(await memoryVault(disk).get(A, 'refresh')).toEqual({ kind: 'secret', value: 'kept' });
  });

  it('hands a registry that cannot be parsed back as it is', () => {
    expect(parseRegistry('{"entries":')).toEqual({ kind: 'broken', text: '{"entries":' });
  });
});

describe('keys as bytes', () => {
  const part = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer(),
    fc.string({ unit: 'binary' }),
  );
  const key = fc.oneof(part, fc.array(part, { maxLength: 4 }));

  it('sort as the keys themselves do', () => {
    fc.assert(
      fc.property(key, key, (a, b) => {
        expect(Math.sign(Buffer.compare(encodeKey(a), encodeKey(b)))).toBe(Math.sign(compareKeys(a, b)));
      }),
      { numRuns: 2_000 },
    );
  });

  it('cannot be made of what is not a number', () => {
    expect(() => encodeKey(Number.NaN)).toThrow(RangeError);
    expect(() => encodeKey(['a', Number.POSITIVE_INFINITY])).toThrow(RangeError);
  });
});
