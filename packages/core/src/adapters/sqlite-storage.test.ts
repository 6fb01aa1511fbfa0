import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { storageContract } from '../stores/store-contract.ts';
import { StoreBroken } from '../stores/stores.ts';
import type { EntryId } from '../views.ts';
import { createSqliteStorage } from './sqlite-storage.ts';

const A = '0197f3f4-0000-7000-8000-00000000000a' as EntryId;
const B = '0197f3f4-0000-7000-8000-00000000000b' as EntryId;
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'skerry-core-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('SQLite storage', () => {
  it.each(storageContract)('$name', async ({ run }) => {
    await run({ open: async () => createSqliteStorage(directory) });
  });

  it('lets only its owner read the files', async () => {
    const storage = createSqliteStorage(path.join(directory, 'made'));
    await using state = await storage.state(A);
    await using cache = await storage.cache(A);
    await state.commit([{ table: 't', key: 1, value: 1 }]);
    await cache.commit([{ table: 't', key: 1, value: 1 }]);
    await (await storage.registry()).save({});
    await (await storage.vault()).set(A, 'refresh', 'x');
    const files = readdirSync(path.join(directory, 'made'));
    expect(files).toContain(`skerry-${A}-state.db-wal`);
    expect(files).toContain('vault.key');
    for (const file of files)
      expect([file, statSync(path.join(directory, 'made', file)).mode & 0o777]).toEqual([file, 0o600]);
    expect(statSync(path.join(directory, 'made')).mode & 0o777).toBe(0o700);
  });

  it('sets a broken state aside and deletes a broken cache, and makes an empty one at the next try', async () => {
    const storage = createSqliteStorage(directory);
    for (const kind of ['state', 'cache'])
      writeFileSync(
        path.join(directory, `skerry-${A}-${kind}.db`),
        'this is no database at all, but long enough to look like one '.repeat(20),
      );
    await expect(storage.state(A)).rejects.toThrow(StoreBroken);
    await expect(storage.cache(A)).rejects.toThrow(StoreBroken);
    await using state = await storage.state(A);
    await using cache = await storage.cache(A);
    expect([await state.count('queue'), await cache.count('meta')]).toEqual([0, 0]);
    const aside = readdirSync(directory).filter((name) => name.includes('set-aside'));
    expect(aside).toHaveLength(1);
    expect(aside[0]).toMatch(/-state\.db\.set-aside-/);
    expect(readFileSync(path.join(directory, aside[0] ?? ''), 'utf8')).toMatch(/^this is no database/);
  });

  it('tells how much room it uses', async () => {
    await using cache = await createSqliteStorage(directory).cache(A);
    await cache.commit([{ table: 't', key: 1, value: 'x'.repeat(100_000) }]);
    expect(await cache.size()).toBeGreaterThan(100_000);
  });

  it('takes no entry id that names another file', async () => {
    await expect(createSqliteStorage(directory).state('../../other' as EntryId)).rejects.toThrow(RangeError);
  });

  it('S2.5, S2.6: seals secrets, bound to entry and name, and says broken when the key is gone or the file unreadable', async () => {
    const vault = await createSqliteStorage(directory).vault();
    await vault.set(A, 'refresh', 'top secret');
    const file = path.join(directory, 'vault.json');
    expect(readFileSync(file, 'utf8')).not.toContain('secret');
    writeFileSync(file, readFileSync(file, 'utf8').replace(A, B));
    expect(await vault.get(B, 'refresh')).toEqual({ kind: 'broken' });
    expect(await vault.get(A, 'refresh')).toEqual({ kind: 'absent' });
    await vault.set(A, 'refresh', 'again');
    rmSync(path.join(directory, 'vault.key'));
    expect(await vault.get(A, 'refresh')).toEqual({ kind: 'broken' });
    writeFileSync(file, '{');
    expect(await vault.get(A, 'refresh')).toEqual({ kind: 'broken' });
    await expect(vault.set(A, 'refresh', 'x')).rejects.toThrow(StoreBroken);
    expect(readFileSync(file, 'utf8')).toBe('{');
  });
});
