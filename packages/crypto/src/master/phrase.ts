import { entropyToMnemonic, mnemonicToEntropy } from '@scure/bip39';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import { CryptoError } from '../errors.ts';
import { MASTER_SECRET_LENGTH } from './master-secret.ts';

// An entry of its own (@skerry/crypto/phrase), since its list of 2,048 words is only needed now and then.

export const PHRASE_WORDS = 24;

/** The master secret as 24 words (BIP 39): 256 bits, and 8 more that catch a slip of the pen. */
export function toPhrase(master: Uint8Array): string {
  if (master.length !== MASTER_SECRET_LENGTH) throw new CryptoError('malformed');
  return entropyToMnemonic(master, wordlist);
}

/** What a person should look at when their phrase is refused. Word positions count from 1. */
export type PhraseFault =
  | { readonly kind: 'count'; readonly words: number }
  | { readonly kind: 'unknown_word'; readonly position: number }
  | { readonly kind: 'checksum' };

export type PhraseReading =
  { readonly ok: true; readonly master: Uint8Array } | { readonly ok: false; readonly fault: PhraseFault };

/** Reads what a person typed: case, and how much space stands between the words, make no difference. */
export function readPhrase(text: string): PhraseReading {
  const words = text
    .normalize('NFKD')
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  if (words.length !== PHRASE_WORDS) return { ok: false, fault: { kind: 'count', words: words.length } };
  const unknown = words.findIndex((word) => !wordlist.includes(word));
  if (unknown >= 0) return { ok: false, fault: { kind: 'unknown_word', position: unknown + 1 } };
  try {
    return { ok: true, master: mnemonicToEntropy(words.join(' '), wordlist) };
  } catch {
    return { ok: false, fault: { kind: 'checksum' } };
  }
}

/** Like {@link readPhrase}, for programs. @throws CryptoError `phrase_wrong` */
export function fromPhrase(text: string): Uint8Array {
  const reading = readPhrase(text);
  if (!reading.ok) throw new CryptoError('phrase_wrong');
  return reading.master;
}
