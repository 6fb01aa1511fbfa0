import type { Account } from '@skerry/protocol';
import type { ChannelView } from '@skerry/core';
import { sealedChannels } from '../../state/sealed-channels.ts';

/** The channels of a server as the list shows them. */
export type ChannelGroups = {
  readonly joined: readonly ChannelView[];
  /** Joined and archived: below, folded. */
  readonly archived: readonly ChannelView[];
  /** Public ones to join. */
  readonly others: readonly ChannelView[];
  /** Encrypted conversations with one person, and of a group: in sections of their own. */
  readonly direct: readonly ChannelView[];
  readonly groups: readonly ChannelView[];
};

export function groupChannels(channels: readonly ChannelView[]): ChannelGroups {
  const joined: ChannelView[] = [];
  const archived: ChannelView[] = [];
  const others: ChannelView[] = [];
  for (const view of channels) {
    if (view.channel.sealed !== undefined) continue;
    if (!view.member) others.push(view);
    else if (view.channel.archived) archived.push(view);
    else joined.push(view);
  }
  return { joined, archived, others, ...sealedChannels(channels) };
}

/** The channel before or after one, in the order of the list; unread ones only, if asked. */
export function neighbour(
  channels: readonly ChannelView[],
  current: string | undefined,
  options: { step: 1 | -1; unreadOnly: boolean },
): ChannelView | undefined {
  const { joined, direct, groups } = groupChannels(channels);
  const all = [...joined, ...direct, ...groups];
  const at = all.findIndex((view) => view.channel.id === current);
  const from = at === -1 ? (options.step === 1 ? -1 : all.length) : at;
  for (let distance = 1; distance <= all.length; distance += 1) {
    const view = all[(from + distance * options.step + all.length * 2) % all.length];
    if (view === undefined || view.channel.id === current) return undefined;
    if (!options.unreadOnly || view.mentions > 0 || (view.unread ?? 0) > 0) return view;
  }
  return undefined;
}

/** What the signed-in person may do with a channel; the server has the last word. */
export function channelRights(
  view: ChannelView,
  me: Account | undefined,
): { readonly manage: boolean; readonly leave: boolean } {
  if (me === undefined) return { manage: false, leave: false };
  const isModerator = me.role !== 'member' && (view.member || view.channel.visibility === 'public');
  const isMaker = view.member && view.channel.createdBy === me.id;
  return { manage: isModerator || isMaker, leave: view.member };
}
