import type { Snippet } from 'svelte';
import type { MessageId } from '@skerry/protocol';
import type { PendingMessage, TimelineMessage } from '@skerry/core';

/** What goes with a message besides its text. */
export interface Carrier {
  /** Something is on it: the text may be empty then. */
  readonly isLoaded: boolean;
  /** All of it can leave. */
  readonly isReady: boolean;
  /** Takes files that were pasted; says itself which ones it does not take. */
  take(files: readonly File[]): unknown;
  /** Sends a message with all of it. */
  send(message: { readonly text: string; readonly replyTo: MessageId | null }): Promise<unknown>;
}

/** What a kind of conversation shows beyond texts, drawn by whoever knows that kind. */
export type ConversationSlots = {
  /** A line of the conversation itself. */
  readonly line: Snippet<[TimelineMessage]>;
  /** Below the text of a message. */
  readonly under: Snippet<[TimelineMessage]>;
  /** Below an unsent message: its files. */
  readonly unsent: Snippet<[PendingMessage]>;
  /** Why a message was not sent, and what to do about it. */
  readonly parked: Snippet<[PendingMessage]>;
  /** Where there is no message yet. */
  readonly empty: Snippet;
  /** Before the field one writes in. */
  readonly start: Snippet;
  /** Above it. */
  readonly tray: Snippet;
};

/** Whether there is a message to act on: not a line, and not one that this device cannot read. */
export function isActable(entry: TimelineMessage): boolean {
  const mark = entry.sealed?.mark ?? null;
  return mark === null || mark === 'serverErased';
}
