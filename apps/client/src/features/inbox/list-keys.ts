import type { Inbox } from './inbox.svelte.ts';

/** Arrow keys walk the list and take the focus along. */
export function onListKey(event: KeyboardEvent & { currentTarget: HTMLElement }, inbox: Inbox): void {
  if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
  if (event.target instanceof HTMLTextAreaElement) return;
  event.preventDefault();
  if (inbox.step(event.key === 'ArrowDown' ? 1 : -1) === undefined) return;
  const list = event.currentTarget;
  queueMicrotask(() => list.querySelector<HTMLElement>('[aria-current=true]')?.focus());
}
