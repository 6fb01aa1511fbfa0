import type { Account, AccountId, Channel, ChannelId, Role } from '@skerry/protocol';
import type { ChannelView } from '@skerry/core';
import { describe, expect, it } from 'vitest';
import { channelRights, groupChannels, neighbour } from './channel-groups.ts';

function channel(name: string, changes: Partial<ChannelView> = {}, of: Partial<Channel> = {}): ChannelView {
  const id = name as ChannelId;
  return {
    channel: {
      id,
      name,
      topic: '',
      visibility: 'public',
      history: 'all',
      archived: false,
      createdBy: null,
      createdAt: 0,
      rev: 1,
      ...of,
    },
    member: true,
    unread: 0,
    mentions: 0,
    lastAt: 0,
    hasDraft: false,
    markedUnread: false,
    muted: false,
    ...changes,
  };
}
const me = (role: Role): Account =>
  ({ id: 'a', username: 'ada', displayName: 'Ada', role, disabled: false, createdAt: 0, rev: 1 }) as Account;

describe('groupChannels', () => {
  it('keeps what was not joined and what is archived apart', () => {
    const groups = groupChannels([channel('a'), channel('b', {}, { archived: true }), channel('c', { member: false })]);
    expect(
      [groups.joined, groups.archived, groups.others].map((list) => list.map((view) => view.channel.name)),
    ).toEqual([['a'], ['b'], ['c']]);
  });
});

describe('neighbour', () => {
  const list = [
    channel('a'),
    channel('b', { unread: 2 }),
    channel('x', { member: false, unread: 9 }),
    channel('c'),
    channel('d', { mentions: 1 }),
  ];
  const name = (current: string | undefined, step: 1 | -1, unreadOnly: boolean): string | undefined =>
    neighbour(list, current, { step, unreadOnly })?.channel.name;

  it('goes round the joined ones', () => {
    expect([name('a', 1, false), name('b', 1, false), name('d', 1, false), name('a', -1, false)]).toEqual([
      'b',
      'c',
      'a',
      'd',
    ]);
  });

  it('finds the next unread one, and none where only the current one is', () => {
    expect([name('a', 1, true), name('b', 1, true), name('d', 1, true)]).toEqual(['b', 'd', 'b']);
    expect(neighbour([channel('a', { unread: 1 })], 'a', { step: 1, unreadOnly: true })).toBeUndefined();
  });

  it('starts at the end one comes from when nothing is open', () => {
    expect([name(undefined, 1, false), name(undefined, -1, false)]).toEqual(['a', 'd']);
    expect(neighbour([], undefined, { step: 1, unreadOnly: false })).toBeUndefined();
  });
});

describe('channelRights', () => {
  it('lets moderators manage public channels and the private ones they are in', () => {
    expect(channelRights(channel('a', { member: false }), me('moderator')).manage).toBe(true);
    expect(channelRights(channel('a', { member: false }, { visibility: 'private' }), me('moderator')).manage).toBe(
      false,
    );
    expect(channelRights(channel('a'), me('member'))).toEqual({ manage: false, leave: true });
    expect(channelRights(channel('a'), undefined)).toEqual({ manage: false, leave: false });
  });

  it('lets whoever made a channel manage it while they are in it', () => {
    const own = { visibility: 'private', createdBy: 'a' as AccountId } as const;
    expect(channelRights(channel('a', {}, own), me('member')).manage).toBe(true);
    expect(channelRights(channel('a', { member: false }, own), me('member')).manage).toBe(false);
    expect(channelRights(channel('a', {}, { ...own, createdBy: 'b' as AccountId }), me('member')).manage).toBe(false);
  });
});

describe('encrypted conversations', () => {
  const all = [
    channel('general'),
    channel('ben', { lastAt: 1 }, { sealed: 'direct' }),
    channel('cem', { lastAt: 2, unread: 1 }, { sealed: 'direct' }),
    channel('crew', {}, { sealed: 'group' }),
    channel('left', { member: false }, { sealed: 'group' }),
  ];

  it('stand apart from the channels, people by the last word and groups by name, and none to join', () => {
    const { joined, others, direct, groups } = groupChannels(all);
    expect([joined, others, direct, groups].map((list) => list.map((view) => view.channel.id))).toEqual([
      ['general'],
      [],
      ['cem', 'ben'],
      ['crew'],
    ]);
  });

  it('are reached by the same keys, after the channels', () => {
    const next = (from: string, unreadOnly = false): string | undefined =>
      neighbour(all, from, { step: 1, unreadOnly })?.channel.id;
    expect([next('general'), next('cem'), next('ben'), next('crew')]).toEqual(['cem', 'ben', 'crew', 'general']);
    expect(next('crew', true)).toBe('cem');
  });
});
