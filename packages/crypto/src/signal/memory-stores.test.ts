import { describe, test } from 'vitest';
import { storesContract } from '../testing/stores-contract.ts';
import { createMemoryStores } from './memory-stores.ts';

describe('stores in memory', () => {
  for (const { name, run } of storesContract) test(name, () => run(async () => createMemoryStores()));
});
