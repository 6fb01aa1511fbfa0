import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NO_FAULTS } from '../testing/kill-points.ts';
import { Database } from './database.ts';
import { openDriver } from './driver.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'skerry-db-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = (file = path.join(folder, 'skerry.db')) =>
  Database.open({
    file,
    faults: NO_FAULTS,
    onBug: (error) => {
      throw error as Error;
    },
    onDeath: (error) => {
      throw error as Error;
    },
  });

describe('Database', () => {
  it('makes a new file with an empty log, and finds it again', async () => {
    {
      await using database = await open();
      expect(await database.write('log.barrier', null)).toBeNull();
      expect(await database.read('log.position', null)).toEqual({ seq: 0, tag: '' });
    }
    await using again = await open();
    expect(await again.read('log.position', null)).toEqual({ seq: 0, tag: '' });
  });

  it('refuses a file of a newer program with a sentence', async () => {
    const file = path.join(folder, 'newer.db');
    const driver = await openDriver(file, 'write');
    driver.exec('PRAGMA user_version = 99');
    driver.close();
    await expect(open(file)).rejects.toThrow(/newer version of Skerry/);
  });

  it('fails what is asked after it was closed', async () => {
    const database = await open();
    await database.close();
    await expect(database.write('log.barrier', null)).rejects.toMatchObject({ code: 'unavailable' });
    await expect(database.read('log.position', null)).rejects.toMatchObject({ code: 'unavailable' });
    await expect(database.backup(path.join(folder, 'copy.db'))).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('copies itself while running, and the copy opens', async () => {
    await using database = await open();
    const copy = path.join(folder, 'copy.db');
    await database.backup(copy);
    await using second = await open(copy);
    expect(await second.read('log.position', null)).toEqual({ seq: 0, tag: '' });
  });

  it('says when a copy cannot be written', async () => {
    await using database = await open();
    await expect(database.backup(path.join(folder, 'missing', 'copy.db'))).rejects.toMatchObject({ code: 'disk_full' });
  });
});
