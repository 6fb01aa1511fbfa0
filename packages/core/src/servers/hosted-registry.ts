import { LocalError } from '../errors.ts';
import type { VaultStore } from '../stores/stores.ts';
import { constant, derived, Value } from '../value.ts';
import type { EntryId, ServerEntry } from '../views.ts';
import { readEntry } from './entry-record.ts';
import type { Registry } from './registry.ts';

/** There is only one, so its id may be the same everywhere: it names databases of this origin and leaves no device. */
const HOSTED_ENTRY = '00000000-0000-4000-8000-000000000001' as EntryId;
const NAME = 'entry';

/**
 * The list of a client that a server delivers itself: this server and no other. What has to be remembered of it (its key, the
 * account) lies sealed beside its sign-in; the list of servers of a hub is neither read nor written.
 */
export async function openHostedRegistry(vault: VaultStore, origin: string): Promise<Registry> {
  const stored = await vault.get(HOSTED_ENTRY, NAME);
  const entry = new Value(stored.kind === 'secret' ? (read(stored.value, origin) ?? blank(origin)) : blank(origin));
  let last: Promise<unknown> = Promise.resolve();
  const refused = (): Promise<never> =>
    Promise.reject(new LocalError('forbidden', 'This page belongs to its server and shows no other.'));
  return {
    fixed: true,
    entries: derived([entry], (one) => [one]),
    primary: constant(HOSTED_ENTRY),
    add: refused,
    remove: refused,
    removing: [],
    erased: () => Promise.resolve(),
    move: () => Promise.resolve(),
    setPrimary: () => Promise.resolve(),
    settled: async () => {
      await last;
    },
    change: (_id, changes) => {
      const changed = { ...entry.get(), ...changes };
      entry.set(changed);
      const done = last.then(() =>
        changed.key === '' ? undefined : vault.set(HOSTED_ENTRY, NAME, JSON.stringify(changed)),
      );
      last = done.catch(() => undefined);
      return done;
    },
  };
}

function read(text: string, origin: string): ServerEntry | undefined {
  try {
    const entry = readEntry(JSON.parse(text));
    return entry === undefined ? undefined : { ...entry, id: HOSTED_ENTRY, addresses: [{ origin, note: null }] };
  } catch {
    return undefined;
  }
}

/** Not known yet: the first key that is proved is kept. */
function blank(origin: string): ServerEntry {
  return {
    id: HOSTED_ENTRY,
    serverId: '',
    key: '',
    words: [],
    addresses: [{ origin, note: null }],
    account: null,
    label: null,
    color: null,
    muted: false,
    enabled: true,
    name: null,
    iconUrl: null,
    addedAt: 0,
    lastLiveAt: null,
  };
}
