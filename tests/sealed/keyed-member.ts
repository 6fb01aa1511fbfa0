import type { ServerHandle, TimelineMessage } from '@skerry/core';
import type { AccountId, ChannelId, MessageId } from '@skerry/protocol';
import { Member, type MemberOptions } from '../harness/member.ts';
import { until } from '../harness/watch.ts';

/** A device of a person who has keys. */
export class Keyed implements AsyncDisposable {
  readonly member: Member;
  constructor(member: Member) {
    this.member = member;
  }

  /** A person's first device. */
  static async create(options: MemberOptions = {}): Promise<Keyed> {
    const member = await Member.start(options);
    await member.client.person.create();
    return new Keyed(member);
  }

  /** One more device of the same person. */
  async another(options: MemberOptions = {}): Promise<Keyed> {
    const member = await Member.start(options);
    const entered = await member.client.person.enterWords((await this.member.client.person.words()).join(' '));
    if (!entered.ok) throw new Error('the words are not right');
    return new Keyed(member);
  }

  async register(origin: string, username: string): Promise<ServerHandle> {
    const credentials = { kind: 'registerByKey', username, displayName: username, code: null, password: null } as const;
    const handle = await this.member.join(origin, username, { credentials });
    await ready(handle);
    return handle;
  }

  async signIn(origin: string, username: string): Promise<ServerHandle> {
    const handle = await this.member.join(origin, username, { credentials: { kind: 'signInByKey' } });
    await ready(handle);
    return handle;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.member[Symbol.asyncDispose]();
  }
}

export async function ready(handle: ServerHandle): Promise<void> {
  await until(handle.keys.state, ({ kind }) => kind === 'ready');
  await until(handle.sealed.state, (state) => state === 'ready');
}

export function idOf(handle: ServerHandle): AccountId {
  const me = handle.me.get();
  if (me === undefined) throw new Error('nobody is signed in');
  return me.id;
}

/** Waits until the server told of the other person's devices. */
export async function canReach(handle: ServerHandle, other: AccountId, version = 1): Promise<void> {
  await until(handle.accounts, (accounts) => (accounts.get(other)?.devices ?? 0) >= version);
}

export async function isIn(handle: ServerHandle, channel: ChannelId): Promise<void> {
  await until(handle.channels, (all) => all.some((one) => one.channel.id === channel && one.member));
}

/** The messages of an encrypted conversation once they are as wanted; lines are left out. */
export async function messages(
  handle: ServerHandle,
  channel: ChannelId,
  wanted: (messages: readonly TimelineMessage[]) => boolean,
  timeoutMs = 15_000,
): Promise<readonly TimelineMessage[]> {
  await isIn(handle, channel);
  using timeline = handle.timeline(channel);
  const said = (all: readonly TimelineMessage[]): readonly TimelineMessage[] =>
    all.filter(({ sealed }) => sealed?.system == null);
  const view = await until(timeline.view, (now) => now.status === 'fresh' && wanted(said(now.messages)), timeoutMs);
  return said(view.messages);
}

export async function texts(
  handle: ServerHandle,
  channel: ChannelId,
  wanted: readonly string[],
  timeoutMs?: number,
): Promise<readonly TimelineMessage[]> {
  return messages(
    handle,
    channel,
    (all) =>
      same(
        all.map(({ message }) => message.text),
        wanted,
      ),
    timeoutMs,
  );
}

/** The lines between the messages. */
export async function lines(
  handle: ServerHandle,
  channel: ChannelId,
  wanted: (kinds: readonly string[]) => boolean,
): Promise<readonly string[]> {
  using timeline = handle.timeline(channel);
  const kinds = (all: readonly TimelineMessage[]): string[] =>
    all.flatMap(({ sealed }) => (sealed?.system == null ? [] : [sealed.system.kind]));
  return kinds((await until(timeline.view, (now) => wanted(kinds(now.messages)))).messages);
}

/** Sends, and waits until the server has it. */
export async function say(handle: ServerHandle, channel: ChannelId, text: string): Promise<MessageId> {
  using timeline = handle.timeline(channel);
  const id = await handle.send({ channel, text, replyTo: null });
  await until(timeline.view, (view) => view.messages.some(({ message }) => message.id === id), 15_000);
  return id;
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, at) => text === b[at]);
}
