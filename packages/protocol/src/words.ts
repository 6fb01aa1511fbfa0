import { wordlist } from '@scure/bip39/wordlists/english.js';

/** The 2,048 words in alphabetical order, BIP 39: recovery phrases and the six words are of this list. */
export const WORD_LIST: readonly string[] = wordlist;

const BITS_PER_WORD = 11;
const WORDS = 6;

/**
 * The six words people compare: the first 66 bits of a SHA-256 digest, 11 bits a word, over a list of 2,048 words.
 * @param digest SHA-256 of the raw Ed25519 public key
 * @throws RangeError when the digest is not 32 bytes
 */
export function sixWords(digest: Uint8Array): readonly string[] {
  if (digest.length !== 32) throw new RangeError('sixWords needs a SHA-256 digest');
  const words: string[] = [];
  for (let word = 0; word < WORDS; word++) {
    let value = 0;
    for (let bit = word * BITS_PER_WORD; bit < (word + 1) * BITS_PER_WORD; bit++) {
      value = (value << 1) | (((digest[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1);
    }
    words.push(wordlist[value] ?? '');
  }
  return words;
}

const MATCHING_WORDS = 3;

/**
 * What both screens show when a machine is paired: three words and two digits, from the first bits of a digest.
 * @param digest SHA-256 of `encodePairingCode`
 * @throws RangeError when the digest is not 32 bytes
 */
export function matchingCode(digest: Uint8Array): { readonly words: readonly string[]; readonly digits: string } {
  const words = sixWords(digest).slice(0, MATCHING_WORDS);
  // Four bytes that no word takes from: of 100 remainders none is likelier than another by more than 1 in 40 million.
  const rest = new DataView(digest.buffer, digest.byteOffset).getUint32(16);
  return { words, digits: String(rest % 100).padStart(2, '0') };
}
