import {
  type AccountId,
  type DeviceList,
  encodeDeviceList,
  encodeSuccession,
  type ListedDevice,
} from '@skerry/protocol';
import type { EverListed, ListRefusal } from './ports.ts';

/** What is kept of an account's lists: the newest one that was verified, and every device that ever was on one. */
export type KeptList = {
  readonly account: AccountId;
  readonly accountKey: string;
  readonly version: number;
  /** Of the newest list's signed bytes, base64url. */
  readonly digest: string;
  readonly devices: readonly ListedDevice[];
  /** Computers that run agents, as they were signed: kept so that the next list names them too. SPEC M-2. */
  readonly machines?: readonly ListedDevice[] | undefined;
  readonly ever: readonly EverListed[];
  /** Machines that are or were on a list: what they signed counts for nothing a device signs. */
  readonly everMachines?: readonly EverListed[] | undefined;
};

export type ListCheck = {
  readonly serverId: string;
  readonly account: AccountId;
  /** A key without succession that a person has accepted. */
  readonly accepted: string | null;
  /** Ed25519, strict. */
  readonly verify: (signed: { bytes: Uint8Array; signature: string; publicKey: string }) => Promise<boolean>;
  /** SHA-256, base64url. */
  readonly digest: (bytes: Uint8Array) => Promise<string>;
};

export type Followed =
  | {
      readonly ok: true;
      readonly kept: KeptList;
      /** The account key moved with this list. */
      readonly moved: { readonly from: string; readonly to: string; readonly by: 'succession' | 'accepted' } | null;
    }
  /** `offered`: the key that a person may accept. */
  | { readonly ok: false; readonly refusal: ListRefusal; readonly offered: string | null };

/** More devices than an honest account ever has; a lying one fills no memory. */
const MOST_EVER = 1_000;

/**
 * Whether a list follows what is kept of its account: pure, and the only judge of lists, for others' as for the own. A first
 * list is taken with its key; from then on only a list that the same key signed, or a key that the old one vouched for, and
 * never one from before. SPEC E-3, E-4.
 */
export async function followList(kept: KeptList | undefined, list: DeviceList, check: ListCheck): Promise<Followed> {
  const { serverId, account, accepted, verify } = check;
  if (list.account !== account) return refused('wrong_account');
  if (list.version !== (kept?.version ?? 0) + 1) return refused('wrong_version');
  if (list.previous !== (kept?.digest ?? null)) return refused('forked');
  const { signature, succession, ...signed } = list;
  const bytes = encodeDeviceList(serverId, signed);
  if (!(await verify({ bytes, signature, publicKey: list.accountKey }))) return refused('signature_wrong');
  const wrong = wrongDevices(kept, list);
  if (wrong !== undefined) return refused(wrong);

  const isMoved = kept !== undefined && kept.accountKey !== list.accountKey;
  if (succession !== null) {
    if (!isMoved || succession.from !== kept.accountKey) return refused('succession_wrong');
    const { from } = succession;
    const word = encodeSuccession({ serverId, account, from, to: list.accountKey, version: list.version });
    if (!(await verify({ bytes: word, signature: succession.signature, publicKey: from })))
      return refused('succession_wrong');
  } else if (isMoved && accepted !== list.accountKey) return refused('key_without_succession', list.accountKey);

  const { accountKey, version, devices, machines = [] } = list;
  const ever = everAfter(kept?.ever ?? [], devices, list.at);
  const everMachines = everAfter(machinesEver(kept), machines, list.at);
  if (ever.length > MOST_EVER || everMachines.length > MOST_EVER) return refused('devices_malformed');
  return {
    ok: true,
    kept: {
      account,
      accountKey,
      version,
      digest: await check.digest(bytes),
      devices,
      ...(list.machines === undefined ? {} : { machines: list.machines }),
      ever,
      ...(everMachines.length === 0 ? {} : { everMachines }),
    },
    moved: isMoved
      ? { from: kept.accountKey, to: accountKey, by: succession === null ? 'accepted' : 'succession' }
      : null,
  };
}

/** All that ever were on a list, and since when they are not. */
function everAfter(ever: readonly EverListed[], listed: readonly ListedDevice[], at: number): readonly EverListed[] {
  const known = new Set(ever.map(({ device }) => device));
  const isOn = (one: EverListed): boolean => listed.some(({ device }) => device === one.device);
  const before = ever.map((one) => (isOn(one) || one.removedAt !== undefined ? one : { ...one, removedAt: at }));
  return [...before, ...listed.filter(({ device }) => !known.has(device))];
}

/** What was kept before machines were told apart names those of the newest list alone. */
function machinesEver(kept: KeptList | undefined): readonly EverListed[] {
  return kept?.everMachines ?? kept?.machines ?? [];
}

/** A number is a device for good, and a device has one number; a machine is never a device, nor the other way. SPEC E-2, M-2. */
export function wrongDevices(
  kept: KeptList | undefined,
  { devices, machines = [] }: Pick<DeviceList, 'devices' | 'machines'>,
): ListRefusal | undefined {
  const all = [...devices, ...machines];
  const keys = new Set(all.flatMap(({ signKey, identityKey }) => [signKey, identityKey]));
  const numbers = new Set(all.map(({ device }) => device));
  if (!ascends(devices) || !ascends(machines) || numbers.size !== all.length || keys.size !== 2 * all.length)
    return 'devices_malformed';
  const ofDevices = { listed: devices, before: kept?.devices ?? [], ever: kept?.ever ?? [] };
  const ofMachines = { listed: machines, before: kept?.machines ?? [], ever: machinesEver(kept) };
  return wrongOnes(ofDevices, ofMachines.ever) ?? wrongOnes(ofMachines, ofDevices.ever);
}

function ascends(listed: readonly ListedDevice[]): boolean {
  return listed.every(({ device }, index) => index === 0 || device > (listed[index - 1]?.device ?? 0));
}

/** @param others what ever was listed as the other of the two: none of it may turn up here */
function wrongOnes(
  of: { listed: readonly ListedDevice[]; before: readonly ListedDevice[]; ever: readonly EverListed[] },
  others: readonly EverListed[],
): ListRefusal | undefined {
  const wasListed = new Set(of.before.map(({ device }) => device));
  for (const one of of.listed) {
    const before = of.ever.find(({ device }) => device === one.device);
    if (before !== undefined && (before.signKey !== one.signKey || before.identityKey !== one.identityKey))
      return 'device_swapped';
    if (before !== undefined && !wasListed.has(one.device)) return 'device_returned';
    const hasItsKeys = (other: EverListed): boolean =>
      other.signKey === one.signKey || other.identityKey === one.identityKey;
    const isTaken = of.ever.some((other) => other.device !== one.device && hasItsKeys(other));
    if (before === undefined && isTaken) return 'device_swapped';
    if (others.some((other) => other.device === one.device || hasItsKeys(other))) return 'device_swapped';
  }
  return undefined;
}

function refused(refusal: ListRefusal, offered: string | null = null): Followed {
  return { ok: false, refusal, offered };
}
