import type { Subscribable } from '../subscribable.ts';
import type { DeviceStatus } from './ports.ts';

/** Where the keys of one server stand. */
export type KeysState =
  /** This device has no master secret. */
  { readonly kind: 'off' } | { readonly kind: 'locked' } | DeviceStatus;

/** One of the person's devices on this server. */
export type OwnDeviceView = {
  readonly device: number;
  readonly label: string;
  readonly isThis: boolean;
  /** `listed`: signed by the person's key. `wantsIn`: it signed in and waits to be approved. */
  readonly standing: 'listed' | 'wantsIn';
  /** Six words that tell its keys; the device itself shows them while it waits. */
  readonly words: readonly string[];
  readonly signedIn: boolean;
  readonly createdAt: number;
  readonly lastSeenAt: number;
};

export type BackupInfo = { readonly at: number; readonly bytes: number };
export type BackupRun = {
  readonly signal?: AbortSignal;
  readonly onProgress?: (moved: number, total: number | null) => void;
};
/** What came back. Sessions never do: this device has its own. */
export type Restored = { readonly records: number; readonly madeAt: number };

/** Keys, devices and backups of one server. Methods wait until the keys are loaded; see each for what is needed beyond. */
export interface KeysHandle {
  readonly state: Subscribable<KeysState>;
  /** Own devices as last heard, this one first; asked for on each connection and by {@link reload}. */
  readonly devices: Subscribable<readonly OwnDeviceView[]>;
  reload(signal?: AbortSignal): Promise<void>;
  /** For an account made with a password (`noKey`). @throws SkerryError `credentials_wrong`, `key_taken` */
  addKey(password: string): Promise<void>;
  rename(device: number, label: string): Promise<void>;
  /**
   * The words shown here and on that device are the same: signs it onto the list and hands it the master secret. The person
   * then compares `person.state.words` of this device with what the new one shows.
   * @param words as shown in {@link OwnDeviceView}, so that a device whose keys changed meanwhile is not approved
   * @throws LocalError `bad_request` when they are other ones by now
   */
  approve(device: number, words: readonly string[]): Promise<void>;
  /** Takes it off the list and ends its session. Also refuses one that wants in. */
  revoke(device: number): Promise<void>;
  /** The same, and moves the account to its next key; others see that it changed, vouched for by the old one. */
  revokeAsStolen(device: number): Promise<void>;

  backupInfo(signal?: AbortSignal): Promise<BackupInfo | null>;
  /** Encrypts what this device keeps of the conversations here, and has the server keep it in place of the one before. */
  saveBackup(run?: BackupRun): Promise<BackupInfo>;
  /** Needs the master secret. What is here already stays. @throws SkerryError `not_found`; LocalError `bad_request` */
  restoreBackup(run?: BackupRun): Promise<Restored>;
  dropBackup(): Promise<void>;
  /** The same bytes as a file. */
  exportBackup(run?: BackupRun): Promise<Uint8Array>;
  /** @throws LocalError `bad_request` for a file that isn't a backup of this account, or is not whole */
  importBackup(file: Uint8Array, run?: BackupRun): Promise<Restored>;
}
