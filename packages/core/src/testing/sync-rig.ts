import { type AccountId, type Command, type CommandId, type DownOf, LIMITS, SkerryError } from '@skerry/protocol';
import { createMemoryStorage, MemoryDisk } from '../stores/memory-storage.ts';
import { createEntrySync } from '../sync/create-entry-sync.ts';
import type { Entry, EntryApi } from '../sync/entry.ts';
import type { Link } from '../sync/entry-sync.ts';
import { loadTables } from '../sync/persistence.ts';
import { digest } from '../sync/snapshot.ts';
import type { CacheStore } from '../stores/stores.ts';
import type { EntryId, StorageProblem } from '../views.ts';
import { ManualClock, settle } from './manual-clock.ts';
import type { Frame, ModelServer } from './model-server.ts';
import { MortalStorage } from './mortal-storage.ts';

export const ENTRY_A = '0197f3f4-0000-7000-8000-00000000aaaa' as EntryId;
export const ENTRY_B = '0197f3f4-0000-7000-8000-00000000bbbb' as EntryId;

export type SyncRigOptions = {
  readonly server: ModelServer;
  readonly account: AccountId;
  readonly entryId?: EntryId;
  readonly disk?: MemoryDisk;
  readonly clock?: ManualClock;
  readonly isFocused?: () => boolean;
};

/** The server as its frames come over one socket; `answers` are those to commands. */
export type Delivery = {
  readonly what: Frame | { readonly t: 'reset' | 'answer' | 'other' };
  readonly run: () => void;
};

/**
 * One entry and its server with nothing between them but a list of what is on the wire. A test decides how much of it
 * arrives, when the wire is cut and when the device dies.
 */
export class SyncRig {
  readonly server: ModelServer;
  readonly account: AccountId;
  readonly entryId: EntryId;
  readonly clock: ManualClock;
  readonly disk: MemoryDisk;
  /** What the process writes through; another one after it died. */
  mortal: MortalStorage;
  readonly problems: StorageProblem[] = [];
  /** Commands as they reached the server, in order, with the bytes they had. */
  readonly sent: { readonly id: CommandId; readonly bytes: string }[] = [];
  /** What the server sent and the entry has not got. */
  wire: Delivery[] = [];
  entry: Entry;
  api: { -readonly [K in keyof EntryApi]: EntryApi[K] };
  /** The socket takes no command now. */
  isBusy = false;
  /** While true, answers to requests are read at once and arrive only with {@link release}. */
  isSlow = false;
  #held: (() => void)[] = [];
  /** Set to answer a command in another way than the server's; undefined leaves it to the server. */
  answer: (id: CommandId, command: Command) => SkerryError | 'lost' | undefined = () => undefined;
  readonly #isFocused: () => boolean;
  #stop: (() => void) | undefined;
  #random = 0;

  constructor(options: SyncRigOptions) {
    this.server = options.server;
    this.account = options.account;
    this.entryId = options.entryId ?? ENTRY_A;
    this.disk = options.disk ?? new MemoryDisk();
    this.mortal = new MortalStorage(createMemoryStorage(this.disk));
    this.clock = options.clock ?? new ManualClock(this.server.now);
    this.#isFocused = options.isFocused ?? (() => false);
    this.api = {
      snapshot: async () => this.server.snapshot(this.account),
      messages: async (channel, query) => this.server.page(this.account, channel, query),
      message: async (id) => this.server.message(this.account, id),
      members: async (channel) => this.server.members(channel),
    };
    this.entry = this.#open();
  }

  get isConnected(): boolean {
    return this.#stop !== undefined;
  }

