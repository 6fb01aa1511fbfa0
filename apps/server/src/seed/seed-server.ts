import path from 'node:path';
import { Passwords } from '../auth/passwords.ts';
import { Database } from '../db/database.ts';
import { DATABASE_FILE } from '../server/data-files.ts';
import { DataLock } from '../server/data-lock.ts';
import { identify } from '../server/identify.ts';
import { NO_FAULTS } from '../testing/kill-points.ts';
import type { Seed, SeedAccount } from './apply-seed.ts';

export type SeedOptions = {
  readonly data: string;
  readonly name: string;
  readonly description: string;
  /** Everybody's. */
  readonly password: string;
  readonly seed: Omit<Seed, 'accounts'> & { readonly accounts: readonly Omit<SeedAccount, 'passwordHash'>[] };
};

/**
 * Makes a server's data folder with a past in it, for a server that is not running.
 * @throws DataInUseError, SkerryError limit_reached when there are accounts already
 */
export async function seedServer({ data, name, description, password, seed }: SeedOptions): Promise<void> {
  using _lock = await DataLock.acquire(data);
  await using db = await Database.open({
    file: path.join(data, DATABASE_FILE),
    faults: NO_FAULTS,
    onBug: rethrow,
    onDeath: rethrow,
  });
  await identify(db, {
    data,
    clock: { now: () => Date.now() },
    name,
    description,
    operator: null,
    registration: 'open',
  });
  // One hash for all: it is a password that is printed.
  const passwordHash = await (await Passwords.create()).hash(password);
  await db.write('seed.apply', { ...seed, accounts: seed.accounts.map((account) => ({ ...account, passwordHash })) });
}

function rethrow(error: unknown): never {
  throw error;
}
