import type { AccountId, ChannelId, Message } from '@skerry/protocol';
import type { SealedPart } from '../sealed/face.ts';
import type { PendingMessage, TimelineMessage } from '../views.ts';
import { messageOf } from './queue-row.ts';
import type { Queued } from './send-queue.ts';

/** How untouched messages are shown. */
const plain = new WeakMap<Message, TimelineMessage>();

/** The messages as the person's own unconfirmed edits, deletes and reactions leave them. */
export function withPending(
  messages: readonly Message[],
  rows: readonly Queued[],
  me: AccountId | null,
): readonly TimelineMessage[] {
  // Untouched messages keep their object below, so that a screen needs to draw nothing for them.
  const changes = new Map<string, Queued[]>();
  for (const row of rows) {
    const id = row.command.kind === 'message.send' || row.parked !== null ? undefined : messageOf(row);
    if (id !== undefined) changes.set(id, [...(changes.get(id) ?? []), row]);
  }
  return messages.map((message) => {
    const own = changes.get(message.id);
    const changed = own?.reduce((before, row) => changedBy(before, row, me), message) ?? message;
    const sealed = 'sealed' in message ? { sealed: message.sealed as SealedPart } : {};
    if (changed !== message) return { message: changed, pendingEdit: true, ...sealed };
    let shown = plain.get(message);
    if (shown === undefined) plain.set(message, (shown = { message, pendingEdit: false, ...sealed }));
    return shown;
  });
}

/** What was written in a channel and has not come back: sends, and edits that were refused, whose text must not be lost. */
export function pendingIn(
  channel: ChannelId,
  rows: readonly Queued[],
  messages: readonly Message[],
): readonly PendingMessage[] {
  if (rows.length === 0) return [];
  const shown = new Set<string>(messages.map(({ id }) => id));
  return rows.flatMap((row): PendingMessage[] => {
    const { command, id, writtenAt, parked, isSending } = row;
    const mayBeThere = row.isAttempted === true && parked === null;
    const state =
      parked !== null
        ? ({ kind: 'parked', ...parked } as const)
        : ({ kind: isSending ? 'sending' : 'waiting' } as const);
    if (command.kind === 'message.send' && command.channel === channel && !shown.has(id)) {
      return [
        {
          id: id as string as PendingMessage['id'],
          channel,
          text: command.text,
          replyTo: command.replyTo,
          writtenAt,
          state,
          edits: null,
          ...(mayBeThere ? { mayBeThere } : {}),
          ...(row.attachments === undefined ? {} : { attachments: row.attachments }),
        },
      ];
    }
    if (command.kind === 'message.edit' && row.lane === channel && parked !== null) {
      return [
        {
          id: id as string as PendingMessage['id'],
          channel,
          text: command.text,
          replyTo: null,
          writtenAt,
          state,
          edits: command.message,
        },
      ];
    }
    return [];
  });
}

function changedBy(message: Message, { command }: Queued, me: AccountId | null): Message {
  switch (command.kind) {
    case 'message.edit':
      return message.deleted || message.text === command.text ? message : { ...message, text: command.text };
    case 'message.delete':
      return message.deleted ? message : { ...message, text: '', deleted: true, mentions: [], reactions: [] };
    case 'reaction.set':
      return me === null ? message : withReaction(message, { me, emoji: command.emoji, on: command.on });
    default:
      return message;
  }
}

function withReaction(message: Message, { me, emoji, on }: { me: AccountId; emoji: string; on: boolean }): Message {
  const isOn = message.reactions.some((reaction) => reaction.emoji === emoji && reaction.accounts.includes(me));
  if (isOn === on || message.deleted) return message;
  const isKnown = message.reactions.some((reaction) => reaction.emoji === emoji);
  const reactions = isKnown
    ? message.reactions.map((reaction) =>
        reaction.emoji !== emoji
          ? reaction
          : { emoji, accounts: on ? [...reaction.accounts, me] : reaction.accounts.filter((one) => one !== me) },
      )
    : [...message.reactions, { emoji, accounts: [me] }];
  return { ...message, reactions: reactions.filter(({ accounts }) => accounts.length > 0) };
}
