import { concatBytes } from '@noble/hashes/utils.js';

/** Looks at every byte whatever the first difference, so that its time tells nothing about a secret. */
export { equalBytes } from '@noble/ciphers/utils.js';
export { bytesToHex as toHex } from '@noble/hashes/utils.js';

const encoder = new TextEncoder();

export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return concatBytes(...parts);
}

/** The same bytes, on memory that no other thread shares, as WebCrypto asks for. */
export function owned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : Uint8Array.from(bytes);
}

export function uint32(value: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(4);
  new DataView(out.buffer).setUint32(0, value);
  return out;
}

/**
 * Each field as a 32-bit big-endian length and its bytes, text as UTF-8: no two lists of fields share an encoding.
 * The first field is a label that no other use of the key has.
 */
export function lengthPrefixed(...fields: readonly (string | Uint8Array)[]): Uint8Array<ArrayBuffer> {
  const parts = fields.map((field) => (typeof field === 'string' ? utf8(field) : field));
  return concat(...parts.flatMap((part) => [uint32(part.length), part]));
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Unpadded base64url (RFC 4648 section 5). */
export function toBase64Url(bytes: Uint8Array): string {
  let out = '';
  let held = 0;
  let bits = 0;
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xffff;
    for (bits += 8; bits >= 6;) out += ALPHABET.charAt((held >> (bits -= 6)) & 63);
  }
  return bits > 0 ? out + ALPHABET.charAt((held << (6 - bits)) & 63) : out;
}
