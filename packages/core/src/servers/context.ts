import { type ChannelId, formatLink, type MessageId, parseAddress, SkerryError } from '@skerry/protocol';
import { eitherSignal } from '../abort.ts';
import { Api, callOpen } from '../api/api.ts';
import { Connection } from '../connection/connection.ts';
import { MachineWire } from '../connection/machine-wire.ts';
import { fingerprintOf } from '../connection/proof.ts';
import { Requests } from '../connection/requests.ts';
import { type IdentityError, LocalError, SignedOutError } from '../errors.ts';
import type { Credentials } from '../face.ts';
import type { DialSlots } from '../fleet/dial-slots.ts';
import type { Turns } from '../fleet/turns.ts';
import type { PersonSource } from '../identity/person.ts';
import type { KeyLogin } from '../keys/key-login.ts';
import { LateCrypto } from '../keys/late-crypto.ts';
import { STORAGE_KEY } from '../keys/names.ts';
import { Lifetime } from '../lifetime.ts';
import type { Platform } from '../platform.ts';
import type { VaultStore } from '../stores/stores.ts';
import type { Subscribable } from '../subscribable.ts';
import { createEntrySync } from '../sync/create-entry-sync.ts';
import type { Entry } from '../sync/entry.ts';
import { Value } from '../value.ts';
import type { EntryId, ServerEntry, StorageProblem } from '../views.ts';
import { checkAddresses } from './check-addresses.ts';
import { described } from './described.ts';
import { erase } from './erase.ts';
import { Identity } from './identity.ts';
import { type Registry, sameAccount } from './registry.ts';
import { ServerIcon } from './server-icon.ts';
import { Session } from './session.ts';

/** What all servers share: the device, the list, and the turns that keep one from starving the others. */
export type Shared = {
  readonly platform: Platform;
  readonly registry: Registry;
  readonly vault: VaultStore;
  readonly person: PersonSource;
  readonly turns: Turns;
  readonly slots: DialSlots;
  readonly focused: Subscribable<EntryId | undefined>;
  readonly onProblem: (problem: StorageProblem) => void;
};

/** What a link of this server leads to. */
type LinkTarget =
  | { readonly kind: 'join'; readonly invite: string }
  | { readonly kind: 'reset'; readonly code: string }
  | { readonly kind: 'open'; readonly channel: ChannelId; readonly message: MessageId };

/** Ways in, which a person who is signed in does not need: not part of what a page loads first. */
const signingIn = () => import('./authenticate.ts');

const GOODBYE_MS = 5_000;
/** Who told the time has proved to be the pinned server so lately. */
const HEARD_MS = 60_000;

/**
 * Everything of one server entry: addresses, key, sign-in, requests, socket, what is stored. No other part of the program
 * holds any of it, so nothing of one server can reach another.
 */
export class ServerContext implements AsyncDisposable {
  readonly id: EntryId;
  readonly api: Api;
  readonly connection: Connection;
  readonly requests: Requests;
  readonly machines = new MachineWire();
  readonly #shared: Shared;
  readonly #lifetime = new Lifetime();
  /** Ends before the connection does: that it closes now is nothing to remember. */
  readonly #following = new Lifetime();
  readonly #entry: Value<ServerEntry>;
  readonly #kept: Value<Entry>;
  readonly #identity: Identity;
  readonly #session: Session;
  readonly icon: ServerIcon;
  readonly keys: LateCrypto;
  #cancelUnmute: () => void = () => undefined;
  #seen: IdentityError | undefined;
  #ending: Promise<void> | undefined;

