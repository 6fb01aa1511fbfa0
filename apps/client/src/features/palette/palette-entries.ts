import type { SkerryClient } from '@skerry/core';
import type { PaletteEntry } from './palette-search.ts';

/** Everything one can jump to, over all servers, from what is on this device. */
export function paletteEntries(client: SkerryClient): readonly PaletteEntry[] {
  const entries: PaletteEntry[] = [];
  for (const view of client.servers.get()) {
    const handle = client.server(view.entry.id);
    if (handle === undefined) continue;
    const server = view.entry.id;
    entries.push({ kind: 'server', key: `server:${server}`, name: view.label, alias: view.host, server });
    for (const { channel, member, lastAt, mentions, unread } of handle.channels.get()) {
      if (!member) continue;
      entries.push({
        kind: 'channel',
        key: `channel:${server}:${channel.id}`,
        name: channel.name,
        alias: `${view.label} ${channel.topic}`,
        server,
        channel: channel.id,
        isPrivate: channel.visibility === 'private',
        isSealed: channel.sealed !== undefined,
        lastAt,
        mentions,
        unread: (unread ?? 0) > 0,
      });
    }
    const me = handle.me.get()?.id;
    for (const account of handle.accounts.get().values()) {
      if (account.disabled || account.id === me) continue;
      entries.push({
        kind: 'person',
        key: `person:${server}:${account.id}`,
        name: account.displayName,
        alias: `${account.username} ${view.label}`,
        server,
        account: account.id,
      });
    }
  }
  return entries;
}
