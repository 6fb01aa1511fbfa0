import { parseAddress } from '@skerry/protocol';
import { LocalError } from '../errors.ts';
import type { EntryAddress } from '../views.ts';

/**
 * An address is an origin and nothing else, and where a host was reached encrypted it stays so.
 * @throws LocalError `bad_request`
 */
export function checkAddresses(addresses: readonly EntryAddress[], before: readonly EntryAddress[]): void {
  if (addresses.length === 0) throw refused('A server needs an address.');
  const encrypted = before
    .filter(({ origin }) => origin.startsWith('https:'))
    .map(({ origin }) => new URL(origin).hostname);
  for (const { origin } of addresses) {
    const parsed = parseAddress(origin);
    const isKnown = before.some((old) => old.origin === origin);
    const isOrigin = parsed.ok && parsed.address.origin === origin;
    const givesUp = isOrigin && !isKnown && !parsed.address.encrypted && encrypted.includes(new URL(origin).hostname);
    if (!isOrigin) throw refused('This is not the address of a server.');
    if (givesUp) throw refused('This host was reached encrypted before, and stays so.');
  }
}

function refused(why: string): LocalError {
  return new LocalError('bad_request', why, { field: 'addresses' });
}
