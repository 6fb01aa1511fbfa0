import { CryptoError } from '@skerry/crypto';
import type { Address, Envelope } from '@skerry/crypto';
import { pad, unpad } from '@skerry/crypto/testing';
import type { createSeededRandom, TestDevice } from '@skerry/crypto/testing';
import type { OracleDevice } from './oracle-device.ts';

export type Direction = 'both ways' | 'to the responder' | 'to the initiator';
export type Order = { readonly shuffled: boolean; readonly lossy: boolean };
export type Seeded = ReturnType<typeof createSeededRandom>;

/** One side of a conversation, whichever implementation it is. */
export type Side = {
  encrypt(plaintext: Uint8Array): Promise<Envelope>;
  decrypt(envelope: Envelope): Promise<Uint8Array>;
  /** Whether this error says that the message was read before. */
  isDuplicate(error: unknown): boolean;
};

export function ourSide(device: TestDevice, peer: Address): Side {
  return {
    encrypt: (plaintext) => device.sessions.encrypt(peer, plaintext),
    decrypt: (envelope) => device.sessions.decrypt(peer, envelope),
    isDuplicate: (error) => error instanceof CryptoError && error.code === 'duplicate',
  };
}

/** Padding belongs to us, so the oracle's side does it by hand. */
export function oracleSide(device: OracleDevice, peer: Address): Side {
  return {
    encrypt: (plaintext) => device.encrypt(peer, pad(plaintext)),
    decrypt: async (envelope) => unpad(await device.decrypt(peer, envelope)),
    isDuplicate: (error) => error instanceof Error && /old counter|duplicate/i.test(error.message),
  };
}

/**
 * Bursts of messages of random sizes, delivered late, in disorder, twice or not at all.
 * @returns how many things were checked: messages read, and repeated ones refused
 */
export async function converse(
  sides: { initiator: Side; responder: Side },
  how: { direction: Direction; order: Order; random: Seeded },
): Promise<number> {
  const { initiator, responder } = sides;
  const { direction, order, random } = how;
  let checks = await burst(initiator, responder, 1 + random.below(3));
  for (let round = 0; round < 5; round++) {
    if (direction !== 'to the responder') checks += await burst(responder, initiator, 1 + random.below(4));
    if (direction !== 'to the initiator') checks += await burst(initiator, responder, 1 + random.below(4));
  }
  return checks;

  async function burst(from: Side, to: Side, count: number): Promise<number> {
    const sent: { plaintext: Uint8Array; envelope: Envelope }[] = [];
    for (let i = 0; i < count; i++) {
      const plaintext = random.bytes(random.below(700));
      sent.push({ plaintext, envelope: await from.encrypt(plaintext) });
    }
    if (order.shuffled) shuffle(sent, random);
    let read = 0;
    let refused = 0;
    for (const [i, { plaintext, envelope }] of sent.entries()) {
      // One of a burst always arrives: a conversation in which nothing does is none.
      if (order.lossy && i > 0 && random.below(10) < 2) continue;
      const opened = await to.decrypt(envelope);
      if (Buffer.compare(opened, plaintext) !== 0) throw new Error('The message read is not the message sent');
      read += 1;
      if (random.below(5) > 0) continue;
      const again = await to.decrypt(envelope).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (!to.isDuplicate(again)) throw new Error('A repeated message was not refused as one', { cause: again });
      refused += 1;
    }
    return read + refused;
  }
}

export function shuffle(list: unknown[], random: Seeded): void {
  for (let i = list.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [list[i], list[j]] = [list[j], list[i]];
  }
}
