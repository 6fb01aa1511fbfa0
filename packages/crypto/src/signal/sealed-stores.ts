import type { Random } from '../ports.ts';
import { openRecord, sealRecord } from '../sealed-record.ts';
import { idIn, recordName } from './record-name.ts';
import type { Change, SignalStores } from './stores.ts';

/** A value to write, or to delete where it is undefined. */
export type RecordWrite = { readonly key: string; readonly value: Uint8Array | undefined };

/** The little that stores need of a database. It is handed in, already one account's alone: keys are names within it. */
export interface RecordPort {
  get(key: string): Promise<Uint8Array | undefined>;
  /** Every key that begins with the prefix, in any order. */
  keys(prefix: string): Promise<readonly string[]>;
  /** All of them or none, and of two writes to one key the later one: resolves once they would survive a crash. */
  commit(writes: readonly RecordWrite[]): Promise<void>;
}

export type SealedStores = SignalStores & {
  /**
   * What a commit of these changes would write. For a `settle` that writes more than the changes: its own writes and
   * these belong in one commit of the port.
   * @throws CryptoError `malformed` for a change that makes no sense
   */
  writesOf(changes: readonly Change[]): RecordWrite[];
};

const PREFIX = 'signal/';

/**
 * The stores of one device over a key-value port. Each record is sealed under the storage key and its own name; the
 * names themselves (addresses, numbers, distribution ids) are not hidden. Loading rejects with CryptoError
 * `cannot_open` or `malformed` where a record isn't what these stores wrote.
 * @param options.key 32 bytes
 */
export function signalStoresOver(port: RecordPort, options: { key: Uint8Array; random: Random }): SealedStores {
  const { key, random } = options;
  const load = async (of: Parameters<typeof recordName>[0]) => {
    const name = PREFIX + recordName(of);
    const sealed = await port.get(name);
    return sealed === undefined ? undefined : openRecord(sealed, { key, name });
  };
  const numbered = (store: 'preKey' | 'signedPreKey' | 'kyberPreKey') => ({
    load: (id: number) => load({ store, id }),
    ids: async () => {
      const names = await port.keys(`${PREFIX}${store}/`);
      return names.map((name) => idIn(name.slice(PREFIX.length), store)).sort((a, b) => a - b);
    },
  });
  const writesOf = (changes: readonly Change[]) =>
    changes.map((change) => {
      const name = PREFIX + recordName(change);
      const { record } = change;
      return { key: name, value: record === undefined ? undefined : sealRecord(record, { key, name }, random) };
    });
  return {
    identity: { own: () => load({ store: 'ownIdentity' }), of: (address) => load({ store: 'identity', address }) },
    preKeys: numbered('preKey'),
    signedPreKeys: numbered('signedPreKey'),
    kyberPreKeys: numbered('kyberPreKey'),
    sessions: { load: (address) => load({ store: 'session', address }) },
    senderKeys: { load: (sender, distributionId) => load({ store: 'senderKey', sender, distributionId }) },
    writesOf,
    commit: async (changes) => port.commit(writesOf(changes)),
  };
}
