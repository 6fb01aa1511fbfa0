import type { ServerEntry } from '@skerry/core';
import { formatLink, fromBase64Url, parseAddress, toBase64Url } from '@skerry/protocol';

/**
 * The link that leads another device to this server and no other: its address and the fingerprint of its key. Holds no
 * secret. Undefined for an entry whose address no link can name.
 */
export async function connectLink(entry: Pick<ServerEntry, 'addresses' | 'key'>): Promise<string | undefined> {
  const parsed = parseAddress(entry.addresses[0]?.origin ?? '');
  const key = fromBase64Url(entry.key);
  // A link names no plain http beyond this machine.
  if (!parsed.ok || key === undefined || (!parsed.address.encrypted && !parsed.address.loopback)) return undefined;
  const digest = await crypto.subtle.digest('SHA-256', Uint8Array.from(key));
  return formatLink({ kind: 'connect', address: parsed.address, fp: toBase64Url(new Uint8Array(digest)) });
}
