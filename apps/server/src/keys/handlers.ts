import { SkerryError } from '@skerry/protocol';
import type { Handlers } from '../http/router.ts';

/** This server offers no keys yet: `capabilities` does not name them. */
const absent = async (): Promise<never> => {
  throw new SkerryError('not_found');
};

export const keyHandlers = (): Pick<
  Handlers,
  | 'challenge'
  | 'keyRegister'
  | 'keySignIn'
  | 'addKey'
  | 'bindDevice'
  | 'ownDevices'
  | 'renameDevice'
  | 'publishPrekeys'
  | 'claimPrekeys'
  | 'deviceLists'
  | 'putBlob'
  | 'blob'
  | 'putBackup'
  | 'backupInfo'
  | 'backup'
  | 'dropBackup'
  | 'icon'
  | 'setIcon'
  | 'removeIcon'
> => ({
  challenge: absent,
  keyRegister: absent,
  keySignIn: absent,
  addKey: absent,
  bindDevice: absent,
  ownDevices: absent,
  renameDevice: absent,
  publishPrekeys: absent,
  claimPrekeys: absent,
  deviceLists: absent,
  putBlob: absent,
  blob: absent,
  putBackup: absent,
  backupInfo: absent,
  backup: absent,
  dropBackup: absent,
  icon: absent,
  setIcon: absent,
  removeIcon: absent,
});
