import { expect, test } from 'vitest';
import { createSeededRandom } from '../testing/seeded-random.ts';
import { openWithPassphrase, PASSPHRASE_COST, sealWithPassphrase } from './passphrase.ts';

test('the cost that is used unless another is asked for opens again', { timeout: 300_000 }, async () => {
  const random = createSeededRandom('the usual cost');
  const secret = random.bytes(32);
  const use = { passphrase: 'four small boats at noon', id: 'master' };
  expect(PASSPHRASE_COST).toEqual({ memoryKiB: 65_536, passes: 3, lanes: 1 });
  const record = await sealWithPassphrase(secret, use, { random });
  expect(await openWithPassphrase(record, use)).toEqual(secret);
});
