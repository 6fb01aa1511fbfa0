import type { Message } from '@skerry/protocol';
import { merge } from './pages.ts';

/**
 * The part of a channel that is held in memory: every message with `from` <= n <= `to`, oldest first.
 * `to` is null while it follows what is newest.
 */
export type Window = { readonly messages: readonly Message[]; readonly from: number; readonly to: number | null };

/** More than a few screens are not held: what is far off is read again from storage, so a long channel costs no more than a short one. */
export const WINDOW_MAX = 500;

/** Messages that were made or changed; those outside of the window are not its business. */
export function changedIn(window: Window, changed: readonly Message[]): Window {
  const inside = changed.filter(({ n }) => n >= window.from && (window.to === null || n <= window.to));
  if (inside.length === 0) return window;
  return cutOldest({ ...window, messages: merge(window.messages, inside) });
}

/** Extends it downwards; what then is too much is let go at the other end. */
export function withOlder(window: Window, part: { messages: readonly Message[]; from: number }): Window {
  const messages = [...part.messages, ...window.messages];
  if (messages.length <= WINDOW_MAX) return { ...window, messages, from: part.from };
  const kept = messages.slice(0, WINDOW_MAX);
  return { messages: kept, from: part.from, to: kept.at(-1)?.n ?? window.to };
}

/** Extends it upwards; with `to` null it has reached what is newest. */
export function withNewer(window: Window, part: { messages: readonly Message[]; to: number | null }): Window {
  return cutOldest({ ...window, messages: [...window.messages, ...part.messages], to: part.to });
}

function cutOldest(window: Window): Window {
  if (window.messages.length <= WINDOW_MAX) return window;
  const messages = window.messages.slice(-WINDOW_MAX);
  return { ...window, messages, from: messages[0]?.n ?? window.from };
}
