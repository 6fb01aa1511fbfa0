import type { ChannelId, Message } from '@skerry/protocol';
import type { Drafts } from '../messages/drafts.ts';
import type { Queued } from '../messages/send-queue.ts';
import type { Replica } from './replica.ts';

/** What is stored of an entry, as JSON a person or another program can read. Holds no secret: those are in the vault alone. */
export async function exportEntry(parts: {
  replica: Replica;
  drafts: Drafts;
  rows: readonly Queued[];
}): Promise<string> {
  const { replica, drafts, rows } = parts;
  const { tables } = replica;
  const messages = new Map<ChannelId, Message[]>();
  await replica.exclusive(async () => {
    for await (const page of replica.pages.all())
      messages.set(page.channel, [...(messages.get(page.channel) ?? []), ...page.messages]);
  });
  return JSON.stringify({
    server: tables.server,
    me: tables.me,
    savedAt: replica.liveAt,
    accounts: [...tables.accounts.values()],
    channels: [...tables.channels.values()].map(({ channel, member, readN, spans }) => ({
      channel,
      member,
      readN,
      stored: spans,
      messages: messages.get(channel.id) ?? [],
    })),
    inbox: [...tables.inbox.values()].map(({ item }) => item),
    drafts: drafts.all(),
    unsent: rows.map(({ id, command, writtenAt, parked }) => ({ id, command, writtenAt, parked })),
  });
}
