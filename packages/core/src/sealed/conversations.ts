import { compareScanned, CryptoError, openAttachment } from '@skerry/crypto';
import {
  type AccountId,
  type BlobId,
  type ChannelId,
  channelName,
  type CommandId,
  encodeGroupBlock,
  fromBase64Url,
  type GroupBlock,
  type InboxState,
  LIMITS,
  type Message,
  type MessageId,
  SkerryError,
  toBase64Url,
  uuidv7,
} from '@skerry/protocol';
import { eitherSignal } from '../abort.ts';
import { LocalError } from '../errors.ts';
import { type Trust, TrustError } from '../keys/ports.ts';
import { Lifetime } from '../lifetime.ts';
import { Drafts } from '../messages/drafts.ts';
import type { Queued } from '../messages/send-queue.ts';
import type { TimelineStore } from '../messages/timeline-store.ts';
import type { Subscribable } from '../subscribable.ts';
import type { ChannelRow } from '../sync/tables.ts';
import { derived, Value, waitFor } from '../value.ts';
import { AgentKeys } from './agent-keys.ts';
import { founderOf } from './chain.ts';
import { mentionsIn } from './content.ts';
import { Effects } from './effects.ts';
import type { ConversationView, MemberTrust, SafetyNumberView, ScanResult, SealedFound, Upload } from './face.ts';
import { accountsOf, GroupBook } from './group-book.ts';
import type { SealedCore } from './handle.ts';
import { Healing } from './healing.ts';
import { sealedHistory } from './history.ts';
import { SealedInbox, type SealedInboxEntry } from './inbox.ts';
import { Outbox } from './outbox.ts';
import type { SealedDeps } from './ports.ts';
import { Pins } from './pins.ts';
import { Receiver } from './receiver.ts';
import { lineOf, viewOf } from './rows.ts';
import { SealedStore } from './store.ts';
import { Uploads } from './uploads.ts';

const JOIN_MS = 10_000;
const TRIES = 4;
/** Rows looked at by one search, and hits it gives. */
const SEARCH_ROWS = 5_000;
const SEARCH_STEP = 200;
const SEARCH_HITS = 50;
/** Reading on tells the other person at most this often. */
const RECEIPT_MS = 2_000;

/** What the entry shows and does with its encrypted channels. */
export interface SealedParts extends SealedCore, AsyncDisposable {
  readonly history: TimelineStore;
  readonly rows: Subscribable<readonly Queued[]>;
  readonly inbox: Subscribable<readonly SealedInboxEntry[]>;
  readonly drafts: Drafts;
  /** Decrypted names of groups. */
  readonly titles: Subscribable<ReadonlyMap<ChannelId, string>>;
  /** Whether a pending command of that id is in the queue of encrypted conversations. */
  isPending(id: string): boolean;
  edit(message: MessageId, text: string): Promise<void>;
  delete(message: MessageId): Promise<void>;
  react(message: MessageId, emoji: string, on: boolean): Promise<void>;
  takeBack(pending: string): Promise<string | undefined>;
  retry(pending: string): Promise<void>;
  /** @returns false when the message is not in this inbox */
  setInbox(message: MessageId, state: InboxState): Promise<boolean>;
  /** Whether this device knows the channel as an encrypted conversation, whatever the server says now. */
  isSealed(channel: ChannelId): boolean;
  /** Keys that own machines sent. */
  readonly agentKeys: AgentKeys;
  /** Whether a message of an encrypted conversation has that id here. */
  knows(message: MessageId): Promise<boolean>;
  /** The person has read up to there. */
  read(channel: ChannelId, n: number): void;
  messageCount(): Promise<number>;
}

