import type { ChannelView } from '@skerry/core';

/** The encrypted conversations of a server: people by the last word said, groups by name. */
export function sealedChannels(channels: readonly ChannelView[]): {
  readonly direct: readonly ChannelView[];
  readonly groups: readonly ChannelView[];
} {
  const mine = channels.filter((view) => view.member && view.channel.sealed !== undefined);
  return {
    direct: mine.filter((view) => view.channel.sealed === 'direct').sort((a, b) => b.lastAt - a.lastAt),
    groups: mine
      .filter((view) => view.channel.sealed === 'group')
      .sort((a, b) => a.channel.name.localeCompare(b.channel.name)),
  };
}
