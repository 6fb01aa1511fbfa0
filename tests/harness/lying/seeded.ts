import { createHash, randomUUID } from 'node:crypto';
import { toBase64Url, uuidv7 } from '@skerry/protocol';

/** Ids, tokens and tags. The same seed gives the same ones in the same order, so that two servers can be twins. */
export class Seeded {
  readonly #seed: string;
  #drawn = 0;

  constructor(seed: string = randomUUID()) {
    this.#seed = seed;
  }

  bytes(length: number): Uint8Array {
    const digest = createHash('sha512').update(`${this.#seed}:${this.#drawn++}`).digest();
    return new Uint8Array(digest.subarray(0, length));
  }

  /** A UUIDv7 with a fixed time, so that its order is the order of drawing. */
  id<Id extends string>(): Id {
    return uuidv7<Id>(1_700_000_000_000 + this.#drawn, this.bytes(10));
  }

  token(): string {
    return toBase64Url(this.bytes(32));
  }

  code(): string {
    return toBase64Url(this.bytes(16)).replace(/^[-_]/, 'a');
  }

  tag(): string {
    return Buffer.from(this.bytes(8)).toString('hex');
  }
}
