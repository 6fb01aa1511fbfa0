import { backupOf, readableBlob } from './blob-reads.ts';
import { dropBackup, keepBackup, keepBlob, requireUpload, tidyKeys } from './blob-writes.ts';
import { renameDevice } from '../log/device-rows.ts';
import { bindDevice } from './device-writes.ts';
import { claimPrekeys, publishPrekeys } from './prekey-writes.ts';
import { deviceLists, ownDevices } from './reads.ts';
import { addPart, dropParts, leftovers, readPart } from './stored-bytes.ts';

export const KEY_WRITES = {
  'keys.bindDevice': bindDevice,
  'keys.renameDevice': renameDevice,
  'keys.publishPrekeys': publishPrekeys,
  'keys.claimPrekeys': claimPrekeys,
  'keys.addPart': addPart,
  'keys.dropParts': dropParts,
  'keys.keepBlob': keepBlob,
  'keys.keepBackup': keepBackup,
  'keys.dropBackup': dropBackup,
  'keys.tidy': tidyKeys,
};

export const KEY_READS = {
  'keys.ownDevices': ownDevices,
  'keys.deviceLists': deviceLists,
  'keys.requireUpload': requireUpload,
  'keys.readableBlob': readableBlob,
  'keys.backup': backupOf,
  'keys.part': readPart,
  'keys.leftovers': leftovers,
};
