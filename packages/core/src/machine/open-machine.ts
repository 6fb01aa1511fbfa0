import { createQueues, type Device, signingKeyOf, verifyBytes, webCurve } from '@skerry/crypto';
import { adoptIdentity } from '@skerry/crypto/machine';
import { fromBase64Url, toBase64Url } from '@skerry/protocol';
import * as z from 'zod/mini';
import { LocalError } from '../errors.ts';
import type { ListCheck } from '../keys/list-chain.ts';
import { createStorage } from '../keys/storage.ts';
import type { MachineIdentity, MachineLink, MachineLinkOptions, MachinePlatform } from './face.ts';
import { Link } from './link.ts';
import { Records } from './records.ts';

const pinned = z.object({ key: z.string() });
const encoder = new TextEncoder();

/**
 * Opens what a pairing left and begins to connect. What is kept is read before this resolves; the server is not waited for.
 * @throws LocalError `bad_request` for keys that are none; what the store throws; CryptoError when it is another machine's
 */
export async function openMachine(options: MachineLinkOptions): Promise<MachineLink> {
  const { platform, store, identity } = options;
  const { subtle, random, clock } = platform;
  if (subtle === null) throw new LocalError('bad_request', 'There is no WebCrypto here.');
  const curve = await webCurve(subtle);
  const { stores, storage } = createStorage(store, { key: await storageKey(identity, platform), random });
  const signal: Device = { stores, exclusive: createQueues(), curve, random, clock };
  const { registrationId } = identity;
  const { identityKey } = await adoptIdentity(signal, { secret: keyOf(identity.identity), registrationId });
  const verify: ListCheck['verify'] = async ({ bytes, signature, publicKey }) => {
    const [mark, key] = [fromBase64Url(signature), fromBase64Url(publicKey)];
    return mark !== undefined && key !== undefined && verifyBytes({ bytes, signature: mark, publicKey: key }, curve);
  };
  const records = new Records(store, storage);
  const link = new Link({
    ...options,
    subtle,
    records,
    signal,
    verify,
    signKey: toBase64Url(signingKeyOf(keyOf(identity.signing)).publicKey),
    identityKey: toBase64Url(identityKey),
    serverKey: (await records.get('machine', 'pin', pinned))?.key ?? identity.serverKey,
  });
  try {
    await link.start();
  } catch (error) {
    await link[Symbol.asyncDispose]();
    throw error;
  }
  return link;
}

/** What a machine keeps opens with its identity alone, which lies elsewhere and is uniformly random. */
function storageKey({ serverId, identity }: MachineIdentity, { crypto }: MachinePlatform): Promise<Uint8Array> {
  return crypto.sha256(encoder.encode(`skerry/machine-store/1 ${serverId} ${toBase64Url(keyOf(identity))}`));
}

function keyOf(text: string): Uint8Array {
  const bytes = fromBase64Url(text);
  if (bytes?.length !== 32) throw new LocalError('bad_request', 'A key of this pairing is damaged.');
  return bytes;
}
