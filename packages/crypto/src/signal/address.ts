import { CryptoError } from '../errors.ts';

/** One device of one account. The name is whatever the server calls the account; it is never shown. */
export type Address = { readonly name: string; readonly device: number };

/** The same text for equal addresses, and only for those. */
export function addressKey({ name, device }: Address): string {
  if (!Number.isInteger(device) || device < 0) throw new CryptoError('malformed');
  return `${String(device)}.${name}`;
}

/** Inverse of {@link addressKey}. */
export function addressOf(key: string): Address {
  const dot = key.indexOf('.');
  return { name: key.slice(dot + 1), device: Number(key.slice(0, dot)) };
}
