import type { Message } from '@skerry/protocol';
import Copy from '@lucide/svelte/icons/copy';
import Mail from '@lucide/svelte/icons/mail';
import Link from '@lucide/svelte/icons/link';
import Pencil from '@lucide/svelte/icons/pencil';
import Reply from '@lucide/svelte/icons/reply';
import SmilePlus from '@lucide/svelte/icons/smile-plus';
import Trash2 from '@lucide/svelte/icons/trash-2';
import { t } from '../../i18n/t.ts';
import { sayFailure } from '../../state/failure.ts';
import type { MenuEntry, MenuSpec, Overlays } from '../../ui/overlays.svelte.ts';
import type { Conversation } from './conversation.svelte.ts';
import { deleteMessage } from './delete-message.ts';
import { decodeMentions } from './decode-mentions.ts';

export type MessageActs = {
  readonly conversation: Conversation;
  readonly overlays: Overlays;
  readonly react: () => void;
};

/** Everything that can be done with a message, by who may do it. */
export function messageMenu(message: Message, acts: MessageActs): MenuSpec {
  const { conversation, overlays, react } = acts;
  const entries: MenuEntry[] = [];
  if (conversation.canWrite) {
    entries.push({
      kind: 'action',
      label: t.messages.reply,
      icon: Reply,
      keys: 'R',
      onselect: () => conversation.write({ kind: 'reply', to: message }),
    });
    entries.push({ kind: 'action', label: t.messages.react, icon: SmilePlus, keys: '+', onselect: react });
  }
  if (conversation.canEdit(message))
    entries.push({
      kind: 'action',
      label: t.messages.edit,
      icon: Pencil,
      keys: 'E',
      onselect: () => conversation.write({ kind: 'edit', message }),
    });
  entries.push({
    kind: 'action',
    label: t.messages.copyText,
    icon: Copy,
    onselect: () => void copyText(message, acts),
  });
  entries.push({
    kind: 'action',
    label: t.messages.copyLink,
    icon: Link,
    onselect: () => void copyLink(message, acts),
  });
  if (message.author !== conversation.me?.id && conversation.channelView?.member === true)
    entries.push({
      kind: 'action',
      label: t.messages.markUnread,
      icon: Mail,
      onselect: () => void markUnread(message, acts),
    });
  if (conversation.canDelete(message)) {
    entries.push({ kind: 'separator' });
    entries.push({
      kind: 'action',
      label: t.messages.remove,
      icon: Trash2,
      keys: 'Del',
      danger: true,
      onselect: () => void deleteMessage(message, { conversation, overlays }),
    });
  }
  return { label: t.messages.actions(conversation.nameOf(message.author)), entries };
}

async function markUnread(message: Message, { conversation, overlays }: MessageActs): Promise<void> {
  try {
    await conversation.server.markUnread(message.channel, message.n);
    overlays.toast({ text: t.messages.markedUnread });
  } catch (error) {
    sayFailure(overlays, error);
  }
}

async function copyLink(message: Message, { conversation, overlays }: MessageActs): Promise<void> {
  try {
    await navigator.clipboard.writeText(await conversation.server.linkTo(message.channel, message.id));
    overlays.toast({ text: t.messages.linkCopied });
  } catch {
    overlays.toast({ text: t.ui.copyFailed, tone: 'danger' });
  }
}

async function copyText(message: Message, { conversation, overlays }: MessageActs): Promise<void> {
  try {
    await navigator.clipboard.writeText(decodeMentions(message.text, conversation.accounts));
    overlays.announce(t.ui.copied);
  } catch {
    overlays.toast({ text: t.ui.copyFailed, tone: 'danger' });
  }
}
