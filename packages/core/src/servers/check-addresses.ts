import { parseAddress, SkerryError } from '@skerry/protocol';
import type { EntryAddress } from '../views.ts';

/**
 * An address is an origin and nothing else, and where a host was reached encrypted it stays so.
 * @throws SkerryError `bad_request`
 */
export function checkAddresses(addresses: readonly EntryAddress[], before: readonly EntryAddress[]): void {
  if (addresses.length === 0) throw new SkerryError('bad_request', { field: 'addresses' });
  const encrypted = before
    .filter(({ origin }) => origin.startsWith('https:'))
    .map(({ origin }) => new URL(origin).hostname);
  for (const { origin } of addresses) {
    const parsed = parseAddress(origin);
    const isKnown = before.some((old) => old.origin === origin);
    const isOrigin = parsed.ok && parsed.address.origin === origin;
    const givesUp = isOrigin && !isKnown && !parsed.address.encrypted && encrypted.includes(new URL(origin).hostname);
    if (!isOrigin || givesUp) throw new SkerryError('bad_request', { field: 'addresses' });
  }
}
