import { bindDevice, renameDevice } from './device-writes.ts';
import { claimPrekeys, publishPrekeys } from './prekey-writes.ts';
import { deviceLists, ownDevices } from './reads.ts';

export const KEY_WRITES = {
  'keys.bindDevice': bindDevice,
  'keys.renameDevice': renameDevice,
  'keys.publishPrekeys': publishPrekeys,
  'keys.claimPrekeys': claimPrekeys,
};

export const KEY_READS = { 'keys.ownDevices': ownDevices, 'keys.deviceLists': deviceLists };
