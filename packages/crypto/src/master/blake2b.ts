import { SHA512_IV } from '@noble/hashes/_md.js';

const BLOCK = 128;
const ROUNDS = 12;

/** The start values of SHA-512, which BLAKE2b shares, from their halves. */
const IV = BigUint64Array.from({ length: 8 }, (_, i) => (half(2 * i) << 32n) | half(2 * i + 1));

/** The order of message words in each round, a hexadecimal digit each; after ten it begins again. */
const SIGMA = [
  '0123456789abcdef',
  'ea489fd61c02b753',
  'b8c052fdae367194',
  '7931dcbe265a40f8',
  '905724afe1bc683d',
  '2c6a0b834d75fe19',
  'c51fed4a0763928b',
  'db7ec13950f4862a',
  '6fe9b308c2d714a5',
  'a2847615fb9e3cd0',
];

/**
 * BLAKE2b without a key (RFC 7693). Made for a few bytes of public input, where it costs the download a tenth of what
 * a fast one does.
 * @param length of the digest, up to 64 bytes
 */
export function blake2b(message: Uint8Array, length: number): Uint8Array {
  const state = IV.slice();
  state[0] = at(state, 0) ^ 0x01010000n ^ BigInt(length);
  const blocks = Math.max(1, Math.ceil(message.length / BLOCK));
  for (let i = 0; i < blocks; i++) {
    const block = new Uint8Array(BLOCK);
    block.set(message.subarray(i * BLOCK, (i + 1) * BLOCK));
    const isLast = i === blocks - 1;
    compress(state, new DataView(block.buffer), { count: isLast ? message.length : (i + 1) * BLOCK, isLast });
  }
  const out = new DataView(new ArrayBuffer(64));
  state.forEach((word, i) => out.setBigUint64(i * 8, word, true));
  return new Uint8Array(out.buffer, 0, length).slice();
}

/** Whatever is written to an array of 64-bit words is cut to 64 bits. */
function compress(state: BigUint64Array, block: DataView, { count, isLast }: { count: number; isLast: boolean }): void {
  const v = BigUint64Array.of(...state, ...IV);
  v[12] = at(v, 12) ^ BigInt(count);
  if (isLast) v[14] = ~at(v, 14);
  for (let round = 0; round < ROUNDS; round++) {
    // Each word of the message in its turn: two for each of four columns, then two for each of four diagonals.
    Array.from(SIGMA[round % SIGMA.length] ?? '').forEach((digit, i) => {
      const a = (i >> 1) & 3;
      const slant = i >> 3;
      const b = 4 + ((a + slant) & 3);
      const c = 8 + ((a + 2 * slant) & 3);
      const d = 12 + ((a + 3 * slant) & 3);
      const isFirst = i % 2 === 0;
      v[a] = at(v, a) + at(v, b) + block.getBigUint64(parseInt(digit, 16) * 8, true);
      v[d] = rotate(at(v, d) ^ at(v, a), isFirst ? 32n : 16n);
      v[c] = at(v, c) + at(v, d);
      v[b] = rotate(at(v, b) ^ at(v, c), isFirst ? 24n : 63n);
    });
  }
  for (let i = 0; i < 8; i++) state[i] = at(state, i) ^ at(v, i) ^ at(v, i + 8);
}

function half(index: number): bigint {
  return BigInt(SHA512_IV[index] ?? 0);
}

function rotate(word: bigint, by: bigint): bigint {
  return (word >> by) | (word << (64n - by));
}

function at(words: BigUint64Array, index: number): bigint {
  return words[index] ?? 0n;
}
