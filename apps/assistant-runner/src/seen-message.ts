import { ASSISTANT_LIMITS, type SeenMessage } from '@skerry/protocol';
import type { Message } from 'discord.js';

const NAME = 100;

/** A message as it is told to the server: names and texts cut to what it takes. */
export function seenMessage(message: Message, self: string): SeenMessage {
  const { id, author, member, createdTimestamp } = message;
  return {
    id,
    authorId: author.id,
    authorName: cut(member?.displayName ?? author.displayName, NAME),
    by: author.id === self ? 'self' : author.bot ? 'bot' : 'person',
    text: cut(message.cleanContent, ASSISTANT_LIMITS.discordText),
    at: createdTimestamp,
  };
}

/** At most so many units of UTF-16, and no half of a pair at the end. */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  const last = text.charCodeAt(most - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? most - 1 : most);
}