  constructor(shared: Shared, entry: ServerEntry) {
    this.id = entry.id;
    this.#shared = shared;
    this.#entry = new Value(entry);
    const { clock, random, crypto, http, openTransport, deviceLabel } = shared.platform;
    const { signal } = this.#lifetime;
    this.#identity = new Identity({
      http,
      crypto,
      clock,
      random,
      pin: () => pinOf(this.#entry.get()),
      origins: () => this.#origins(),
      onPin: (pin, words) => void this.#note({ ...pin, words }),
      onMismatch: (error) => this.#mismatch(error),
      signal,
    });
    this.#session = new Session({
      entryId: entry.id,
      vault: shared.vault,
      clock,
      refresh: (refreshToken) => this.api.call('refresh', { body: { refreshToken }, signal }),
      account: () => this.#entry.get().account?.id ?? null,
      onEnded: (error) => this.connection.stopFor(error),
      onProblem: shared.onProblem,
    });
    this.api = new Api({
      http,
      proven: (maxAgeMs, caller) => this.#identity.proven(maxAgeMs, caller),
      access: this.#session,
    });
    this.#kept = new Value(this.#open());
    this.requests = new Requests(clock);
    this.keys = new LateCrypto({
      platform: shared.platform,
      person: shared.person,
      vault: shared.vault,
      api: this.api,
      entry: this.#entry,
      kept: this.#kept,
      session: () => this.#session.current(),
      knownSession: () => this.#session.id,
      redial: () => {
        if (this.connection.state.get().kind === 'live') this.connection.redial();
      },
      run: (id, command, caller) => this.requests.run(id, command, caller),
      isLive: () => this.connection.state.get().kind === 'live',
    });
    this.connection = new Connection(
      {
        clock,
        random,
        openTransport,
        turns: shared.turns,
        slots: shared.slots,
        device: deviceLabel,
        requests: this.requests,
        machines: this.machines,
        nonce: () => this.#identity.nonce(),
        check: (asked, proof) => this.#identity.check(asked, proof),
        hold: (origin) => this.#identity.hold(origin),
        token: () => this.#session.token(),
        refuse: (token) => this.#session.refuse(token),
        signedIn: () => this.#session.check(),
        account: () => this.#entry.get().account?.id ?? null,
        origins: () => this.#origins(),
        focused: () => this.#isFocused(),
        ready: async () => {
          const kept = this.#kept.get();
          await kept.ready;
          await this.keys.prepare();
          return kept.sync;
        },
        health: (origin, caller) => callOpen(http, { origin, name: 'health' }, { signal: caller }),
        heardTime: (serverTime) => this.#kept.get().heardTime(serverTime),
        away: shared.platform.connectivity.idle,
      },
      entry.enabled,
    );
    this.icon = new ServerIcon({
      iconUrl: () => this.#entry.get().iconUrl,
      live: () => this.connection.state.get().kind === 'live',
      fetch: (digest, caller) => this.api.call('icon', { params: { digest }, signal: caller }),
      crypto,
      kept: { get: () => this.#kept.get().icon.get(), set: (picture) => this.#kept.get().icon.set(picture) },
      signal,
    });
    this.#follow();
    this.#planUnmute();
    this.#following.add(() => this.#cancelUnmute());
  }

  get entry(): Subscribable<ServerEntry> {
    return this.#entry;
  }
  /** What is stored of it; another one after it was wiped. */
  get kept(): Subscribable<Entry> {
    return this.#kept;
  }
  /** The address that last proved itself. */
  get inUse(): Subscribable<string | null> {
    return this.#identity.inUse;
  }

  /** Ends with this context; for what the person asked of this server. */
  get signal(): AbortSignal {
    return this.#lifetime.signal;
  }

  /** @throws SkerryError; `forbidden` when it is another account than the one this entry belongs to */
  async signIn(credentials: Credentials, signal: AbortSignal): Promise<void> {
    const { deviceLabel } = this.#shared.platform;
    const login = this.#login();
    const { authenticate, giveKey } = await signingIn();
    const signedIn = await authenticate(this.api, credentials, { device: deviceLabel, signal, login });
    const { account } = this.#entry.get();
    if (account !== null && account.id !== signedIn.account.id) {
      await this.#endSession(signedIn.accessToken);
      throw new LocalError(
        'forbidden',
        `This entry belongs to ${account.username}. Add the server once more for another account.`,
      );
    }
    if (account === null && this.#isListed(signedIn.account.id)) {
      await this.#endSession(signedIn.accessToken);
      throw new LocalError(
        'forbidden',
        `${signedIn.account.username} on this server is in your list already. Open that entry instead.`,
      );
    }
    await this.#session.adopt(signedIn);
    const { id, username, displayName } = signedIn.account;
    await this.#note({ account: { id, username, displayName } });
    await giveKey(login, credentials, signal);
    this.connection.settled();
    this.keys.signedIn();
  }

  /** A sign-in for this entry was put into the vault. */
  signedInAgain(): void {
    this.#session.reload();
    this.connection.settled();
    this.keys.signedIn();
  }

  /** @throws what the store throws; then nothing has changed */
  async pause(): Promise<void> {
    await this.#change({ enabled: false });
  }

  /** @throws what the store throws; then nothing has changed */
  async resume(): Promise<void> {
    await this.#change({ enabled: true });
  }

  /** @returns whether the server was told, too */
  async signOut(stored: 'keep' | 'wipe'): Promise<boolean> {
    this.connection.stopFor(new SignedOutError('person'));
    const told = await this.#tellGoodbye(stored === 'wipe');
    await this.#session.drop();
    if (stored === 'wipe') await this.#wipe();
    return told;
  }

  /**
   * Takes this entry off the list and deletes all that is stored of it; what is cut off goes on at the next start.
   * @throws what the list's store throws; then the entry is still there
   */
  async remove(signOutThere: boolean): Promise<boolean> {
    if (this.#shared.registry.fixed)
      throw new LocalError('forbidden', 'This page belongs to its server and shows no other.');
    if (signOutThere) this.connection.stopFor(new SignedOutError('person'));
    const told = signOutThere && (await this.#tellGoodbye(true));
    const { platform, vault, registry } = this.#shared;
    await registry.remove(this.id);
    await this[Symbol.asyncDispose]();
    await erase({ storage: platform.storage, vault, registry }, this.id);
    return told;
  }

  /** @throws SkerryError `bad_request` for an address that is none, or that would give up encryption; what the store throws */
  async update(
    changes: Partial<Pick<ServerEntry, 'label' | 'color' | 'muted' | 'mutedUntil' | 'addresses'>>,
  ): Promise<void> {
    if (changes.addresses !== undefined && this.#shared.registry.fixed) throw new SkerryError('forbidden');
    if (changes.addresses !== undefined) checkAddresses(changes.addresses, this.#entry.get().addresses);
    await this.#change(changes);
  }

  /**
   * A page that a server delivers knows no other: there, a server that was set up anew takes the place of the one that was,
   * with nothing of that one left.
   * @throws SkerryError `bad_request` when that key was not seen; `forbidden` when it is another server altogether
   */
  async acceptIdentity(seenKey: string): Promise<void> {
    const seen = this.#seen;
    if (seen?.problem !== 'otherKey' || seen.seen.key !== seenKey) throw new SkerryError('bad_request');
    const { key, serverId, words } = seen.seen;
    const known = this.#entry.get().serverId;
    const isAnother = known !== '' && serverId !== known;
    if (isAnother && !this.#shared.registry.fixed) {
      throw new LocalError(
        'forbidden',
        'Another server answers at this address. Add it as a new one; this entry keeps what it has.',
      );
    }
    this.#identity.forget();
    if (isAnother) {
      await this.#session.drop();
      await this.#wipe();
      await this.#change({ serverId, key, words, account: null, name: null, iconUrl: null });
    } else await this.#change({ key, words });
    this.#seen = undefined;
    this.connection.settled();
  }

  /** The person wants to know whether the right server answers by now. */
  lookAgain(): void {
    this.connection.settled();
  }

  /** A link that names this server's address and key, so that whoever follows it knows whether it is the same. */
  async link(what: LinkTarget): Promise<string> {
    const { addresses, key } = this.#entry.get();
    const parsed = parseAddress(this.inUse.get() ?? addresses[0]?.origin ?? '');
    if (!parsed.ok) throw new SkerryError('bad_request');
    return formatLink({
      ...what,
      address: parsed.address,
      fp: await fingerprintOf(this.#shared.platform.crypto, key),
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  async #end(): Promise<void> {
    await this.#following[Symbol.asyncDispose]();
    await this.connection[Symbol.asyncDispose]();
    await this.#lifetime[Symbol.asyncDispose]();
    // Backwards: what is read from the socket needs keys, and those their store. S4.25
    await this.keys[Symbol.asyncDispose]();
    await this.#kept.get()[Symbol.asyncDispose]();
  }

  #open(): Entry {
    const { storage, clock, random } = this.#shared.platform;
    const { api, id } = this;
    return createEntrySync({
      entryId: id,
      api: {
        snapshot: (signal) => api.call('snapshot', { signal }),
        messages: (channelId, query, signal) => api.call('messages', { params: { channelId }, query, signal }),
        message: (messageId, signal) => api.call('message', { params: { messageId }, signal }),
        members: (channelId, signal) => api.call('members', { params: { channelId }, signal }),
      },
      openState: () => storage.state(id),
      openCache: () => storage.cache(id),
      clock,
      random,
      isFocused: () => this.#isFocused(),
      onProblem: this.#shared.onProblem,
    });
  }

  #wipe(): Promise<void> {
    return this.keys.without(async () => {
      await this.#kept.get()[Symbol.asyncDispose]();
      await this.#shared.platform.storage.destroy(this.id);
      // What it sealed is gone, and whatever comes next is sealed anew.
      await this.#shared.vault.delete(this.id, STORAGE_KEY);
      this.#kept.set(this.#open());
    });
  }

  #login(): KeyLogin {
    const { clock, http } = this.#shared.platform;
    return {
      api: this.api,
      person: this.#shared.person,
      // A page that its server delivers knows no other, and this one only once it has proved itself.
      serverId: async (signal) => {
        await this.#identity.proven(HEARD_MS, signal);
        return this.#entry.get().serverId;
      },
      serverNow: async (signal) => {
        const skew = this.#kept.get().skew.get();
        if (skew !== null) return clock.now() + skew;
        const origin = await this.#identity.proven(HEARD_MS, signal);
        return (await callOpen(http, { origin, name: 'info' }, { signal })).serverTime;
      },
    };
  }

  /** Keeps the entry in step with the list, the connection and what the server says of itself. */
  #follow(): void {
    const { registry, platform } = this.#shared;
    const follow = (source: Subscribable<unknown>, act: () => void): void => this.#following.add(source.subscribe(act));
    follow(registry.entries, () => {
      const entry = registry.entries.get().find(({ id }) => id === this.id);
      if (entry === undefined) return;
      const before = this.#entry.get();
      this.#entry.set(entry);
      if (entry.enabled !== before.enabled) this.#enabledChanged(entry.enabled);
      if (entry.addresses !== before.addresses) this.#addressesChanged();
      if (entry.iconUrl !== before.iconUrl) this.icon.changed();
      if (entry.mutedUntil !== before.mutedUntil || entry.muted !== before.muted) this.#planUnmute();
    });
    let wasLive = false;
    follow(this.connection.state, () => {
      const isLive = this.connection.state.get().kind === 'live';
      if (isLive !== wasLive) void this.#note({ lastLiveAt: platform.clock.now() });
      if (isLive && !wasLive) this.icon.connected();
      wasLive = isLive;
    });
    let followed: (() => void)[] = [];
    const followKept = (): void => {
      followed.forEach((end) => end());
      const { profile, me } = this.#kept.get();
      followed = [profile.subscribe(() => this.#describe()), me.subscribe(() => this.#describe())];
    };
    followKept();
    follow(this.#kept, followKept);
    this.#following.add(() => followed.forEach((end) => end()));
  }

  /** Muting that has an end ends by itself. */
  #planUnmute(): void {
    this.#cancelUnmute();
    const { muted, mutedUntil } = this.#entry.get();
    const { clock } = this.#shared.platform;
    this.#cancelUnmute =
      !muted || mutedUntil == null
        ? () => undefined
        : clock.after(Math.max(0, mutedUntil - clock.now()), () => void this.#note({ muted: false, mutedUntil: null }));
  }

  #enabledChanged(enabled: boolean): void {
    if (enabled) this.connection.enable();
    else this.connection.disable();
  }

  /** The address in use may be gone; a new one has to prove itself before anything else. Of no use to a socket that lives. */
  #addressesChanged(): void {
    const used = this.inUse.get();
    const isKept = used !== null && this.#origins().includes(used);
    const { kind } = this.connection.state.get();
    if (isKept && kind === 'live') return;
    if (!isKept) this.#identity.forget();
    if (kind === 'identityChanged' || kind === 'incompatible') this.connection.settled();
    else this.connection.redial();
  }

  /** Remembers what the server calls itself and the account, for when it cannot be asked. */
  #describe(): void {
    const { profile, me } = this.#kept.get();
    const changes = described(this.#entry.get(), { profile: profile.get(), me: me.get() });
    if (Object.keys(changes).length > 0) void this.#note(changes);
  }

  #mismatch(error: IdentityError): void {
    this.#seen = error;
    this.connection.stopFor(error);
  }

  /** What the person wants. @throws what the store throws; then nothing has changed */
  #change(changes: Partial<Omit<ServerEntry, 'id'>>): Promise<void> {
    return this.#shared.registry.change(this.id, changes);
  }

  /** What is worth remembering and goes on without. */
  async #note(changes: Partial<Omit<ServerEntry, 'id'>>): Promise<void> {
    try {
      await this.#change(changes);
    } catch {
      this.#shared.onProblem({ where: 'registry', entryId: this.id, what: 'full' });
    }
  }

  #origins(): readonly string[] {
    return this.#entry.get().addresses.map(({ origin }) => origin);
  }

  /** Whether another entry is that account here. */
  #isListed(account: string): boolean {
    const { serverId } = this.#entry.get();
    return this.#shared.registry.entries.get().some((other) => sameAccount(other, serverId, account));
  }

  #isFocused(): boolean {
    return this.#shared.focused.get() === this.id;
  }

  /**
   * Ends the session on the server, if that can be had quickly.
   * @param forGood the device's keys go as well, so nobody shall encrypt for it any more
   */
  async #tellGoodbye(forGood: boolean): Promise<boolean> {
    const controller = new AbortController();
    const cancel = this.#shared.platform.clock.after(GOODBYE_MS, () => controller.abort(new Error('timeout')));
    try {
      await this.#session.check();
      const signal = eitherSignal(controller.signal, this.#lifetime.signal);
      // A list without the device ends its session, too. E-10
      if (forGood && (await this.keys.leave(signal))) return true;
      await this.api.call('signOut', { signal });
      return true;
    } catch {
      return false;
    } finally {
      cancel();
    }
  }

  /** Ends a session that was made and may not be used here. */
  async #endSession(accessToken: string): Promise<void> {
    const refuse = (): Promise<never> => Promise.reject(new SignedOutError('person'));
    const once = new Api({
      http: this.#shared.platform.http,
      proven: (maxAgeMs, caller) => this.#identity.proven(maxAgeMs, caller),
      access: { token: () => Promise.resolve(accessToken), renewed: refuse },
    });
    await once.call('signOut', { signal: this.#lifetime.signal }).catch(() => undefined);
  }
}

function pinOf(entry: ServerEntry): { serverId: string; key: string } | null {
  return entry.key === '' ? null : { serverId: entry.serverId, key: entry.key };
}
