import { utf8 } from '../bytes.ts';
import { hkdf, hmac } from '../hmac.ts';

const NO_SALT = new Uint8Array(32);
const MESSAGE = Uint8Array.of(1);
const NEXT = Uint8Array.of(2);

/** HKDF-SHA256 cut into pieces of the given lengths. */
export function derive<const L extends readonly number[]>(
  material: Uint8Array,
  use: { info: string; salt?: Uint8Array },
  lengths: L,
): { [K in keyof L]: Uint8Array } {
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const all = hkdf(material, { salt: use.salt ?? NO_SALT, info: utf8(use.info) }, total);
  let at = 0;
  return lengths.map((length) => all.slice(at, (at += length))) as { [K in keyof L]: Uint8Array };
}

/** A chain moved on by one: what the message's keys come from, and the chain's next key. */
export function stepChain(chainKey: Uint8Array): { seed: Uint8Array; next: Uint8Array } {
  return { seed: hmac(chainKey, MESSAGE), next: hmac(chainKey, NEXT) };
}
