import { hexToBytes } from '@noble/hashes/utils.js';
import { toHex } from '../bytes.ts';
import { CryptoError } from '../errors.ts';

const FORM = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** @throws CryptoError `malformed` unless it is a UUID in lower case */
export function uuidBytes(uuid: string): Uint8Array {
  if (!FORM.test(uuid)) throw new CryptoError('malformed');
  return hexToBytes(uuid.replaceAll('-', ''));
}

export function uuidText(bytes: Uint8Array): string {
  return toHex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
