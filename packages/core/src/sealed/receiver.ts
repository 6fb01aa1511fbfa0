import { type Change, CryptoError, type Envelope } from '@skerry/crypto';
import {
  type ChannelId,
  fromBase64Url,
  type ListedDevice,
  type MessageId,
  type SealedMessage,
  type ToDeviceItem,
} from '@skerry/protocol';
import type { DeviceAddress } from '../keys/ports.ts';
import { Lifetime } from '../lifetime.ts';
import type { StreamEvent } from '../sync/stream-event.ts';
import { Admission } from './admit.ts';
import type { AgentKeys } from './agent-keys.ts';
import { wasMember } from './chain.ts';
import { type Content, decodePlain, type Note } from './content.ts';
import type { Effects } from './effects.ts';
import { openedEnvelope } from './encrypt.ts';
import { ChainError, type GroupBook } from './group-book.ts';
import type { Healing } from './healing.ts';
import type { Outbox } from './outbox.ts';
import type { SealedDeps } from './ports.ts';
import { fits, lineOf, placeOf, type SealedRow, type Shell, withDropped } from './rows.ts';
import type { Draft, SealedStore } from './store.ts';

/** Places of a stream that a device new to it looks back at. */
const LOOK_BACK = 1_000;
const MAX_BUFFERED = 2_000;
const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 60_000;
/** An item may come before the event that says one is in its channel. */
const UNKNOWN_MS = 10_000;

type Parts = {
  readonly store: SealedStore;
  readonly effects: Effects;
  readonly groups: GroupBook;
  readonly outbox: Outbox;
  readonly healing: Healing;
  readonly agentKeys: AgentKeys;
};

/** The chain of the group must be fetched up to that version before the message can be judged. */
class NeedsChain extends Error {
  readonly version: number;
  constructor(version: number) {
    super('the chain is needed first');
    this.version = version;
  }
}

/**
 * Reads what the server has for this device: first its queue, then the streams of its encrypted channels, each in order,
 * one item after the other. What a ratchet moved, the plaintext and how far it was read are one commit, so a cut anywhere
 * followed by the same again gives what no cut gives. I5, I6, I14
 */
export class Receiver implements AsyncDisposable {
  readonly #deps: SealedDeps;
  readonly #parts: Parts;
  readonly #lifetime = new Lifetime();
  readonly #admission: Admission;
  readonly #buffered = new Map<ChannelId, StreamEvent[]>();
  /** The latest time of what was read, of the queue and of each stream. */
  readonly #latest = new Map<string, number>();
  #isRunning = false;
  #wantsRun = false;
  #failures = 0;
  #cancelTimer: () => void = () => undefined;
  #queueRead = 0;
  /** Nothing was read since the server was reached. */
  #isFirst = true;
  #unknownSince: number | undefined;
  /** What devices asked for while their notes were read. */
  #requests: { readonly from: DeviceAddress; readonly note: Extract<Note, { what: 'heal' }> }[] = [];
  /** Told when the other person of a direct conversation says to have read more. */
  onReceipt: (channel: ChannelId, n: number) => void = () => undefined;

