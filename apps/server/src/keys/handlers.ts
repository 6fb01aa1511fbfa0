import { encodeDeviceBinding, fromBase64Url, SkerryError } from '@skerry/protocol';
import type { Database } from '../db/database.ts';
import { isSigned } from '../ed25519.ts';
import type { Handlers } from '../http/router.ts';
import type { RateLimits } from '../rate-limits.ts';

export type KeyDeps = {
  readonly db: Pick<Database, 'read' | 'write'>;
  readonly limits: RateLimits;
  readonly serverId: string;
};

/** First bytes that say what kind of key follows. */
const CURVE_KEY = 5;
const KYBER_KEY = 8;

/** Devices and the directory of their keys. Everything in here is public or a ciphertext. SPEC E-1. */
export function keyHandlers({
  db,
  limits,
  serverId,
}: KeyDeps): Pick<
  Handlers,
  'bindDevice' | 'ownDevices' | 'renameDevice' | 'publishPrekeys' | 'claimPrekeys' | 'deviceLists'
> {
  return {
    bindDevice: async ({ caller, body }) => {
      limits.take('device', caller.account);
      const { signature, ...binding } = body;
      requireKind(binding.identityKey, CURVE_KEY, 'identityKey');
      const bytes = encodeDeviceBinding({ serverId, ...caller, ...binding });
      if (!isSigned({ bytes, signature, publicKey: binding.signKey }))
        throw new SkerryError('bad_request', { field: 'signature', message: "This is not the device's signature." });
      return db.write('keys.bindDevice', { caller, binding });
    },

    ownDevices: async ({ caller }) => ({ devices: await db.read('keys.ownDevices', { account: caller.account }) }),

    renameDevice: async ({ caller, params, body }) => {
      await db.write('keys.renameDevice', { account: caller.account, device: params.device, label: body.label });
      return {};
    },

    publishPrekeys: async ({ caller, body }) => {
      limits.take('device', caller.account);
      if (body.signedPreKey !== null) requireKind(body.signedPreKey.publicKey, CURVE_KEY, 'signedPreKey.publicKey');
      if (body.kyberPreKey !== null) requireKind(body.kyberPreKey.publicKey, KYBER_KEY, 'kyberPreKey.publicKey');
      for (const { publicKey } of body.preKeys) requireKind(publicKey, CURVE_KEY, 'preKeys');
      return db.write('keys.publishPrekeys', { caller, upload: body });
    },

    claimPrekeys: async ({ caller, body }) => {
      limits.take('claim', `${caller.account} ${body.account} ${body.device}`);
      return db.write('keys.claimPrekeys', { caller, ...body });
    },

    deviceLists: ({ body }) => db.read('keys.deviceLists', body),
  };
}

/** @throws SkerryError bad_request for a key of another kind */
function requireKind(key: string, kind: number, field: string): void {
  if (fromBase64Url(key)?.[0] !== kind) throw new SkerryError('bad_request', { field });
}
