import type { ChannelId } from '@skerry/protocol';
import type { ChannelView, Subscribable } from '@skerry/core';

/** The channel of that name as soon as one is a member of it; undefined after `withinMs`. */
export function whenJoined(
  channels: Subscribable<readonly ChannelView[]>,
  name: string,
  withinMs = 4000,
): Promise<ChannelId | undefined> {
  const find = (): ChannelId | undefined =>
    channels.get().find((view) => view.member && view.channel.name === name)?.channel.id;
  return new Promise((resolve) => {
    const found = find();
    if (found !== undefined) return resolve(found);
    const finish = (id: ChannelId | undefined): void => {
      clearTimeout(timer);
      unsubscribe();
      resolve(id);
    };
    const timer = setTimeout(() => finish(undefined), withinMs);
    const unsubscribe = channels.subscribe(() => {
      const id = find();
      if (id !== undefined) finish(id);
    });
  });
}