  constructor(deps: SealedDeps, parts: Parts) {
    this.#deps = deps;
    this.#parts = parts;
    this.#admission = new Admission(deps.keys, (account) => deps.told.account(account)?.devices);
    const poke = (): void => this.poke();
    this.#lifetime.add(
      deps.told.listen((told) => {
        for (const [channel, events] of told.events) this.#buffer(channel, events);
        poke();
      }),
    );
    this.#lifetime.add(
      deps.live.subscribe(() => {
        this.#failures = 0;
        this.#isFirst = true;
        parts.healing.lookAgain();
        poke();
      }),
    );
    this.#lifetime.add(deps.queue.subscribe(poke));
    this.#lifetime.add(deps.keys.status.subscribe(poke));
  }

  /** Reads what there is, if the server can be asked. */
  poke(): void {
    this.#wantsRun = true;
    if (this.#isRunning || !this.#canRun()) return;
    this.#cancelTimer();
    this.#isRunning = true;
    this.#lifetime.run(
      this.#run().finally(() => {
        this.#isRunning = false;
      }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#cancelTimer();
    await this.#lifetime[Symbol.asyncDispose]();
  }

  #canRun(): boolean {
    const { kind } = this.#deps.keys.status.get();
    return !this.#lifetime.signal.aborted && this.#deps.live.get() && (kind === 'ready' || kind === 'waiting');
  }

  /** What comes later was not said earlier: a server cannot date one thing back behind another. */
  #later(where: string, at: number): number {
    const latest = Math.max(at, this.#latest.get(where) ?? 0);
    this.#latest.set(where, latest);
    return latest;
  }

  #buffer(channel: ChannelId, events: readonly StreamEvent[]): void {
    const all = [...(this.#buffered.get(channel) ?? []), ...events];
    this.#buffered.set(channel, all.length > MAX_BUFFERED ? [] : all);
  }

  async #run(): Promise<void> {
    const { signal } = this.#lifetime;
    try {
      while (this.#wantsRun && this.#canRun()) {
        this.#wantsRun = false;
        await this.#round(signal);
      }
      this.#failures = 0;
    } catch {
      if (signal.aborted) return;
      const wait = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(this.#failures++, 16));
      this.#cancelTimer = this.#deps.clock.after(wait, () => this.poke());
    }
  }

  async #round(signal: AbortSignal): Promise<void> {
    // Looked at before the queue is: what came with these places is in the queue by then.
    const heads = [...this.#deps.told.channels()]
      .filter(({ channel, member }) => channel.sealed !== undefined && member)
      .map(({ channel, head }) => ({ channel: channel.id, head, kind: channel.sealed }));
    this.#queueRead = (await this.#parts.store.get<number>('queue')) ?? 0;
    const told = this.#deps.queue.get();
    if (told === null || told !== this.#queueRead || this.#isFirst) await this.#drain(signal);
    this.#isFirst = false;
    // A device that isn't on the list yet gets the person's keys by its queue, and nothing else.
    if (this.#deps.keys.status.get().kind !== 'ready') return;
    for (const { channel, head } of heads) await this.#pull(channel, head, signal);
    for (const { from, note } of this.#requests.splice(0)) await this.#parts.healing.answer(from, note, signal);
    await this.#parts.healing.ask(signal);
  }

  // The queue of this device

  async #drain(signal: AbortSignal): Promise<void> {
    const { api } = this.#deps;
    for (;;) {
      const page = await api.toDevice(this.#queueRead, signal);
      // The server went back to a backup: what it numbers anew is read anew.
      if (page.head < this.#queueRead) await this.#skipTo(Math.max(0, page.first - 1));
      for (const item of page.items) {
        if (item.n <= this.#queueRead) continue;
        if (this.#mustWait(item)) return;
        await this.#item(item, signal);
        this.#queueRead = item.n;
      }
      // Also what was kept before a cut kept its acknowledgement from arriving.
      if (page.items.length > 0 || page.first <= Math.min(this.#queueRead, page.head))
        await api.ackToDevice(this.#queueRead, signal);
      if (page.items.length === 0 || this.#queueRead >= page.head) return;
    }
  }

  #mustWait({ message }: ToDeviceItem): boolean {
    const { clock, told } = this.#deps;
    if (message === null || told.channel(message.channel) !== undefined) {
      this.#unknownSince = undefined;
      return false;
    }
    const now = clock.now();
    this.#unknownSince ??= now;
    if (now - this.#unknownSince >= UNKNOWN_MS) return false;
    this.#cancelTimer = clock.after(UNKNOWN_MS, () => this.poke());
    return true;
  }

  async #skipTo(n: number): Promise<void> {
    await this.#parts.store.commit((draft) => draft.set(['queue'], n));
    this.#queueRead = n;
  }

  async #item(item: ToDeviceItem, signal: AbortSignal): Promise<void> {
    const { keys } = this.#deps;
    const from: DeviceAddress = { name: item.from, device: item.fromDevice };
    const envelope = openedEnvelope(fromBase64Url(item.body) ?? new Uint8Array());
    if (envelope === undefined) return this.#skipTo(item.n);
    const at = this.#later('queue', item.at);
    const machine = await this.#admission.machine(from, signal);
    if (machine !== undefined) return this.#machine(item, machine, envelope);
    if (!(await this.#admission.admit({ address: from, at }, signal))) return this.#unread(item, 'unverified');
    try {
      await keys.sessions.decrypt(from, envelope, (plain, changes) => this.#opened({ item, from }, plain, changes));
    } catch (error) {
      if (!(error instanceof CryptoError)) throw error;
      if (error.remedy === 'drop') return this.#skipTo(item.n);
      if (error.remedy !== 'reset') return this.#unread(item, 'unverified');
      this.#parts.healing.broken(from);
      await this.#unread(item, 'waitingForKeys');
    }
  }

  /** A machine's word counts for the keys of what it encrypts, and for nothing else. */
  async #machine(item: ToDeviceItem, machine: ListedDevice, envelope: Envelope): Promise<void> {
    const { keys } = this.#deps;
    const of = { n: item.n, from: machine, serverId: keys.serverId };
    const address: DeviceAddress = { name: item.from, device: machine.device };
    try {
      await keys.sessions.decrypt(address, envelope, (plain, changes) =>
        this.#parts.agentKeys.take(of, plain, changes),
      );
    } catch (error) {
      if (!(error instanceof CryptoError)) throw error;
      // It sends them again when it is asked.
      await this.#skipTo(item.n);
    }
  }

  /** What an item was meant for stays in its place, with why it cannot be read. */
  async #unread({ n, message }: ToDeviceItem, mark: 'unverified' | 'waitingForKeys'): Promise<void> {
    await this.#parts.store.commit(async (draft) => {
      draft.set(['queue'], n);
      if (message === null || (await draft.row(message.id)) !== undefined) return;
      const shell = shellOf(message);
      if (mark === 'waitingForKeys') await this.#parts.healing.miss(draft, shell);
      else if (message.op === 'post') await this.#parts.effects.place(draft, placeOf(shell, mark));
    });
  }

  async #opened(
    { item, from }: { item: ToDeviceItem; from: DeviceAddress },
    plain: Uint8Array,
    changes: readonly Change[],
  ): Promise<void> {
    const read = decodePlain(plain);
    const isHere = read !== undefined && serverOf(read) === this.#deps.keys.serverId;
    if (isHere && read.kind === 'note') return this.#note({ item, from }, read.note, changes);
    let then = (): void => undefined;
    await this.#parts.store.commit(async (draft) => {
      draft.set(['queue'], item.n);
      const { message } = item;
      if (message === null) return;
      const shell = shellOf(message);
      if (isHere && read.kind === 'content' && this.#isDirect(shell, from) && fits(read.content, shell))
        then = await this.#parts.effects.apply(draft, shell, read.content);
      else if (message.op === 'post' && (await draft.row(message.id)) === undefined)
        await this.#parts.effects.place(draft, placeOf(shell, 'unverified'));
    }, changes);
    then();
  }

  #isDirect({ channel, author, device }: Shell, from: DeviceAddress): boolean {
    const row = this.#deps.told.channel(channel);
    return (
      row?.channel.sealed === 'direct' &&
      author === from.name &&
      device === from.device &&
      row.channel.pair?.includes(author) === true
    );
  }

  // What belongs to no message

  async #note(
    { item, from }: { item: ToDeviceItem; from: DeviceAddress },
    note: Note,
    changes: readonly Change[],
  ): Promise<void> {
    const { store } = this.#parts;
    const { keys } = this.#deps;
    if (note.what === 'senderKey' && (await this.#takeChain({ item, from }, note, changes))) return;
    let then = (): void => undefined;
    await store.commit(async (draft) => {
      draft.set(['queue'], item.n);
      then = await this.#said(draft, from, note);
    }, changes);
    then();
    if (note.what === 'person') await keys.personOffered(from, note.rest);
  }

  /** @returns false when it was not taken; then the item is still to be settled */
  async #takeChain(
    { item, from }: { item: ToDeviceItem; from: DeviceAddress },
    { channel, distribution }: Extract<Note, { what: 'senderKey' }>,
    changes: readonly Change[],
  ): Promise<boolean> {
    const { keys, told } = this.#deps;
    const body = fromBase64Url(distribution);
    const known = told.channel(channel);
    if (body === undefined || (known !== undefined && known.channel.sealed !== 'group')) return false;
    try {
      await keys.groups.receive(from, body, async (of, more) => {
        if (of !== channel) throw new CryptoError('malformed');
        await this.#parts.store.commit((draft) => draft.set(['queue'], item.n), [...changes, ...more]);
      });
      return true;
    } catch (error) {
      if (error instanceof CryptoError) return false;
      throw error;
    }
  }

  async #said(draft: Draft, from: DeviceAddress, note: Note): Promise<() => void> {
    const { healing, groups } = this.#parts;
    switch (note.what) {
      case 'heal':
        return () => void this.#requests.push({ from, note });
      case 'again':
        return this.#again(draft, from, note.content);
      case 'gone':
        for (const id of note.ids) {
          const waiting = await healing.waiting(draft, id);
          if (waiting !== undefined && isFrom(waiting.shell, from)) await healing.lose(draft, id);
        }
        return () => undefined;
      case 'receipt':
        return this.#receipt(draft, from, note);
      case 'welcome': {
        const record = groups.record(note.channel);
        if (record.name !== null) return () => undefined;
        const next = { ...record, name: { name: note.name, n: 0 } };
        groups.put(draft, note.channel, next);
        return () => groups.kept(note.channel, next);
      }
      case 'senderKey':
      case 'person':
        return () => undefined;
    }
  }

  async #again(draft: Draft, from: DeviceAddress, content: Content): Promise<() => void> {
    const waiting = await this.#parts.healing.waiting(draft, content.id);
    if (waiting === undefined || !isFrom(waiting.shell, from) || !fits(content, waiting.shell)) return () => undefined;
    if (content.server !== this.#deps.keys.serverId) return () => undefined;
    const row = this.#deps.told.channel(content.channel);
    const { state } = this.#parts.groups.record(content.channel);
    const isRight =
      row?.channel.sealed === 'group'
        ? state !== null && wasMember(state, from.name, content.chain)
        : this.#isDirect(waiting.shell, from);
    return isRight ? this.#parts.effects.apply(draft, waiting.shell, content) : () => undefined;
  }

  async #receipt(
    draft: Draft,
    from: DeviceAddress,
    { channel, n }: { channel: ChannelId; n: number },
  ): Promise<() => void> {
    const row = this.#deps.told.channel(channel);
    const isPeer = row?.channel.pair?.includes(from.name) === true && from.name !== this.#deps.told.me();
    const before = (await draft.get<number>('set', `read ${channel}`)) ?? 0;
    if (!isPeer || n <= before) return () => undefined;
    draft.set(['set', `read ${channel}`], n);
    return () => this.onReceipt(channel, n);
  }

  // Streams

  /** Takes a channel's stream up to its head, from what was told where nothing is missing, else page by page. */
  async #pull(channel: ChannelId, head: number, signal: AbortSignal): Promise<void> {
    const { store } = this.#parts;
    const stored = await store.get<number>('read', channel);
    // A server that went back to a backup numbers anew from where that ends.
    let read = Math.min(head, stored ?? Math.max(0, head - LOOK_BACK));
    const since = stored === undefined && read > 0 ? { to: read } : { to: null };
    const kept = this.#buffered.get(channel) ?? [];
    for (const event of kept.filter(({ n, message }) => n <= read && message?.erased === true))
      await this.#dropped(event.message as SealedMessage);
    const live = kept.filter(({ n }) => n > read);
    this.#buffered.set(channel, live);
    if (stored !== undefined && read < stored) await store.commit((draft) => draft.set(['read', channel], read));
    if (read >= head) return;
    if (stored !== undefined && live[0]?.n === read + 1) {
      for (const { n, message, chain } of live) {
        if (n !== read + 1) break;
        if (chain !== null) await this.#chain(channel, chain, signal);
        if (message === null) await store.commit((draft) => draft.set(['read', channel], n));
        else await this.#place(message, since, signal);
        read = n;
      }
      this.#buffered.set(
        channel,
        (this.#buffered.get(channel) ?? []).filter(({ n }) => n > read),
      );
      if (read >= head) return;
    }
    // Pages don't tell of the chain, so it is asked for.
    if (this.#deps.told.channel(channel)?.channel.sealed === 'group') await this.#chain(channel, null, signal);
    for (let more = true; more && read < head;) {
      const page = await this.#deps.api.sealedMessages(channel, read, signal);
      // What is newer than what was told of the stream comes when that is told.
      for (const message of page.messages) {
        if (message.channel !== channel || message.n <= read || message.n > head) continue;
        await this.#place(message, since, signal);
        read = message.n;
      }
      more = page.more && (page.messages.at(-1)?.n ?? head) < head;
      if (!more) read = head;
      await store.commit(async (draft) => {
        draft.set(['read', channel], read);
        if (!more) await this.#since(draft, channel, since.to);
      });
    }
  }

  /** Up to that version at least, or whatever there is. */
  async #chain(channel: ChannelId, version: number | null, signal: AbortSignal): Promise<void> {
    const { groups } = this.#parts;
    try {
      await (version === null ? groups.fetch(channel, signal) : groups.upTo(channel, version, signal));
    } catch (error) {
      // It is kept as the group's trouble; what was said is judged by the chain that is known.
      if (!(error instanceof ChainError)) throw error;
    }
  }

  /** One place of a stream. */
  async #place(message: SealedMessage, since: { to: number | null }, signal: AbortSignal): Promise<void> {
    const { store, outbox } = this.#parts;
    const { keys } = this.#deps;
    const shell = shellOf(message);
    const isOwn = message.author === keys.self.name && message.device === keys.self.device;
    const before = message.at < this.#addedAt();
    if (isOwn && ((await outbox.echo(shell)) || (await store.row(shell.target ?? shell.id)) !== undefined))
      return this.#took(shell, (draft) => this.#exact(draft, shell, message.erased));
    const known = await store.row(message.id);
    if (known !== undefined && known.mark !== 'waitingForKeys') {
      return this.#took(shell, (draft) => message.erased && !known.erased && draft.put(withDropped(known)));
    }
    if (message.erased || (message.op === 'delete' && message.body === null)) {
      if (before && known === undefined && message.op !== 'delete') since.to = message.n;
      if (message.op !== 'delete') {
        if (!before)
          await this.#took(
            shell,
            (draft) =>
              message.op === 'post' && this.#parts.effects.place(draft, withDropped(known ?? placeOf(shell, 'lost'))),
          );
        return;
      }
    }
    if (message.body !== null && !isOwn) {
      const opened = await this.#group(shell, fromBase64Url(message.body) ?? new Uint8Array(), signal);
      if (opened) return this.#ended(since, shell);
    }
    if (before) {
      since.to = message.n;
      return;
    }
    await this.#ended(since, shell);
    await this.#took(shell, async (draft) => {
      // Of a direct one the content comes by the queue; it has been read by now.
      if ((await draft.get('at', shell.id)) !== undefined || (await this.#isDone(draft, shell))) return;
      if (isOwn) {
        if (shell.op === 'post') await this.#parts.effects.place(draft, placeOf(shell, 'lost'));
        return;
      }
      await this.#parts.healing.miss(draft, shell);
      const target = shell.op === 'delete' && shell.target !== null ? await draft.row(shell.target) : undefined;
      if (target !== undefined && !target.erased) draft.put(withDropped(target));
    });
  }

  /** What this device said was given its time by guess when the server answered; its shell says it exactly. */
  async #exact(draft: Draft, shell: Shell, erased: boolean): Promise<void> {
    const row = await draft.row(shell.target ?? shell.id);
    if (row === undefined) return;
    if (shell.target === null) {
      const exact = row.at === shell.at ? row : { ...row, at: shell.at };
      const next = erased && !row.erased ? withDropped(exact) : exact;
      if (next !== row) draft.put(next);
    } else if (row.edit?.n === shell.n && row.edit.at !== shell.at)
      draft.put({ ...row, edit: { ...row.edit, at: shell.at } });
  }

  /** Whether a change was applied already: its queue item came first. */
  async #isDone(draft: Draft, { channel, n, op, target }: Shell): Promise<boolean> {
    if (op === 'post') return false;
    if (target === null) return (this.#parts.groups.record(channel).name?.n ?? 0) >= n;
    if ((await draft.get('late', target, n)) !== undefined) return true;
    const row: SealedRow | undefined = await draft.row(target);
    return row !== undefined && row.rev >= n;
  }

  async #took(shell: Shell, work: (draft: Draft) => unknown): Promise<void> {
    await this.#parts.store.commit(async (draft) => {
      draft.set(['read', shell.channel], shell.n);
      await work(draft);
    });
  }

  /** @returns false when it cannot be read now */
  async #group(shell: Shell, bytes: Uint8Array, signal: AbortSignal): Promise<boolean> {
    const { store } = this.#parts;
    const from: DeviceAddress = { name: shell.author, device: shell.device };
    const refused = (): Promise<void> =>
      this.#took(
        shell,
        (draft) => shell.op === 'post' && this.#parts.effects.place(draft, placeOf(shell, 'unverified')),
      );
    const at = this.#later(shell.channel, shell.at);
    if (!(await this.#admission.admit({ address: from, at }, signal))) {
      await refused();
      return true;
    }
    for (let tries = 0; ; tries++) {
      try {
        await this.#deps.keys.groups.decrypt(from, bytes, async (opened, changes) => {
          const read = decodePlain(opened.plaintext);
          const content = read?.kind === 'content' ? read.content : undefined;
          const isRight = opened.distributionId === shell.channel && this.#isOfGroup(shell, content);
          let then = (): void => undefined;
          await store.commit(async (draft) => {
            draft.set(['read', shell.channel], shell.n);
            if (content !== undefined && isRight) then = await this.#grouped(draft, shell, content);
            else if (shell.op === 'post') await this.#parts.effects.place(draft, placeOf(shell, 'unverified'));
          }, changes);
          then();
        });
        return true;
      } catch (error) {
        if (error instanceof NeedsChain && tries < 3) {
          await this.#chain(shell.channel, error.version, signal);
          if ((this.#parts.groups.record(shell.channel).state?.version ?? 0) >= error.version) continue;
        } else if (error instanceof CryptoError && error.code === 'no_session') {
          // What brings the chain may have come since the queue was read.
          if (tries > 0) return false;
          await this.#drain(signal);
          continue;
        } else if (error instanceof CryptoError && error.code === 'too_far_ahead') return false;
        else if (!(error instanceof CryptoError || error instanceof NeedsChain)) throw error;
        await refused();
        return true;
      }
    }
  }

  /** The group's verified chain had its author in, and no later message named a later chain. @throws NeedsChain */
  #isOfGroup(shell: Shell, content: Content | undefined): boolean {
    if (content === undefined || !fits(content, shell) || content.server !== this.#deps.keys.serverId) return false;
    if (this.#deps.told.channel(shell.channel)?.channel.sealed !== 'group') return false;
    const { state, lastChain } = this.#parts.groups.record(shell.channel);
    if (state === null || state.version < content.chain) throw new NeedsChain(content.chain);
    return content.chain >= lastChain && wasMember(state, shell.author, content.chain);
  }

  async #grouped(draft: Draft, shell: Shell, content: Content): Promise<() => void> {
    const { effects, groups } = this.#parts;
    const record = groups.record(shell.channel);
    const isLater = content.chain > record.lastChain;
    const then = await effects.apply(draft, shell, content);
    if (!isLater) return then;
    const named = await draft.get<typeof record>('group', shell.channel);
    const next = { ...(named ?? record), lastChain: content.chain };
    groups.put(draft, shell.channel, next);
    return () => {
      then();
      groups.kept(shell.channel, next);
    };
  }

  /** The server says that something read long ago was erased. */
  async #dropped(message: SealedMessage): Promise<void> {
    await this.#parts.store.commit(async (draft) => {
      const row = await draft.row(message.id);
      if (row !== undefined && !row.erased) draft.put(withDropped(row));
    });
  }

  async #ended(since: { to: number | null }, { channel }: Shell): Promise<void> {
    if (since.to === null) return;
    await this.#parts.store.commit((draft) => this.#since(draft, channel, since.to));
    since.to = null;
  }

  /** Says from where on this device reads along, once. */
  async #since(draft: Draft, channel: ChannelId, n: number | null): Promise<void> {
    const id = `line since ${channel}`;
    if (n === null || (await draft.row(id as MessageId)) !== undefined) return;
    const at = this.#addedAt() || this.#deps.clock.now();
    draft.put(lineOf({ kind: 'readsSince' }, { id, channel, n: n + 0.25, at }));
  }

  /** When this device was put on its account's list: what was said before was not for it. */
  #addedAt(): number {
    const { keys } = this.#deps;
    return keys.known(keys.self.name)?.devices.find(({ device }) => device === keys.self.device)?.addedAt ?? 0;
  }
}

function shellOf({ id, channel, n, author, device, at, op, target }: SealedMessage): Shell {
  return { id, channel, n, author, device, at, op, target };
}

function isFrom(shell: Shell, { name, device }: DeviceAddress): boolean {
  return shell.author === name && shell.device === device;
}

function serverOf(plain: NonNullable<ReturnType<typeof decodePlain>>): string {
  return plain.kind === 'note' ? plain.note.server : plain.content.server;
}
