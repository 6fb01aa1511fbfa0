import { type Account, type AccountId, type ChannelId, LIMITS, type MessageId, SkerryError } from '@skerry/protocol';
import { Members } from '../channels/members.ts';
import { LocalError } from '../errors.ts';
import type { Timeline } from '../face.ts';
import { Lifetime } from '../lifetime.ts';
import { Drafts } from '../messages/drafts.ts';
import { Pager } from '../messages/pager.ts';
import { prefetch } from '../messages/prefetch.ts';
import { isText } from '../messages/queue-row.ts';
import { type Queued, SendQueue } from '../messages/send-queue.ts';
import { ChannelTimeline, type TimelineDeps } from '../messages/timeline.ts';
import type { TimelineStore } from '../messages/timeline-store.ts';
import type { Window } from '../messages/window.ts';
import { Presence } from '../presence/presence.ts';
import { Typing } from '../presence/typing.ts';
import type { SealedParts } from '../sealed/conversations.ts';
import { LateTimeline } from '../sealed/late-timeline.ts';
import { LazyState } from '../stores/lazy-state.ts';
import { ChannelNotes } from '../unread/channel-notes.ts';
import { type Reading, ReadMarks } from '../unread/read-marks.ts';
import { constant, derived, followed, Value } from '../value.ts';
import type { StorageProblem } from '../views.ts';
import { Backlog } from './backlog.ts';
import type { Told } from './batch.ts';
import type { Entry, EntryDeps } from './entry.ts';
import { entryViews } from './entry-views.ts';
import { exportEntry } from './export-entry.ts';
import { Follower } from './follower.ts';
import { Replica } from './replica.ts';
import type { ChannelRow } from './tables.ts';

const NO_DRAFT = constant('');

/** The server's clock is taken anew only when it differs by more than what a slow answer explains. */
const SKEW_STEP_MS = 2_000;

/**
 * Opens what is kept of one entry. Returns at once; loading goes on behind it (see {@link Entry.ready}).
 */
