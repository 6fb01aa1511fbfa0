import * as z from 'zod/mini';
import { accountId, channelId, messageId } from './ids.ts';
import { LIMITS } from './limits.ts';

const count = z.number().check(z.int(), z.minimum(0), z.maximum(Number.MAX_SAFE_INTEGER));

export const messageText = z.string().check(z.minLength(1), z.maxLength(LIMITS.messageText));
const PICTURE = String.raw`\p{Extended_Pictographic}(?:\ufe0f|\p{Emoji_Modifier})?[\u{e0020}-\u{e007f}]*`;
const EMOJI = new RegExp(String.raw`^(?:\p{RI}\p{RI}|[0-9#*]\ufe0f?\u20e3|${PICTURE}(?:\u200d${PICTURE})*)$`, 'u');

/** Exactly one emoji (Unicode TS 51): a flag, a keycap, or a picture with its modifiers and joined parts. */
export const emoji = z.string().check(z.minLength(1), z.maxLength(32), z.regex(EMOJI));

export const reaction = z.object({
  emoji: z.string().check(z.minLength(1), z.maxLength(32)),
  accounts: z.array(accountId).check(z.maxLength(LIMITS.accountsPerReaction)),
});

/** A message as it is now. Of a deleted one only the shell is left: no text, no reactions, no mentions. */
export const message = z.object({
  id: messageId,
  channel: channelId,
  /** Its place: the number, in the channel's stream, of the event that made it. */
  n: count,
  /** Number of its last change in the channel's stream: the higher one wins, whatever arrives later. */
  rev: count,
  author: accountId,
  /** Server time in Unix milliseconds. */
  at: count,
  text: z.string().check(z.maxLength(LIMITS.messageText)),
  replyTo: z.nullable(messageId),
  editedAt: z.nullable(count),
  deleted: z.boolean(),
  mentions: z.array(accountId).check(z.maxLength(LIMITS.mentionsPerMessage)),
  reactions: z.array(reaction).check(z.maxLength(LIMITS.reactionsPerMessage)),
});
export type Message = z.infer<typeof message>;

export const inboxState = z.enum(['open', 'later', 'done']);
export type InboxState = z.infer<typeof inboxState>;

/** A message that concerns one account. It "needs you" while open, unread and not deleted. */
export const inboxItem = z.object({
  message,
  reason: z.enum(['mention', 'reply']),
  state: inboxState,
  /** Number of its last change in the account's stream. */
  rev: count,
});
export type InboxItem = z.infer<typeof inboxItem>;

/** How a mention of an account stands in a message's text. */
export const MENTION = /<@([0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})>/g;

export const mentionOf = (account: string): string => `<@${account}>`;
