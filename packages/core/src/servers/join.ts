import { ACCOUNT_ROUTES, type SignedIn, SkerryError, uuidv7 } from '@skerry/protocol';
import { Api, callOpen } from '../api/api.ts';
import { LocalError, SignedOutError } from '../errors.ts';
import type { Credentials } from '../face.ts';
import type { PersonSource } from '../identity/person.ts';
import type { KeyLogin } from '../keys/key-login.ts';
import type { Platform } from '../platform.ts';
import type { VaultStore } from '../stores/stores.ts';
import type { EntryId, Found, ServerEntry } from '../views.ts';
import { authenticate, giveKey } from './authenticate.ts';
import { Identity } from './identity.ts';
import { plainServerName } from './label.ts';
import { type Registry, sameAccount } from './registry.ts';
import { REFRESH } from './session.ts';

export type JoinDeps = {
  readonly platform: Platform;
  readonly registry: Registry;
  readonly vault: VaultStore;
  readonly person: PersonSource;
};

/** What joining made of the list: a new entry, or a sign-in on one that was there already. */
export type Joined = {
  readonly id: EntryId;
  readonly account: SignedIn['account'];
  readonly isNew: boolean;
  /** Ends, on the server, the session that this one took the place of, once nothing here uses it. Tries once, never throws. */
  readonly endBefore: () => Promise<void>;
};

/**
 * Signs in or registers on a server that was found, after it proved the found key once more, and adds its entry. The secret
 * is stored before the entry, so that an entry never stands without it; when anything fails nothing is kept.
 * @throws SkerryError what the server said · IdentityError · ReachError
 */
export async function join(
  deps: JoinDeps,
  found: Found,
  options: { credentials: Credentials; signal: AbortSignal },
): Promise<Joined> {
  const { platform, registry, vault } = deps;
  refuseOtherKey(registry, found);
  const api = apiOf(platform, found, options);
  const login: KeyLogin = {
    api,
    person: deps.person,
    serverId: () => Promise.resolve(found.info.serverId),
    serverNow: async (signal) =>
      (await callOpen(platform.http, { origin: found.origin, name: 'info' }, { signal })).serverTime,
  };
  const signedIn = await authenticate(api, options.credentials, {
    device: platform.deviceLabel,
    signal: options.signal,
    login,
  });
  const signed = apiOf(platform, found, { ...options, token: () => Promise.resolve(signedIn.accessToken) });
  await giveKey({ ...login, api: signed }, options.credentials, options.signal);
  const { account } = signedIn;
  const known = registry.entries.get().find((entry) => sameAccount(entry, found.info.serverId, account.id));
  if (known !== undefined) {
    const before = await vault.get(known.id, REFRESH);
    await vault.set(known.id, REFRESH, signedIn.refreshToken);
    await registry.change(known.id, { addresses: withAddress(known, found.origin), enabled: true });
    const endBefore = (): Promise<void> =>
      before.kind === 'secret'
        ? endSession(platform, found, { refreshToken: before.value, signal: options.signal })
        : Promise.resolve();
    return { id: known.id, account, isNew: false, endBefore };
  }
  const entry = newEntry(platform, found, account);
  await vault.set(entry.id, REFRESH, signedIn.refreshToken);
  try {
    await registry.add(entry);
  } catch (error) {
    await vault.deleteAll(entry.id);
    throw error;
  }
  return { id: entry.id, account, isNew: true, endBefore: () => Promise.resolve() };
}

/** Adds an entry without signing in. One that is there already, never signed in, is used again. */
export async function addSignedOut(deps: JoinDeps, found: Found): Promise<EntryId> {
  const { platform, registry } = deps;
  refuseOtherKey(registry, found);
  const known = registry.entries
    .get()
    .find((entry) => entry.serverId === found.info.serverId && entry.account === null);
  if (known !== undefined) {
    await registry.change(known.id, { addresses: withAddress(known, found.origin) });
    return known.id;
  }
  const entry = newEntry(platform, found, null);
  await registry.add(entry);
  return entry.id;
}

/** Sets a new password with a code. Nothing is stored here. @throws SkerryError */
export async function resetPassword(
  platform: Platform,
  found: Found,
  options: { code: string; password: string; signal: AbortSignal },
): Promise<void> {
  const { code, password, signal } = options;
  const api = apiOf(platform, found, { signal }).with(ACCOUNT_ROUTES);
  await api.call('reset', { body: { code, password }, signal });
}

/** The remembered key is changed in one place only, where the person compares the words. */
function refuseOtherKey(registry: Registry, found: Found): void {
  const other = registry.entries
    .get()
    .some((entry) => entry.serverId === found.info.serverId && entry.key !== found.info.key);
  if (other)
    throw new LocalError(
      'forbidden',
      'This server is in your list with another key. Open it there and compare the words.',
    );
}

/** Nobody could end it any more once its token is replaced here, so it is done while the token is still at hand. */
async function endSession(
  platform: Platform,
  found: Found,
  { refreshToken, signal }: { refreshToken: string; signal: AbortSignal },
): Promise<void> {
  try {
    const { accessToken } = await apiOf(platform, found, { signal }).call('refresh', {
      body: { refreshToken },
      signal,
    });
    await apiOf(platform, found, { signal, token: () => Promise.resolve(accessToken) }).call('signOut', { signal });
  } catch {
    // It runs out by itself, or the person ends it in the list of sessions.
  }
}

const nobody = (): Promise<never> => Promise.reject(new SignedOutError('never'));

/** An API for one address and the key it has just proved, with no sign-in unless a token is given. */
function apiOf(
  platform: Platform,
  found: Found,
  { signal, token = nobody }: { signal: AbortSignal; token?: () => Promise<string> },
): Api {
  const { http, crypto, clock, random } = platform;
  const identity = new Identity({
    http,
    crypto,
    clock,
    random,
    pin: () => ({ serverId: found.info.serverId, key: found.info.key }),
    origins: () => [found.origin],
    onPin: () => undefined,
    onMismatch: () => undefined,
    signal,
  });
  return new Api({
    http,
    proven: (maxAgeMs, caller) => identity.proven(maxAgeMs, caller),
    access: { token, renewed: nobody },
  });
}

function newEntry({ clock, random }: Platform, found: Found, account: SignedIn['account'] | null): ServerEntry {
  if (found.info.key === '') throw new SkerryError('bad_request');
  return {
    id: uuidv7<EntryId>(clock.now(), random.bytes(10)),
    serverId: found.info.serverId,
    key: found.info.key,
    words: found.words,
    addresses: [{ origin: found.origin, note: null }],
    account: account === null ? null : { id: account.id, username: account.username, displayName: account.displayName },
    label: null,
    color: null,
    muted: false,
    enabled: true,
    name: plainServerName(found.info.name),
    iconUrl: found.info.icon_url,
    addedAt: clock.now(),
    lastLiveAt: null,
  };
}

function withAddress(entry: ServerEntry, origin: string): ServerEntry['addresses'] {
  return entry.addresses.some((address) => address.origin === origin)
    ? entry.addresses
    : [...entry.addresses, { origin, note: null }];
}
