import type { Overlays } from '../../ui/overlays.svelte.ts';
import type { Conversation } from './conversation.svelte.ts';
import { deleteMessage } from './delete-message.ts';
import { isActable } from './slots.ts';
import type { TimelineController } from './timeline-controller.svelte.ts';
import type { TimelineRow } from './timeline-rows.ts';

export type TimelineKeyContext = {
  readonly conversation: Conversation;
  readonly controller: TimelineController;
  readonly overlays: Overlays;
};

const PAGE = 10;

/**
 * Keys in the list of messages. They act on the message that has the focus, itself or in one of its links and buttons,
 * and nowhere else, so that a letter is never a command while somebody writes.
 */
export function onTimelineKey(event: KeyboardEvent, context: TimelineKeyContext): void {
  const { controller } = context;
  if (event.ctrlKey || event.metaKey || event.altKey || !(event.target instanceof HTMLElement)) return;
  if (['PageUp', 'Home', 'ArrowUp'].includes(event.key)) controller.gesture();
  const element = event.target.closest<HTMLElement>('[data-row]');
  const row = controller.rows[controller.cursorIndex];
  if (element === null || row === undefined || row.key !== element.dataset['row']) return;
  if (event.key === 'Escape') leave(event.target, element);
  else if (!moveBy(event.key, controller) && !act(event, row, context)) return;
  event.preventDefault();
}

/** From a button back to its message, from a message to where one writes. */
function leave(from: HTMLElement, row: HTMLElement): void {
  if (from === row) document.querySelector<HTMLElement>('[data-composer]')?.focus();
  else row.focus();
}

function moveBy(key: string, controller: TimelineController): boolean {
  switch (key) {
    case 'ArrowUp':
      controller.moveFocus(-1);
      return true;
    case 'ArrowDown':
      controller.moveFocus(1);
      return true;
    case 'PageUp':
      controller.moveFocus(-PAGE);
      return true;
    case 'PageDown':
      controller.moveFocus(PAGE);
      return true;
    case 'Home':
      controller.moveFocus(-controller.rows.length);
      return true;
    case 'End':
      controller.moveFocus(controller.rows.length);
      return true;
    default:
      return false;
  }
}

function act(event: KeyboardEvent, row: TimelineRow, { conversation, overlays }: TimelineKeyContext): boolean {
  if (row.kind !== 'message' || !isActable(row.entry)) return false;
  const { message } = row.entry;
  switch (event.key) {
    case 'e':
      if (!conversation.canEdit(message)) return false;
      conversation.write({ kind: 'edit', message });
      return true;
    case 'r':
      if (!conversation.canWrite || message.deleted) return false;
      conversation.write({ kind: 'reply', to: message });
      return true;
    case '+':
      if (!conversation.canWrite || message.deleted) return false;
      conversation.pick(message.id);
      return true;
    case 'Delete':
      if (!conversation.canDelete(message)) return false;
      void deleteMessage(message, { conversation, overlays });
      return true;
    default:
      return false;
  }
}
