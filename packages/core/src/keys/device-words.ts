import { toBase64Url } from '@skerry/protocol';
import { wordsOf } from '../connection/proof.ts';
import type { Crypto } from '../platform.ts';

/**
 * Six words over both keys of a device, on its server and account. The device makes its keys before anybody sees them, so a
 * server that would pass off another device has to find keys for given words, 66 bits of them: words over something that
 * both sides bring along could be met half-way.
 */
export async function deviceWords(
  crypto: Crypto,
  of: { serverId: string; account: string; signKey: string; identityKey: string },
): Promise<readonly string[]> {
  const { serverId, account, signKey, identityKey } = of;
  const text = JSON.stringify(['skerry/device-words/1', serverId, account, signKey, identityKey]);
  return wordsOf(crypto, toBase64Url(await crypto.sha256(new TextEncoder().encode(text))));
}
