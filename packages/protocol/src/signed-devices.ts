import { encodeFields as encode } from './encode-fields.ts';
import type { DeviceList } from './keys.ts';
import type { GroupBlock } from './sealed.ts';

/** What a device signs with its own key to tie a session to itself. SPEC E-2. */
export function encodeDeviceBinding(binding: {
  serverId: string;
  account: string;
  session: string;
  device: number | null;
  signKey: string;
  identityKey: string;
  registrationId: number;
}): Uint8Array {
  return encode([
    'skerry/device/1',
    binding.serverId,
    binding.account,
    binding.session,
    String(binding.device ?? 0),
    binding.signKey,
    binding.identityKey,
    String(binding.registrationId),
  ]);
}

/** What an account's key signs of its device list; the digest of these bytes is the next list's `previous`. SPEC E-3. */
export function encodeDeviceList(serverId: string, list: Omit<DeviceList, 'signature' | 'succession'>): Uint8Array {
  return encode([
    'skerry/devices/1',
    serverId,
    list.account,
    list.accountKey,
    String(list.version),
    list.previous ?? '',
    String(list.at),
    String(list.devices.length),
    ...list.devices.flatMap(({ device, signKey, identityKey, addedAt }) => [
      String(device),
      signKey,
      identityKey,
      String(addedAt),
    ]),
    // A list without machines has the bytes it had before there were any.
    ...(list.machines === undefined || list.machines.length === 0
      ? []
      : [
          'machines',
          String(list.machines.length),
          ...list.machines.flatMap(({ device, signKey, identityKey, addedAt }) => [
            String(device),
            signKey,
            identityKey,
            String(addedAt),
          ]),
        ]),
  ]);
}

/** What the old account key signs so that another one may sign the list of this version and on. SPEC E-4. */
export function encodeSuccession(succession: {
  serverId: string;
  account: string;
  from: string;
  to: string;
  version: number;
}): Uint8Array {
  const { serverId, account, from, to, version } = succession;
  return encode(['skerry/succession/1', serverId, account, from, to, String(version)]);
}

/** What a member's device signs of a change of its group; the digest of these bytes is the next one's `previous`. SPEC E-9. */
export function encodeGroupBlock(serverId: string, block: Omit<GroupBlock, 'signature'>): Uint8Array {
  return encode([
    'skerry/group/1',
    serverId,
    block.channel,
    String(block.version),
    block.previous ?? '',
    String(block.at),
    block.author,
    String(block.device),
    String(block.add.length),
    ...block.add.flatMap(({ account, accountKey }) => [account, accountKey]),
    String(block.remove.length),
    ...block.remove,
  ]);
}

/**
 * Whom a message of an encrypted conversation was encrypted for: its SHA-256, base64url, is the `roster` of a send.
 * @param roster.chain version of the group's chain, 0 in a direct conversation
 * @param roster.members each member's account and the version of its device list, in any order. SPEC E-5
 */
export function encodeRoster(roster: {
  channel: string;
  chain: number;
  members: readonly { readonly account: string; readonly devices: number }[];
}): Uint8Array {
  const members = roster.members.toSorted((a, b) => (a.account < b.account ? -1 : 1));
  return encode([
    'skerry/roster/1',
    roster.channel,
    String(roster.chain),
    ...members.flatMap(({ account, devices }) => [account, String(devices)]),
  ]);
}