  /** Dials, and the server says where it stands; what follows is on the wire. */
  connect(): void {
    if (this.#stop !== undefined) return;
    const { sync } = this.entry;
    const resumed = this.server.resume(this.account, sync.resumeFrom());
    this.wire = [];
    this.#stop = this.server.listen(this.account, (frames) => this.#put(frames));
    sync.welcomed(this.#link(), this.welcome('frames' in resumed));
    if ('frames' in resumed) this.#put(resumed.frames);
    else this.wire.push({ what: { t: 'reset' }, run: () => this.entry.sync.reset(resumed.reset) });
  }

  welcome(resumed: boolean): DownOf<'welcome'> {
    const limits = { frameUpBytes: LIMITS.frameUpBytes, inFlight: LIMITS.inFlight, messageText: LIMITS.messageText };
    return {
      t: 'welcome',
      account: this.account,
      head: this.server.head,
      resumed,
      heartbeatMs: 25_000,
      limits,
      serverTime: this.server.now,
    };
  }

  /** Lets the next deliveries arrive, all of them unless a number is given, and everything that follows settle. */
  async deliver(count = Number.POSITIVE_INFINITY): Promise<void> {
    for (let delivered = 0; delivered < count; delivered++) {
      if (this.wire.length === 0) await settle();
      const next = this.wire.shift();
      if (next === undefined) return;
      next.run();
    }
    await settle();
  }

  /** The socket is gone, with what was on it. */
  cut(): void {
    if (this.#stop === undefined) return;
    this.#stop();
    this.#stop = undefined;
    this.wire = [];
    this.entry.sync.unlinked();
  }

  /** The process dies, nothing is written any more; the next one starts from what the disk holds. */
  async die(): Promise<void> {
    this.#stop?.();
    this.#stop = undefined;
    this.wire = [];
    this.mortal.kill();
    this.mortal = new MortalStorage(createMemoryStorage(this.disk));
    this.entry = this.#open();
    await this.entry.ready;
  }

  /** Lets the oldest held answers arrive. */
  async release(count = Number.POSITIVE_INFINITY): Promise<void> {
    await settle();
    for (const arrive of this.#held.splice(0, count)) arrive();
    await settle();
  }

  /** Connects if need be and takes everything in. */
  async catchUp(): Promise<void> {
    await this.entry.ready;
    this.isSlow = false;
    this.connect();
    for (let round = 0; round < 3; round++) {
      await this.release();
      await this.deliver();
    }
  }

  /** The digest of what is stored: of a converged client the same as that of a fresh snapshot. */
  async stored(): Promise<string> {
    await settle();
    await using cache = await createMemoryStorage(this.disk).cache(this.entryId);
    return await digestOfStored(cache);
  }

  async #slowly<T>(answer: Promise<T>): Promise<T> {
    answer.catch(() => undefined);
    if (this.isSlow) await new Promise<void>((resolve) => this.#held.push(resolve));
    return answer;
  }

  #put(frames: readonly Frame[]): void {
    for (const what of frames) {
      this.wire.push({
        what,
        run: () =>
          what.t === 'mark' ? this.entry.sync.mark({ seq: what.seq, tag: what.tag }) : this.entry.sync.events(what),
      });
    }
  }

  #link(): Link {
    const stop = this.#stop;
    return {
      command: (id, command) => {
        if (stop === undefined || this.#stop !== stop || this.isBusy) return false;
        this.sent.push({ id, bytes: JSON.stringify(command) });
        this.#run(id, command);
        return true;
      },
      typing: () => undefined,
    };
  }

  #run(id: CommandId, command: Command): void {
    const entry = this.entry;
    const put = (answer: Parameters<Entry['sync']['answered']>[1]): void => {
      this.wire.push({ what: { t: 'answer' }, run: () => entry.sync.answered(id, answer) });
    };
    const wanted = this.answer(id, command);
    if (wanted instanceof SkerryError) return put({ ok: false, error: wanted.toBody() });
    try {
      const result = this.server.run(this.account, id, command);
      if (wanted !== 'lost') put({ ok: true, result });
    } catch (error) {
      put({ ok: false, error: (error as SkerryError).toBody() });
    }
  }

  #open(): Entry {
    const { storage } = this.mortal;
    return createEntrySync({
      entryId: this.entryId,
      api: {
        snapshot: (signal) => this.#slowly(this.api.snapshot(signal)),
        messages: (channel, query, signal) => this.#slowly(this.api.messages(channel, query, signal)),
        message: (id, signal) => this.#slowly(this.api.message(id, signal)),
        members: (channel, signal) => this.#slowly(this.api.members(channel, signal)),
      },
      openState: () => storage.state(this.entryId),
      openCache: () => storage.cache(this.entryId),
      clock: this.clock,
      random: { bytes: (length) => this.#bytes(length), fraction: () => 0.5 },
      isFocused: this.#isFocused,
      onProblem: (problem) => this.problems.push(problem),
    });
  }

  /** Never the same twice, and the same in every run. */
  #bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    new DataView(bytes.buffer).setUint32(length - 4, ++this.#random);
    return bytes;
  }
}

/** What is stored in a cache, as {@link digestOfSnapshot} tells it of a server. */
export async function digestOfStored(cache: CacheStore): Promise<string> {
  const loaded = await loadTables(cache);
  return typeof loaded === 'string' ? loaded : digest(loaded.tables);
}