/** Encrypted conversations of one server: composes what sends, reads, heals and keeps them. */
export class Conversations implements SealedParts {
  readonly #deps: SealedDeps;
  readonly #lifetime = new Lifetime();
  readonly #store: SealedStore;
  readonly #pins: Pins;
  readonly #groups: GroupBook;
  readonly #inbox: SealedInbox;
  readonly #effects: Effects;
  readonly #outbox: Outbox;
  readonly #receiver: Receiver;
  readonly agentKeys: AgentKeys;
  readonly #uploads: Uploads;
  readonly drafts: Drafts;
  readonly history: TimelineStore;
  readonly #titles = new Value<ReadonlyMap<ChannelId, string>>(new Map());
  readonly #receipts = new Value(true);
  readonly #peerRead = new Map<ChannelId, number>();
  readonly #receiptSent = new Map<ChannelId, number>();
  readonly #receiptTimers = new Map<ChannelId, () => void>();
  /** Counts up when a conversation's view may be another one. */
  readonly #changed = new Value(0);
  /** Accounts with the version of the list that was fetched because somebody looked. */
  readonly #listsAsked = new Set<string>();
  readonly #views = new Map<ChannelId, Subscribable<ConversationView | undefined>>();

  private constructor(given: SealedDeps) {
    this.#store = new SealedStore({ state: given.state, storage: given.keys.storage });
    this.#pins = new Pins(given, this.#store);
    const deps = { ...given, told: this.#pins };
    this.#deps = deps;
    this.#groups = new GroupBook(deps, this.#store);
    this.#inbox = new SealedInbox(deps, this.#store);
    const base = { store: this.#store, groups: this.#groups, inbox: this.#inbox };
    this.#effects = new Effects(deps, base);
    this.#outbox = new Outbox(deps, { ...base, effects: this.#effects });
    this.agentKeys = new AgentKeys(this.#store);
    const parts = { ...base, effects: this.#effects, outbox: this.#outbox, agentKeys: this.agentKeys };
    this.#receiver = new Receiver(deps, { ...parts, healing: new Healing(deps, parts) });
    this.#uploads = new Uploads(deps);
    this.drafts = new Drafts(this.#draftState(), deps.clock);
    this.history = sealedHistory(this.#store, {
      channel: (id) => deps.told.channel(id),
      liveAt: () => deps.told.liveAt(),
      onChannels: (listener) => deps.told.listen((told) => told.channels && listener()),
    });
    const changed = (): void => this.#changed.update((count) => count + 1);
    this.#groups.onChange = () => {
      this.#titles.set(this.#groups.names());
      changed();
    };
    this.#receiver.onReceipt = (channel, n) => {
      this.#peerRead.set(channel, n);
      changed();
    };
    this.#lifetime.add(
      deps.told.listen((told) => {
        if (!told.channels) return;
        changed();
        for (const channel of this.#views.keys()) this.#fetchLists(channel);
      }),
    );
    this.#lifetime.add(deps.keys.trust.subscribe(() => this.#trustChanged()));
  }

  /** Reads what is kept and begins to read and send. @throws StoreBroken */
  static async open(deps: SealedDeps): Promise<Conversations> {
    const made = new Conversations(deps);
    await made.#pins.load();
    await made.#groups.load();
    for (const { key, value } of await made.#store.all<unknown>('set')) {
      if (key[1] === 'receipts') made.#receipts.set(value === true);
      else if (key[1] !== 'pin' && typeof value === 'number')
        made.#peerRead.set(String(key[1]).slice('read '.length) as ChannelId, value);
    }
    await Promise.all([made.#inbox.load(), made.drafts.load(), made.#outbox.load(), made.agentKeys.load()]);
    made.#titles.set(made.#groups.names());
    made.#receiver.poke();
    return made;
  }

  get rows(): Subscribable<readonly Queued[]> {
    return this.#outbox.rows;
  }
  get inbox(): Subscribable<readonly SealedInboxEntry[]> {
    return this.#inbox.entries;
  }
  get titles(): Subscribable<ReadonlyMap<ChannelId, string>> {
    return this.#titles;
  }
  get receipts(): Subscribable<boolean> {
    return this.#receipts;
  }

  async setReceipts(on: boolean): Promise<void> {
    await this.#store.commit((draft) => draft.set(['set', 'receipts'], on));
    this.#receipts.set(on);
  }

  conversation(channel: ChannelId): Subscribable<ConversationView | undefined> {
    let view = this.#views.get(channel);
    if (view === undefined) {
      view = derived([this.#changed, this.#deps.keys.trust], () => this.#view(channel));
      this.#views.set(channel, view);
      this.#fetchLists(channel);
    }
    return view;
  }

  /**
   * Whoever looks at a conversation sees by whom it can be read now, and is warned of other keys before the next word is
   * written and not after it. What fails is asked for again when it matters: on sending.
   */
  #fetchLists(channel: ChannelId): void {
    const row = this.#deps.told.channel(channel);
    if (row === undefined) return;
    const { keys, told } = this.#deps;
    for (const account of this.#accounts(row)) {
      const newest = told.account(account)?.devices ?? 0;
      const key = `${account} ${newest}`;
      if (newest <= (keys.known(account)?.version ?? 0) || this.#listsAsked.has(key)) continue;
      this.#listsAsked.add(key);
      this.#lifetime.run(
        keys.devicesOf([account], this.#lifetime.signal).then(
          () => this.#changed.update((count) => count + 1),
          () => this.#listsAsked.delete(key),
        ),
      );
    }
  }

  // Making and changing conversations

  async startDirect(account: AccountId): Promise<ChannelId> {
    const { api, keys, told } = this.#deps;
    const { signal } = this.#lifetime;
    const find = (): ChannelId | undefined =>
      [...told.channels()].find(
        ({ channel: { sealed, pair }, member }) =>
          member && sealed === 'direct' && account !== keys.self.name && isPairOf(pair, keys.self.name, account),
      )?.channel.id;
    const there = find();
    if (there !== undefined) return there;
    await keys.devicesOf([account], signal);
    const id = this.#newId();
    try {
      await api.command(id, { kind: 'direct.create', account }, signal);
    } catch (error) {
      if (!(error instanceof SkerryError && error.code === 'direct_exists')) throw error;
    }
    return this.#appears(find);
  }

  async createGroup({ name, members }: { name: string; members: readonly AccountId[] }): Promise<ChannelId> {
    const { api, keys, told } = this.#deps;
    const { signal } = this.#lifetime;
    const read = channelName.safeParse(name);
    if (!read.success) throw new SkerryError('bad_request', { field: 'name' });
    const id = this.#newId();
    const channel = id as string as ChannelId;
    const others = [...new Set(members)].filter((one) => one !== keys.self.name);
    const block = await this.#block(channel, { before: null, add: [keys.self.name, ...others], remove: [] });
    await api.command(id, { kind: 'group.create', block }, signal);
    await this.#appears(() => (told.channel(channel)?.member === true ? channel : undefined));
    await this.#groups.fetch(channel, signal);
    await this.#outbox.say(channel, { what: 'name', name });
    return channel;
  }

  async addMembers(channel: ChannelId, accounts: readonly AccountId[]): Promise<void> {
    await this.#change(channel, (state) => ({
      add: [...new Set(accounts)].filter((one) => !accountsOf(state).includes(one)),
      remove: [],
    }));
    const name = this.#groups.record(channel).name?.name;
    if (name === undefined) return;
    const { keys } = this.#deps;
    const lists = await keys.devicesOf(accounts, this.#lifetime.signal);
    for (const { account, devices } of lists.values())
      await this.#outbox.note(
        devices.map(({ device }) => ({ name: account, device })),
        { server: keys.serverId, what: 'welcome', channel, name },
      );
  }

  removeMember(channel: ChannelId, account: AccountId): Promise<void> {
    return this.#change(channel, (state) => {
      if (founderOf(state) !== this.#deps.keys.self.name) throw new SkerryError('forbidden');
      return { add: [], remove: accountsOf(state).includes(account) ? [account] : [] };
    });
  }

  leaveGroup(channel: ChannelId): Promise<void> {
    return this.#change(channel, () => ({ add: [], remove: [this.#deps.keys.self.name] }));
  }

  async renameGroup(channel: ChannelId, name: string): Promise<void> {
    if (!channelName.safeParse(name).success) throw new SkerryError('bad_request', { field: 'name' });
    this.#requireSealed(channel);
    await this.#outbox.say(channel, { what: 'name', name });
  }

  // Trust

  async safetyNumber(account: AccountId): Promise<SafetyNumberView | undefined> {
    try {
      await this.#deps.keys.devicesOf([account], this.#lifetime.signal).catch(() => undefined);
      return await this.#deps.keys.safetyNumber(account);
    } catch (error) {
      if (error instanceof TrustError && error.reason === 'no_keys') return undefined;
      throw error;
    }
  }

  async compareScanned(account: AccountId, scanned: Uint8Array): Promise<ScanResult> {
    const own = await this.#deps.keys.safetyNumber(account);
    try {
      const result = compareScanned(own, scanned);
      if (result === 'match') await this.#deps.keys.verify(account, true);
      return result;
    } catch (error) {
      if (error instanceof CryptoError) return 'malformed';
      throw error;
    }
  }

  markVerified(account: AccountId, verified: boolean): Promise<void> {
    return this.#deps.keys.verify(account, verified);
  }

  async acceptKeys(account: AccountId): Promise<void> {
    const { keys } = this.#deps;
    const trust = keys.trustOf(account).get();
    if (trust.kind === 'stopped' && trust.offered !== null) await keys.accept(account, trust.offered);
    await this.#outbox.trustChanged();
  }

  // Saying something

  attach(channel: ChannelId, file: { name: string; type: string; bytes: Uint8Array }): Upload {
    this.#requireSealed(channel);
    return this.#uploads.add(channel, file);
  }

  async send(message: {
    channel: ChannelId;
    text: string;
    replyTo: MessageId | null;
    uploads: readonly string[];
  }): Promise<MessageId> {
    const { channel, text, replyTo, uploads } = message;
    this.#requireSealed(channel);
    if (uploads.length > LIMITS.blobsPerMessage) throw new SkerryError('too_large', { field: 'uploads' });
    if (text === '' && uploads.length === 0) throw new SkerryError('bad_request', { field: 'text' });
    checkLength(text);
    const attachments = this.#uploads.take(channel, uploads);
    const id = await this.#outbox.say(channel, {
      what: 'post',
      text,
      replyTo,
      mentions: mentionsIn(text),
      attachments,
    });
    this.#uploads.done(uploads);
    return id;
  }

  async edit(message: MessageId, text: string): Promise<void> {
    if (text === '') throw new SkerryError('bad_request', { field: 'text' });
    checkLength(text);
    await this.#outbox.say(await this.#channelOf(message), { what: 'edit', text }, message);
  }

  async delete(message: MessageId): Promise<void> {
    await this.#outbox.say(await this.#channelOf(message), { what: 'erase' }, message);
  }

  async react(message: MessageId, emoji: string, on: boolean): Promise<void> {
    await this.#outbox.say(await this.#channelOf(message), { what: 'react', emoji, on }, message);
  }

  isPending(id: string): boolean {
    return this.#outbox.has(id);
  }
  takeBack(pending: string): Promise<string | undefined> {
    return this.#outbox.takeBack(pending);
  }
  retry(pending: string): Promise<void> {
    return this.#outbox.retry(pending);
  }
  setInbox(message: MessageId, state: InboxState): Promise<boolean> {
    return this.#inbox.set(message, state);
  }
  isSealed(channel: ChannelId): boolean {
    return this.#pins.has(channel);
  }
  async knows(message: MessageId): Promise<boolean> {
    return this.#outbox.has(message) || (await this.#store.row(message)) !== undefined;
  }

  // Reading

  async open(
    message: MessageId,
    blob: BlobId,
    options: { signal?: AbortSignal; onProgress?: (received: number, total: number) => void } = {},
  ): Promise<Uint8Array> {
    const { api, subtle } = this.#deps;
    const row = await this.#store.row(message);
    const of = row?.post?.attachments.find((one) => one.blob === blob);
    if (of === undefined) throw new SkerryError('not_found');
    const { signal } = this.#lifetime;
    const within = options.signal === undefined ? signal : eitherSignal(options.signal, signal);
    const sealed = await api.blob(blob, { signal: within, onProgress: options.onProgress ?? (() => undefined) });
    const bytes = (text: string): Uint8Array => fromBase64Url(text) ?? new Uint8Array();
    try {
      return await openAttachment(sealed, { key: bytes(of.key), digest: bytes(of.digest), size: of.size }, subtle);
    } catch (error) {
      if (!(error instanceof CryptoError)) throw error;
      throw new LocalError('bad_request', 'The server gave another file than the one that was sent.');
    }
  }

  async search(channel: ChannelId, words: string, before = Number.MAX_SAFE_INTEGER): Promise<SealedFound> {
    const wanted = words.toLocaleLowerCase().split(/\s+/).filter(Boolean);
    const messages: Message[] = [];
    let to = before;
    if (wanted.length === 0) return { messages, next: null };
    for (let seen = 0; seen < SEARCH_ROWS; seen += SEARCH_STEP) {
      const rows = await this.#store.rows(channel, { from: 0, to, limit: SEARCH_STEP });
      for (const row of [...rows].reverse()) {
        if (row.line !== null || row.erased) continue;
        const view = viewOf(row);
        const text = view.text.toLocaleLowerCase();
        if (view.text !== '' && wanted.every((word) => text.includes(word))) messages.push(view);
        if (messages.length === SEARCH_HITS) return { messages, next: below(row.n) };
      }
      const oldest = rows[0];
      if (oldest === undefined || rows.length < SEARCH_STEP) return { messages, next: null };
      to = below(oldest.n);
    }
    return { messages, next: to };
  }

  read(channel: ChannelId, n: number): void {
    const row = this.#deps.told.channel(channel);
    if (!this.#receipts.get() || row?.channel.sealed !== 'direct' || n <= (this.#receiptSent.get(channel) ?? 0)) return;
    this.#receiptSent.set(channel, n);
    if (this.#receiptTimers.has(channel)) return;
    const cancel = this.#deps.clock.after(RECEIPT_MS, () => {
      this.#receiptTimers.delete(channel);
      void this.#receipt(channel).catch(() => undefined);
    });
    this.#receiptTimers.set(channel, cancel);
  }

  async messageCount(): Promise<number> {
    const rows = await this.#store.all<{ line: unknown }>('row');
    return rows.filter(({ value }) => value.line === null).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const cancel of this.#receiptTimers.values()) cancel();
    await this.#receiver[Symbol.asyncDispose]();
    await this.#outbox[Symbol.asyncDispose]();
    await this.#uploads[Symbol.asyncDispose]();
    await this.drafts[Symbol.asyncDispose]();
    await this.#lifetime[Symbol.asyncDispose]();
    // What is being written is written before the store is closed.
    await this.#store.exclusive(async () => undefined);
  }

  #newId(): CommandId {
    const { clock, random } = this.#deps;
    return uuidv7(clock.now(), random.bytes(10));
  }

  async #receipt(channel: ChannelId): Promise<void> {
    const { keys, told } = this.#deps;
    const peer = told.channel(channel)?.channel.pair?.find((one) => one !== keys.self.name);
    const list = peer === undefined ? undefined : keys.known(peer);
    const n = this.#receiptSent.get(channel);
    if (list === undefined || n === undefined || !this.#receipts.get()) return;
    const to = list.devices.map(({ device }) => ({ name: list.account, device }));
    await this.#outbox.note(to, { server: keys.serverId, what: 'receipt', channel, n });
  }

  /** @throws SkerryError `not_found` */
  #requireSealed(channel: ChannelId): ChannelRow {
    const row = this.#deps.told.channel(channel);
    if (row?.member !== true || row.channel.sealed === undefined) throw new SkerryError('not_found');
    return row;
  }

  async #channelOf(message: MessageId): Promise<ChannelId> {
    const pending = this.#outbox.rows.get().find(({ id }) => id === (message as string));
    if (pending !== undefined) return pending.lane as ChannelId;
    const row = await this.#store.row(message);
    if (row === undefined) throw new SkerryError('not_found');
    return row.channel;
  }

  async #appears(find: () => ChannelId | undefined): Promise<ChannelId> {
    const { clock } = this.#deps;
    const late = new AbortController();
    const cancel = clock.after(JOIN_MS, () => late.abort(new SkerryError('unavailable')));
    const signal = eitherSignal(late.signal, this.#lifetime.signal);
    try {
      const found = derived([this.#changed], find);
      return await waitFor<ChannelId | undefined, ChannelId>(
        found,
        (now): now is ChannelId => now !== undefined,
        signal,
      );
    } finally {
      cancel();
    }
  }

  /** One more block, made anew when somebody else was quicker. @throws ChainError, TrustError, SkerryError */
  async #change(
    channel: ChannelId,
    change: (state: NonNullable<ReturnType<GroupBook['record']>['state']>) => { add: AccountId[]; remove: AccountId[] },
  ): Promise<void> {
    const { signal } = this.#lifetime;
    for (let tries = 1; ; tries++) {
      const state = await this.#groups.fetch(channel, signal);
      const { add, remove } = change(state);
      if (add.length === 0 && remove.length === 0) return;
      const block = await this.#block(channel, { before: state, add, remove });
      try {
        await this.#deps.api.command(this.#newId(), { kind: 'group.change', block }, signal);
        if (!remove.includes(this.#deps.keys.self.name)) await this.#groups.fetch(channel, signal);
        return;
      } catch (error) {
        const isOvertaken =
          error instanceof SkerryError && (error.code === 'chain_conflict' || error.code === 'devices_changed');
        if (!isOvertaken || tries === TRIES) throw error;
        if (add.length > 0) await this.#deps.keys.refresh(add, signal);
      }
    }
  }

  async #block(
    channel: ChannelId,
    change: {
      before: { readonly version: number; readonly digest: string } | null;
      add: readonly AccountId[];
      remove: readonly AccountId[];
    },
  ): Promise<GroupBlock> {
    const { keys, clock, skew } = this.#deps;
    const { before, add, remove } = change;
    const lists = await keys.devicesOf(add, this.#lifetime.signal);
    const block: Omit<GroupBlock, 'signature'> = {
      channel,
      version: (before?.version ?? 0) + 1,
      previous: before?.digest ?? null,
      at: Math.max(0, Math.round(clock.now() + (skew.get() ?? 0))),
      author: keys.self.name,
      device: keys.self.device,
      add: add.map((account) => ({ account, accountKey: lists.get(account)?.accountKey ?? '' })),
      remove: [...remove],
    };
    return { ...block, signature: toBase64Url(keys.sign(encodeGroupBlock(keys.serverId, block))) };
  }

  /** The keys of somebody changed, or may be used again: conversations say so, and what waited for it is tried. */
  #trustChanged(): void {
    this.#lifetime.run(this.#keyLines().catch(() => undefined));
    for (const channel of this.#deps.told.channels()) {
      if (this.#problemOf(channel.channel.id, this.#accounts(channel)) !== null) return;
    }
    this.#lifetime.run(this.#outbox.trustChanged().catch(() => undefined));
  }

  async #keyLines(): Promise<void> {
    const { told } = this.#deps;
    for (const [account, trust] of this.#deps.keys.trust.get()) {
      if (trust.kind !== 'known' || trust.change === null || account === told.me()) continue;
      const { to, at } = trust.change;
      for (const row of [...told.channels()].filter((one) => this.#accounts(one).includes(account))) {
        const channel = row.channel.id;
        const id = `line keys ${account} ${to} ${channel}`;
        await this.#store.commit(async (draft) => {
          if ((await draft.row(id as MessageId)) !== undefined) return;
          const read = (await draft.get<number>('read', channel)) ?? row.head;
          draft.put(lineOf({ kind: 'keysChanged', account }, { id, channel, n: read + 0.7 + (at % 1e5) / 1e6, at }));
        });
      }
    }
  }

  /** Members of an encrypted conversation as far as they are verified. */
  #accounts({ channel, member }: ChannelRow): readonly AccountId[] {
    if (!member || channel.sealed === undefined) return [];
    if (channel.pair !== undefined) return channel.pair;
    const { state } = this.#groups.record(channel.id);
    return state === null ? [] : accountsOf(state);
  }

  #view(channel: ChannelId): ConversationView | undefined {
    const row = this.#deps.told.channel(channel);
    const kind = row?.channel.sealed;
    if (row === undefined || kind === undefined) return undefined;
    const { told, keys } = this.#deps;
    const { state, name } = this.#groups.record(channel);
    const accounts = this.#accounts(row);
    const peer = kind === 'direct' ? (row.channel.pair?.find((one) => one !== told.me()) ?? null) : null;
    const founder = state === null ? undefined : founderOf(state);
    return {
      channel,
      kind,
      title: peer === null ? (name?.name ?? '') : (told.account(peer)?.displayName ?? ''),
      members: accounts.map((account) => ({
        account,
        founder: account === founder,
        devices: keys.known(account)?.devices.length ?? 0,
        trust: trustShown(keys.trustOf(account).get(), told.account(account)?.devices),
      })),
      peer,
      peerReadN: peer === null ? null : (this.#peerRead.get(channel) ?? null),
      problem: this.#problemOf(channel, accounts),
    };
  }

  #problemOf(channel: ChannelId, accounts: readonly AccountId[]): ConversationView['problem'] {
    const reason = this.#groups.refused(channel);
    if (reason !== undefined) return { kind: 'chainRefused', reason };
    for (const account of accounts) {
      const trust = trustShown(this.#deps.keys.trustOf(account).get(), undefined);
      if (trust === 'changed') return { kind: 'keysChanged', account };
      if (trust === 'refused') return { kind: 'keysRefused', account };
    }
    return null;
  }

  /** Drafts of encrypted conversations lie sealed like everything else of them. */
  #draftState(): ConstructorParameters<typeof Drafts>[0] {
    return {
      range: async () =>
        (await this.#store.all<unknown>('draft')).map(({ key, value }) => ({
          key: key[1] as string,
          value,
          version: 1,
        })),
      commit: (writes) =>
        this.#store.commit((draft) => {
          for (const write of writes)
            draft.set(['draft', write.key as string], 'value' in write ? write.value : undefined);
        }),
    };
  }
}

function isPairOf(pair: readonly AccountId[] | undefined, me: AccountId, other: AccountId): boolean {
  return pair?.includes(me) === true && pair.includes(other);
}

function checkLength(text: string): void {
  if ([...text].length > LIMITS.messageText) throw new SkerryError('too_large', { field: 'text' });
}

/** The next place before a number, which may be broken. */
function below(n: number): number {
  return Number.isInteger(n) ? n - 1e-9 : n - 1e-10;
}

function trustShown(trust: Trust, devices: number | undefined): MemberTrust {
  switch (trust.kind) {
    case 'unknown':
      return devices === undefined || devices === 0 ? 'none' : 'unknown';
    case 'known':
      return trust.verified ? 'verified' : 'known';
    case 'stopped':
      return trust.offered === null ? 'refused' : 'changed';
  }
}
