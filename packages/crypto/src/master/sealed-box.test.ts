import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nobleCurve } from '../curve/noble-curve.ts';
import { createSeededRandom } from '../testing/seeded-random.ts';
import { deriveAccountKeys } from './account-keys.ts';
import { openSealed, sealTo } from './sealed-box.ts';

const deps = { random: createSeededRandom('boxes'), curve: nobleCurve };
const boxOf = (index: number) => deriveAccountKeys(new Uint8Array(32), { serverId: 'harbour', index }).box;
const mine = boxOf(0);

test('only the holder of the key opens what was sealed to it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (content) => {
      const sealed = await sealTo(mine.publicKey, content, deps);
      expect(sealed.length).toBe(content.length + 48);
      expect(await openSealed(mine, sealed, nobleCurve)).toEqual(content);
      await expect(openSealed(boxOf(1), sealed, nobleCurve)).rejects.toMatchObject({ code: 'cannot_open' });
    }),
    { numRuns: 20 },
  );
});

test('the same content is sealed differently each time', async () => {
  const content = new Uint8Array(10);
  expect(await sealTo(mine.publicKey, content, deps)).not.toEqual(await sealTo(mine.publicKey, content, deps));
});

test('changed, cut or made-up boxes are refused', async () => {
  const sealed = await sealTo(mine.publicKey, new Uint8Array(20), deps);
  await fc.assert(
    fc.asyncProperty(fc.nat(sealed.length - 1), fc.integer({ min: 1, max: 255 }), async (at, by) => {
      const changed = sealed.map((byte, i) => (i === at ? byte ^ by : byte));
      await expect(openSealed(mine, changed, nobleCurve)).rejects.toMatchObject({ code: 'cannot_open' });
      await expect(openSealed(mine, sealed.slice(0, at), nobleCurve)).rejects.toMatchObject({ code: 'cannot_open' });
    }),
    { numRuns: 40 },
  );
  await expect(openSealed(mine, new Uint8Array(100), nobleCurve)).rejects.toMatchObject({ code: 'cannot_open' });
});

test('nothing is sealed to a key that everybody can open', async () => {
  await expect(sealTo(new Uint8Array(32), new Uint8Array(1), deps)).rejects.toMatchObject({ code: 'weak_key' });
});
