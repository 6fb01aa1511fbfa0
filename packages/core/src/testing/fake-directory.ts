import { createHash } from 'node:crypto';
import {
  type AccountId,
  type Answer,
  type Body,
  type DeviceList,
  encodeDeviceBinding,
  encodeDeviceList,
  type PrekeyUpload,
  type RouteName,
  type SessionId,
  SkerryError,
} from '@skerry/protocol';
import type { KeysApi } from '../keys/keys-api.ts';
import { testCheck } from './signed-lists.ts';

type Bound = {
  readonly account: AccountId;
  readonly device: number;
  readonly session: SessionId;
  readonly signKey: string;
  readonly identityKey: string;
  readonly registrationId: number;
  signedPreKey: PrekeyUpload['signedPreKey'];
  kyberPreKey: PrekeyUpload['kyberPreKey'];
  preKeys: PrekeyUpload['preKeys'];
};

/** The part of a server that knows devices, their lists and prekeys, as honest as a test lets it be. */
export class FakeDirectory {
  readonly serverId: string;
  readonly devices: Bound[] = [];
  readonly lists = new Map<AccountId, DeviceList[]>();
  readonly calls: string[] = [];
  readonly sent: unknown[] = [];
  /** Asked before each call; what it throws is the answer. */
  before: (name: RouteName) => void = () => undefined;
  /** Bends what the directory says of a device. */
  bend = (bundle: Answer<'claimPrekeys'>): Answer<'claimPrekeys'> => bundle;

  constructor(serverId: string) {
    this.serverId = serverId;
  }

  newest(account: AccountId): number | undefined {
    return this.lists.get(account)?.at(-1)?.version;
  }

  /** What a context of that account's session calls. */
  api(account: AccountId, session: SessionId): KeysApi {
    const call = async (name: RouteName, { body }: { body?: unknown }): Promise<unknown> => {
      await Promise.resolve();
      this.calls.push(name);
      this.before(name);
      const own = this.devices.find((one) => one.account === account && one.session === session);
      switch (name) {
        case 'bindDevice':
          return this.#bind({ account, session }, body as Body<'bindDevice'>);
        case 'ownDevices':
          return { devices: this.devices.filter((one) => one.account === account).map(described) };
        case 'deviceLists':
          return {
            accounts: (body as Body<'deviceLists'>).accounts.map(({ account: asked, after }) => ({
              account: asked,
              lists: (this.lists.get(asked) ?? []).filter(({ version }) => version > after),
              more: false,
            })),
          };
        case 'publishPrekeys': {
          const { signedPreKey, kyberPreKey, preKeys } = body as PrekeyUpload;
          if (own === undefined) throw new SkerryError('no_device');
          own.signedPreKey = signedPreKey ?? own.signedPreKey;
          own.kyberPreKey = kyberPreKey ?? own.kyberPreKey;
          own.preKeys = [...own.preKeys, ...preKeys];
          return { oneTimeLeft: own.preKeys.length };
        }
        case 'claimPrekeys':
          return this.bend(this.#claim(body as Body<'claimPrekeys'>));
        case 'command': {
          const { command } = body as Body<'command'>;
          if (command.kind === 'devices.set') this.#set(command.list);
          else this.sent.push(command);
          return { seq: 1, n: 1 };
        }
        default:
          throw new SkerryError('not_found');
      }
    };
    return { call } as unknown as KeysApi;
  }

  async #bind(
    { account, session }: { account: AccountId; session: SessionId },
    body: Body<'bindDevice'>,
  ): Promise<Answer<'bindDevice'>> {
    const { device, signKey, identityKey, registrationId, signature } = body;
    const named = { serverId: this.serverId, account, session, device, signKey, identityKey, registrationId };
    if (!(await testCheck.verify({ bytes: encodeDeviceBinding(named), signature, publicKey: signKey })))
      throw new SkerryError('bad_request');
    const known = this.devices.findIndex((one) => one.account === account && one.signKey === signKey);
    const number = known < 0 ? this.devices.filter((one) => one.account === account).length + 1 : known + 1;
    if (known >= 0) this.devices[known] = { ...(this.devices[known] as Bound), session };
    else
      this.devices.push({
        ...{ account, device: number, session, signKey, identityKey, registrationId },
        ...{ signedPreKey: null, kyberPreKey: null, preKeys: [] },
      });
    return { device: number };
  }

  #claim({ account, device }: Body<'claimPrekeys'>): Answer<'claimPrekeys'> {
    const found = this.devices.find((one) => one.account === account && one.device === device);
    if (found?.signedPreKey == null || found.kyberPreKey == null) throw new SkerryError('not_found');
    const { registrationId, identityKey, signedPreKey, kyberPreKey } = found;
    return { registrationId, identityKey, signedPreKey, kyberPreKey, preKey: found.preKeys.shift() ?? null };
  }

  #set(list: DeviceList): void {
    const before = this.lists.get(list.account) ?? [];
    const last = before.at(-1);
    const { signature: _, succession: __, ...signed } = last ?? list;
    const digest = createHash('sha256').update(encodeDeviceList(this.serverId, signed)).digest('base64url');
    if (list.version !== before.length + 1 || list.previous !== (last === undefined ? null : digest))
      throw new SkerryError('list_refused');
    this.lists.set(list.account, [...before, list]);
  }
}

function described(one: Bound): Answer<'ownDevices'>['devices'][number] {
  const { device, session, signKey, identityKey, registrationId, preKeys, signedPreKey, kyberPreKey } = one;
  return {
    device,
    label: `Device ${device}`,
    sessionId: session,
    signKey,
    identityKey,
    registrationId,
    createdAt: 1,
    lastSeenAt: 1,
    oneTimeLeft: preKeys.length,
    signedPreKeyId: signedPreKey?.id ?? null,
    kyberPreKeyId: kyberPreKey?.id ?? null,
  };
}