export function createEntrySync(deps: EntryDeps): Entry {
  const { entryId, api, clock, random } = deps;
  const lifetime = new Lifetime();
  const { signal } = lifetime;
  const problem = (where: StorageProblem['where'], what: StorageProblem['what']): void =>
    deps.onProblem({ where, entryId, what });

  const replica = new Replica({ openCache: deps.openCache, clock, onProblem: (what) => problem('cache', what) });
  const { tables } = replica;
  const state = new LazyState(deps.openState, () => problem('state', 'set_aside'));
  const ask = async (id: MessageId): Promise<'there' | 'gone' | 'unknown'> => {
    try {
      const value = await api.message(id, signal);
      await replica.exclusive(() => replica.change([{ kind: 'message', value }]));
      return 'there';
    } catch (error) {
      return error instanceof SkerryError && error.code === 'not_found' ? 'gone' : 'unknown';
    }
  };
  const queue = new SendQueue({ state, clock, random, onProblem: (what) => problem('state', what), ask });
  const drafts = new Drafts(state, clock);
  const notes = new ChannelNotes(state, clock);
  const presence = new Presence();
  const typing = new Typing(clock);

  const skew = new Value<number | null>(null);
  const toDevice = new Value<number | null>(null);
  const prekeys = new Value<{ readonly left: number } | null>(null);
  const machines = new Backlog();
  const loaded = new Value(false);
  /** Counts up with everything that was told. */
  const told = new Value(0);
  const accounts = new Value<ReadonlyMap<AccountId, Account>>(new Map());

  const needMe = (): AccountId => {
    if (tables.me === null)
      throw new SkerryError('unauthorized', { message: 'Nobody has signed in to this server here yet.' });
    return tables.me;
  };
  const rowOf = (channel: ChannelId): ChannelRow | undefined => tables.channels.get(channel);
  const timelines = new Set<ChannelTimeline>();
  const channelOf = (message: MessageId): ChannelId | undefined => {
    const inInbox = tables.inbox.get(message)?.item.message.channel;
    if (inInbox !== undefined) return inInbox;
    for (const timeline of timelines) if (timeline.shows(message)) return timeline.channel;
    return undefined;
  };

  const sealed = new Value<SealedParts | undefined>(undefined);
  // Once encrypted, never in the clear.
  const isSealed = (channel: ChannelId): boolean =>
    rowOf(channel)?.channel.sealed !== undefined || sealed.get()?.isSealed(channel) === true;
  const needSealed = (): SealedParts => {
    const parts = sealed.get();
    if (parts === undefined)
      throw new LocalError('unavailable', 'Encrypted conversations are not set up on this device.');
    return parts;
  };

  const marks = new ReadMarks(clock, (channel, n) => {
    sealed.get()?.read(channel, n);
    return queue.add({ kind: 'marker.set', channel, n }, { account: needMe() });
  });
  const reading = (channel: ChannelId): Reading | undefined => {
    const row = rowOf(channel);
    return row && marks.of(row);
  };
  const settleMarks = (): void => {
    const queued = new Set(
      queue.rows.get().flatMap(({ command }) => (command.kind === 'marker.set' ? [command.channel] : [])),
    );
    marks.settle(tables.channels, queued);
  };

  const follower = new Follower({
    replica,
    api,
    clock,
    random,
    listener: {
      linked: (link, welcome) => {
        heardTime(welcome.serverTime);
        queue.linked(link, { account: welcome.account, inFlight: welcome.limits.inFlight });
      },
      unlinked: () => {
        queue.unlinked();
        presence.clear();
        typing.clear();
        toDevice.set(null);
        prekeys.set(null);
      },
      reset: () => queue.forgetAnswers(),
      answered: (id, answer) => queue.answered(id, answer),
      presence: (frame) => presence.apply(frame),
      typing: (frame) => {
        if (rowOf(frame.channel)?.member === true && tables.accounts.has(frame.account) && frame.account !== tables.me)
          typing.heard(frame);
      },
      toDevice: (head) => toDevice.set(head),
      prekeys: (left) => prekeys.set({ left }),
    },
  });
  const { live } = follower;
  const pager = new Pager({ replica, api, phase: follower.phase });
  const replicaStore: TimelineStore = {
    listen: (listener) => replica.listen(listener),
    exclusive: (work) => replica.exclusive(work),
    get liveAt() {
      return replica.liveAt;
    },
    row: rowOf,
    read: (channel, part) => replica.pages.read(channel, part),
    inInbox: (id) => tables.inbox.get(id)?.item.message,
  };
  const members = new Members({ replica, api, live, signal });

  replica.listen((news) => {
    machines.add(news.machines);
    if (news.accounts) accounts.set(new Map(tables.accounts));
    for (const messages of news.messages.values()) {
      for (const message of messages) if (message.n === message.rev) typing.stopped(message.channel, message.author);
    }
    for (const [channel, events] of news.sealed)
      for (const { message } of events) if (message !== null) typing.stopped(channel, message.author);
    queue.settle(replica.cursor?.seq ?? 0, ownIn(news, tables.me));
    settleMarks();
    told.update((count) => count + 1);
  });
  queue.rows.subscribe(settleMarks);
  live.subscribe(() => {
    // Its failures show where somebody looks; here they only mean that nothing was fetched ahead.
    if (live.get())
      void prefetch({ replica, pager, clock, random, live, isFocused: deps.isFocused, signal }).catch(() => undefined);
  });

  const noRows = constant<readonly Queued[]>([]);
  const noDrafts = constant<ReadonlySet<ChannelId>>(new Set());
  const sealedRows = followed(sealed, (parts) => parts?.rows ?? noRows);
  const sealedDrafts = followed(sealed, (parts) => parts?.drafts.channels ?? noDrafts);
  const views = entryViews({
    replica,
    marks,
    notes,
    told,
    rows: derived([queue.rows, sealedRows], (rows, more) => (more.length === 0 ? rows : [...rows, ...more])),
    drafts: derived([drafts.channels, sealedDrafts], (some, more) =>
      more.size === 0 ? some : new Set([...some, ...more]),
    ),
    live,
    skew,
    sealed,
  });

  function heardTime(serverTime: number): void {
    const next = serverTime - clock.now();
    const before = skew.get();
    if (before === null || Math.abs(next - before) > SKEW_STEP_MS) skew.set(next);
  }

  function markRead(channel: ChannelId, n: number, window?: Window): void {
    const row = rowOf(channel);
    // A line between messages has a broken number.
    const whole = Math.floor(n);
    if (row?.member === true)
      marks.set(row, whole, leftAfter(row, { n: whole, window, me: tables.me, before: marks.of(row) }));
  }

  /** Where the line above what is new stands: behind what was read, or before what the person marked. */
  function readTo(channel: ChannelId): number | null {
    const { unreadFrom } = notes.of(channel);
    const read = reading(channel)?.readN ?? null;
    return unreadFrom === null || read === null ? read : Math.min(read, unreadFrom - 1);
  }

  async function load(): Promise<void> {
    const readState = async (): Promise<void> => {
      await Promise.all([queue.load(), drafts.load(), notes.load()]);
    };
    await Promise.all([
      readState()
        .catch(() => state.fallBack())
        .catch(() => undefined),
      replica.load().catch(() => undefined),
    ]);
    for (const { command } of queue.rows.get())
      if (command.kind === 'marker.set') marks.restore(command.channel, command.n, rowOf(command.channel));
    loaded.set(true);
  }
  const ready = load();

  const timelineOf = (
    channel: ChannelId,
    of: Pick<TimelineDeps, 'store' | 'load' | 'ask' | 'rows'>,
  ): ChannelTimeline => {
    const opening = notes.opened();
    const timeline = new ChannelTimeline({
      channel,
      ...of,
      live,
      loaded,
      readN: () => readTo(channel),
      me: () => tables.me,
      markRead: (n, window) => {
        notes.seen(channel, opening);
        markRead(channel, n, window);
      },
      signal,
      closed: () => timelines.delete(timeline),
    });
    timelines.add(timeline);
    return timeline;
  };
  const sealedTimeline = (channel: ChannelId): Timeline =>
    new LateTimeline(sealed, ({ history, rows }) =>
      timelineOf(channel, {
        store: history,
        load: () => Promise.reject(new SkerryError('unavailable')),
        ask: () => Promise.resolve(undefined),
        rows,
      }),
    );
  /** Where a message lies, encrypted or not, says who changes it. */
  const partsOf = async (message: MessageId): Promise<SealedParts | undefined> => {
    const parts = sealed.get();
    return parts !== undefined && (await parts.knows(message)) ? parts : undefined;
  };

  const pendingOf = (pending: MessageId): SealedParts | undefined => {
    const parts = sealed.get();
    return parts?.isPending(pending) === true ? parts : undefined;
  };

  const enqueue = async (command: Parameters<SendQueue['add']>[0], message?: MessageId): Promise<MessageId> => {
    await ready;
    const id = await queue.add(command, { account: needMe(), channelOfMessage: message && channelOf(message) });
    return id as string as MessageId;
  };

  return {
    sync: follower,
    ready,
    ...views,
    state,
    icon: {
      get: async () => {
        await ready;
        return replica.aside('icon');
      },
      set: (picture) => replica.setAside('icon', picture ?? undefined),
    },
    notices: { toDevice, prekeys },
    machines,
    told: {
      me: () => tables.me,
      channel: rowOf,
      channels: () => tables.channels.values(),
      account: (id) => tables.accounts.get(id),
      liveAt: () => replica.liveAt,
      readN: (channel) => reading(channel)?.readN ?? 0,
      listen: (listener) =>
        replica.listen((news) => listener({ events: news.sealed, channels: news.channels || news.accounts })),
    },
    attach: (parts) => sealed.set(parts),
    live,
    skew,
    heardTime,
    profile: derived([told], () => tables.server ?? undefined),
    me: derived([told, accounts], (_told, all) => (tables.me === null ? undefined : all.get(tables.me))),
    accounts,
    presence: presence.value,
    timeline: (channel) =>
      isSealed(channel)
        ? sealedTimeline(channel)
        : timelineOf(channel, {
            store: replicaStore,
            load: (missing, caller) => pager.load(channel, missing, caller),
            ask: (id, caller) => api.message(id, caller),
            rows: queue.rows,
          }),
    members: (channel) => members.of(channel),
    typing: (channel) => typing.in(channel),
    typed: (channel) => {
      if (live.get() && rowOf(channel)?.member === true && typing.shouldTell(channel)) follower.link?.typing(channel);
    },
    draft: (channel) =>
      isSealed(channel) ? followed(sealed, (parts) => parts?.drafts.of(channel) ?? NO_DRAFT) : drafts.of(channel),
    // Without keys there is nowhere to keep what is written in an encrypted conversation.
    setDraft: (channel, text) => (isSealed(channel) ? sealed.get()?.drafts : drafts)?.set(channel, text),

    send: async ({ channel, text, replyTo }) => {
      checkText(text);
      typing.sent(channel);
      await ready;
      if (isSealed(channel)) return needSealed().send({ channel, text, replyTo, uploads: [] });
      return enqueue({ kind: 'message.send', channel, text, replyTo });
    },
    edit: async (message, text) => {
      checkText(text);
      const parts = await partsOf(message);
      if (parts !== undefined) return parts.edit(message, text);
      await enqueue({ kind: 'message.edit', message, text }, message);
    },
    delete: async (message) => {
      const parts = await partsOf(message);
      if (parts !== undefined) return parts.delete(message);
      await enqueue({ kind: 'message.delete', message }, message);
    },
    react: async (message, emoji, on) => {
      const parts = await partsOf(message);
      if (parts !== undefined) return parts.react(message, emoji, on);
      await enqueue({ kind: 'reaction.set', message, emoji, on }, message);
    },
    setInbox: async (message, next) => {
      if ((await sealed.get()?.setInbox(message, next)) === true) return;
      await enqueue({ kind: 'inbox.set', message, state: next }, message);
    },
    takeBack: (pending) => (pendingOf(pending) ?? queue).takeBack(pending),
    retry: (pending) => (pendingOf(pending) ?? queue).retry(pending),
    markRead: async (channel) => {
      await ready;
      await notes.read(channel);
      const row = rowOf(channel);
      if (row?.member === true) marks.set(row, row.head, 0);
      await marks.flush();
    },
    markUnread: async (channel, n) => {
      await ready;
      await notes.markUnread(channel, n);
    },
    muteChannel: async (channel, until) => {
      await ready;
      await notes.mute(channel, until);
    },
    markAllRead: async () => {
      await ready;
      for (const row of tables.channels.values()) {
        await notes.read(row.channel.id);
        if (row.member && marks.of(row).unread > 0) marks.set(row, row.head, 0);
      }
      await marks.flush();
    },
    holdings: async () => {
      await ready;
      const [messages, sealedMessages, cacheBytes, stateBytes] = await Promise.all([
        replica.exclusive(() => replica.pages.count()),
        sealed.get()?.messageCount() ?? 0,
        replica.size(),
        state.size(),
      ]);
      const bytes = cacheBytes === null || stateBytes === null ? null : cacheBytes + stateBytes;
      return {
        messages: messages + sealedMessages,
        bytes,
        drafts: drafts.channels.get().size + sealedDrafts.get().size,
        unsent: [...queue.rows.get(), ...sealedRows.get()].filter(({ command }) => isText(command)).length,
      };
    },
    export: async () => {
      await ready;
      return exportEntry({ replica, drafts, rows: queue.rows.get() });
    },
    [Symbol.asyncDispose]: async () => {
      await ready;
      for (const timeline of [...timelines]) timeline[Symbol.dispose]();
      notes[Symbol.dispose]();
      follower.unlinked();
      await marks.flush();
      await lifetime[Symbol.asyncDispose]();
      await Promise.all([queue[Symbol.asyncDispose](), drafts[Symbol.asyncDispose]()]);
      await Promise.all([replica[Symbol.asyncDispose](), state[Symbol.asyncDispose]()]);
    },
  };
}

/** @throws SkerryError for a text the server would refuse whatever happens */
function checkText(text: string): void {
  if (text === '') throw new SkerryError('bad_request', { field: 'text' });
  if ([...text].length > LIMITS.messageText) throw new SkerryError('too_large', { field: 'text' });
}

function ownIn(told: Told, me: AccountId | null): ReadonlySet<string> {
  const own = new Set<string>();
  for (const messages of told.messages.values())
    for (const message of messages) if (message.author === me) own.add(message.id);
  return own;
}

/** How many messages of others lie behind `n`: counted where they are in the window, else taken off what was unread. */
function leftAfter(
  row: ChannelRow,
  by: { n: number; window: Window | undefined; me: AccountId | null; before: Reading },
): number {
  const { n, window, me, before } = by;
  if (n >= row.counted) return 0;
  const ofOthers = window?.messages.filter((one) => one.author !== me && Number.isInteger(one.n)) ?? [];
  if (window?.to === null && window.from <= n + 1) return ofOthers.filter((message) => message.n > n).length;
  return Math.max(0, before.unread - ofOthers.filter((message) => message.n > before.readN && message.n <= n).length);
}
