import { recordName } from './record-name.ts';
import type { SignalStores } from './stores.ts';

/** Stores that last as long as the object. */
export function createMemoryStores(): SignalStores {
  const records = new Map<string, Uint8Array>();
  const load = async (of: Parameters<typeof recordName>[0]) => records.get(recordName(of))?.slice();
  const numbered = (store: 'preKey' | 'signedPreKey' | 'kyberPreKey') => ({
    load: (id: number) => load({ store, id }),
    ids: async () =>
      Array.from(records.keys())
        .filter((name) => name.startsWith(`${store}/`))
        .map((name) => Number(name.slice(store.length + 1)))
        .sort((a, b) => a - b),
  });
  return {
    identity: { own: () => load({ store: 'ownIdentity' }), of: (address) => load({ store: 'identity', address }) },
    preKeys: numbered('preKey'),
    signedPreKeys: numbered('signedPreKey'),
    kyberPreKeys: numbered('kyberPreKey'),
    sessions: { load: (address) => load({ store: 'session', address }) },
    senderKeys: { load: (sender, distributionId) => load({ store: 'senderKey', sender, distributionId }) },
    async commit(changes) {
      // All names are made before the first write: a change that makes no sense must not leave half a commit.
      const writes = changes.map((change) => [recordName(change), change.record?.slice()] as const);
      for (const [name, record] of writes) {
        if (record === undefined) records.delete(name);
        else records.set(name, record);
      }
    },
  };
}
