import type { Message } from '@skerry/protocol';
import { t } from '../../i18n/t.ts';
import { sayFailure } from '../../state/failure.ts';
import type { Overlays } from '../../ui/overlays.svelte.ts';
import type { Conversation } from './conversation.svelte.ts';

/** Asks, then deletes. */
export async function deleteMessage(
  message: Message,
  acts: { readonly conversation: Conversation; readonly overlays: Overlays },
): Promise<void> {
  const { conversation, overlays } = acts;
  const agreed = await overlays.confirm({
    title: t.messages.removeAsk,
    text: `${conversation.nameOf(message.author)}: ${conversation.lineOf(message, 120)}\n\n${t.messages.removeText}`,
    confirm: t.messages.removeConfirm,
    danger: true,
  });
  if (!agreed) return;
  const row = document.querySelector<HTMLElement>(`[data-row="${CSS.escape(message.id)}"]`);
  await conversation.server.delete(message.id).catch((error: unknown) => sayFailure(overlays, error));
  // Its buttons, one of which may have had the focus, go with its text.
  row?.focus({ preventScroll: true });
}
