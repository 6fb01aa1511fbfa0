import { compareScanned, safetyNumber } from '@skerry/crypto';
import { createSeededRandom } from '@skerry/crypto/testing';
import { describe, expect, test } from 'vitest';
import { loadLibsignal } from './libsignal.ts';
import type { Version } from './libsignal.ts';
import { seed } from './seed.ts';

const RUNS = 12;
const ROUNDS = 5200;

describe.each<Version>(['0.86.16', '0.67.3'])(`safety numbers against libsignal-client %s, seed ${seed}`, (version) => {
  const random = createSeededRandom(`${seed}/${version}/safety`);

  test('the same digits, its part of the code is equal, and each reads the other', async () => {
    const { Fingerprint, PublicKey, ScannableFingerprint } = await loadLibsignal(version);
    const party = () => ({ accountId: String(random.below(1_000_000)), publicKey: random.bytes(32) });
    for (let i = 0; i < RUNS; i++) {
      const serverId = `server-${String(i)}`;
      const [mine, theirs] = [party(), { ...party(), accountId: 'other' }];
      // The account key goes in as the 32 bytes it is, behind the type byte that the oracle asks for.
      const made = (one: typeof mine, other: typeof mine) =>
        Fingerprint.new(
          ROUNDS,
          2,
          stableId(serverId, one.accountId),
          PublicKey.deserialize(Buffer.of(5, ...one.publicKey)),
          stableId(serverId, other.accountId),
          PublicKey.deserialize(Buffer.of(5, ...other.publicKey)),
        );
      const ours = safetyNumber({ serverId, mine, theirs });
      expect(ours.digits.join('')).toBe(made(mine, theirs).displayableFingerprint().toString());
      const head = Uint8Array.from(made(mine, theirs).scannableFingerprint().toBuffer());
      expect(ours.scannable.subarray(0, head.length)).toEqual(head);

      // What follows in ours it skips; ours asks for it, so theirs gets it.
      const atTheirs = made(theirs, mine).scannableFingerprint();
      expect(atTheirs.compare(ScannableFingerprint._fromBuffer(Buffer.from(ours.scannable)))).toBe(true);
      const completed = Uint8Array.from([...atTheirs.toBuffer(), ...ours.scannable.subarray(head.length)]);
      expect(compareScanned(ours, completed)).toBe('match');
    }
  });
});

/** An account's id, written out a second time: length, field, and so on. */
function stableId(serverId: string, accountId: string): Uint8Array {
  const fields = ['skerry/account/1', serverId, accountId].map((field) => Buffer.from(field));
  return Buffer.concat(fields.flatMap((field) => [Buffer.of(0, 0, 0, field.length), field]));
}
