import * as z from 'zod/mini';
import { channelId, messageId } from './ids.ts';
import { emoji, inboxState, messageText } from './messages.ts';

const count = z.number().check(z.int(), z.minimum(0), z.maximum(Number.MAX_SAFE_INTEGER));

/** What a person does to messages. These may be given while no server is there; all others are done at once or not at all. */
export const MESSAGE_COMMANDS = [
  z.strictObject({
    kind: z.literal('message.send'),
    channel: channelId,
    text: messageText,
    replyTo: z.nullable(messageId),
  }),
  z.strictObject({ kind: z.literal('message.edit'), message: messageId, text: messageText }),
  z.strictObject({ kind: z.literal('message.delete'), message: messageId }),
  z.strictObject({ kind: z.literal('reaction.set'), message: messageId, emoji, on: z.boolean() }),
  z.strictObject({ kind: z.literal('marker.set'), channel: channelId, n: count }),
  z.strictObject({ kind: z.literal('inbox.set'), message: messageId, state: inboxState }),
] as const;

export const messageCommand = z.discriminatedUnion('kind', MESSAGE_COMMANDS);
export type MessageCommand = z.infer<typeof messageCommand>;

/** `seq` and `n` of the event the command made; 0 where it changed nothing (already so). */
export const commandResult = z.object({ seq: count, n: count });
export type CommandResult = z.infer<typeof commandResult>;
