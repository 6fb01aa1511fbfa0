import { unreachable } from '../unreachable.ts';
import { addressKey } from './address.ts';
import type { Address } from './address.ts';
import type { Change, SignalStores } from './stores.ts';

/** Stores that last as long as the object. */
export function createMemoryStores(): SignalStores {
  const records = new Map<string, Uint8Array>();
  const load = async (key: string) => records.get(key)?.slice();
  const numbered = (store: string) => ({
    load: (id: number) => load(`${store}/${String(id)}`),
    ids: async () =>
      Array.from(records.keys())
        .filter((key) => key.startsWith(`${store}/`))
        .map((key) => Number(key.slice(store.length + 1)))
        .sort((a, b) => a - b),
  });
  return {
    identity: { own: () => load('ownIdentity'), of: (address: Address) => load(`identity/${addressKey(address)}`) },
    preKeys: numbered('preKey'),
    signedPreKeys: numbered('signedPreKey'),
    kyberPreKeys: numbered('kyberPreKey'),
    sessions: { load: (address) => load(`session/${addressKey(address)}`) },
    senderKeys: { load: (sender, id) => load(`senderKey/${id}/${addressKey(sender)}`) },
    async commit(changes) {
      // All keys are made before the first write: a change that makes no sense must not leave half a commit.
      const writes = changes.map((change) => [keyOf(change), change.record?.slice()] as const);
      for (const [key, record] of writes) {
        if (record === undefined) records.delete(key);
        else records.set(key, record);
      }
    },
  };
}

function keyOf(change: Change): string {
  switch (change.store) {
    case 'ownIdentity':
      return change.store;
    case 'identity':
    case 'session':
      return `${change.store}/${addressKey(change.address)}`;
    case 'preKey':
    case 'signedPreKey':
    case 'kyberPreKey':
      return `${change.store}/${String(change.id)}`;
    case 'senderKey':
      return `${change.store}/${change.distributionId}/${addressKey(change.sender)}`;
    default:
      return unreachable(change);
  }
}
