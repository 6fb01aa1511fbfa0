import {
  createClient,
  type ConnectionState,
  type Credentials,
  type EntryId,
  type Platform,
  type ServerHandle,
  type SkerryClient,
  type Storage,
} from '@skerry/core';
import { createNodePlatform } from '@skerry/core/node';
import { createMemoryStorage, MemoryDisk } from '@skerry/core/testing';
import type { ChannelId, MessageId } from '@skerry/protocol';
import { passwordOf } from './raw-client.ts';
import { hurried } from './hurry.ts';
import { until } from './watch.ts';
import { Wire } from './wire.ts';

export type MemberOptions = {
  /** What a device keeps; give the same one again for a restart. */
  disk?: MemoryDisk;
  /** Instead of the disk in memory: files in this folder. */
  folder?: string;
  /** How many times faster the client's clock runs. */
  speed?: number;
  /** Stands between the client and its storage. */
  storage?: (storage: Storage) => Storage;
  /** Stands between the client and everything it has from outside. */
  platform?: (platform: Platform) => Platform;
};

/** A person with the real client: the whole core on Node, its network going through a wire that records and can cut. */
export class Member implements AsyncDisposable {
  readonly client: SkerryClient;
  readonly wire: Wire;
  readonly disk: MemoryDisk;
  readonly #options: MemberOptions;
  #over = false;

  private constructor(client: SkerryClient, parts: { wire: Wire; disk: MemoryDisk; options: MemberOptions }) {
    this.client = client;
    this.wire = parts.wire;
    this.disk = parts.disk;
    this.#options = parts.options;
  }

  static async start(options: MemberOptions = {}): Promise<Member> {
    const disk = options.disk ?? new MemoryDisk();
    const stored = options.folder ?? createMemoryStorage(disk);
    const node = createNodePlatform({ storage: stored, deviceLabel: 'Journey' });
    const wire = new Wire();
    const platform: Platform = {
      ...node,
      clock: options.speed === undefined ? node.clock : hurried(node.clock, options.speed),
      storage: options.storage?.(node.storage) ?? node.storage,
    };
    const around = options.platform?.(platform) ?? platform;
    const client = await createClient(wire.around(around), { mode: 'hub' });
    await until(client.tab, (tab) => tab === 'live');
    return new Member(client, { wire, disk, options });
  }

  /** Adds a server the way a person does, and waits until it is live. */
  async join(origin: string, username: string, options: JoinOptions = {}): Promise<ServerHandle> {
    const result = await this.client.probe(origin, {
      allowPlain: true,
      signal: AbortSignal.timeout(10_000),
      onStep: () => undefined,
    });
    if (!result.ok) throw new Error(`the probe failed: ${JSON.stringify(result)}`);
    const password = options.password ?? passwordOf(username);
    const id = await this.client.join(
      result.found,
      options.credentials ??
        (options.signIn === true
          ? { kind: 'signIn', username, password }
          : { kind: 'register', username, password, displayName: username, code: options.code ?? null }),
    );
    const handle = this.handle(id);
    await this.whenLive(handle);
    return handle;
  }

  handle(id: EntryId): ServerHandle {
    const handle = this.client.server(id);
    if (handle === undefined) throw new Error('there is no such entry');
    return handle;
  }

  /** The one whose first address is this. */
  at(origin: string): ServerHandle {
    const found = this.client.servers
      .get()
      .find((view) => view.entry.addresses.some((address) => address.origin === origin));
    if (found === undefined) throw new Error(`no entry is at ${origin}`);
    return this.handle(found.entry.id);
  }

  async whenLive(handle: ServerHandle, timeoutMs = 15_000): Promise<void> {
    await until(handle.state, (state) => state.kind === 'live', timeoutMs);
  }

  async when(handle: ServerHandle, kind: ConnectionState['kind'], timeoutMs = 15_000): Promise<ConnectionState> {
    return until(handle.state, (state) => state.kind === kind, timeoutMs);
  }

  /** The same device, started anew. */
  async restart(options: Partial<MemberOptions> = {}): Promise<Member> {
    await this[Symbol.asyncDispose]();
    return Member.start({ ...this.#options, disk: this.disk, ...options });
  }

  /** Ends without any tidying up; what is stored is what was stored. */
  die(): void {
    this.#over = true;
    this.wire.sever();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    await this.client[Symbol.asyncDispose]();
  }
}

export type JoinOptions = {
  password?: string;
  code?: string | null;
  signIn?: boolean;
  /** Instead of a password. */
  credentials?: Credentials;
};

/** The first channel, which everybody is in. */
export async function general(handle: ServerHandle): Promise<ChannelId> {
  const channels = await until(handle.channels, (all) => all.some((one) => one.channel.name === 'general'));
  return channels.find((one) => one.channel.name === 'general')!.channel.id;
}

/** Texts of the newest messages of a channel, oldest first, once they are as wanted. */
export async function shows(
  handle: ServerHandle,
  channel: ChannelId,
  wanted: (texts: readonly string[]) => boolean,
): Promise<readonly string[]> {
  using timeline = handle.timeline(channel);
  const textsOf = (view: ReturnType<typeof timeline.view.get>): string[] =>
    view.messages.map(({ message }) => message.text);
  return textsOf(await until(timeline.view, (view) => view.status !== 'loading' && wanted(textsOf(view))));
}

/** Sends, and waits until it came back as a message. */
export async function sendAndSee(handle: ServerHandle, channel: ChannelId, text: string): Promise<MessageId> {
  using timeline = handle.timeline(channel);
  const id = await handle.send({ channel, text, replyTo: null });
  await until(timeline.view, (view) => view.messages.some(({ message }) => message.id === id));
  return id;
}

/**
 * All a client shows of one server, in one comparable value: what it holds must not depend on how it came to know it.
 * Loads the newest page of every joined channel.
 */
export async function digestOf(client: SkerryClient, handle: ServerHandle): Promise<unknown> {
  const channels = handle.channels.get();
  const timelines: Record<string, unknown> = {};
  for (const { channel, member } of channels) {
    if (!member) continue;
    using timeline = handle.timeline(channel.id);
    const view = await until(timeline.view, ({ status }) => status === 'fresh');
    timelines[channel.id] = view.messages.map(({ message }) => message);
  }
  const sorted = <T>(rows: readonly T[], key: (row: T) => string): T[] =>
    [...rows].sort((a, b) => (key(a) < key(b) ? -1 : 1));
  return {
    profile: handle.profile.get(),
    me: handle.me.get(),
    accounts: sorted([...handle.accounts.get().values()], (account) => account.id),
    channels: sorted(
      channels.map(({ channel, member, unread, mentions }) => ({ channel, member, unread, mentions })),
      (row) => row.channel.id,
    ),
    timelines,
    inbox: client.inbox
      .get()
      .rows.filter((row) => row.entryId === handle.id && row.item.state !== 'done')
      .map(({ item, needsYou, channelName, authorName }) => ({ item, needsYou, channelName, authorName })),
  };
}
