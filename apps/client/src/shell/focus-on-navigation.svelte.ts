import { tick, untrack } from 'svelte';
import type { Route } from './route.ts';
import type { Router } from './router.svelte.ts';

/**
 * After a navigation the focus belongs to what was navigated to: to the element a view marked with
 * `data-takes-focus` (a composer, a first field), else to the content itself. Call it once while the app starts.
 *
 * It stays where it is when a dialog or menu is open, when the person is in a list that shows its items as one moves
 * through it (`data-keeps-focus`), and on the first page, which the browser focuses itself.
 */
export function moveFocusOnNavigation(router: Router, announce: (place: string) => void): void {
  let before: Route | undefined;
  $effect(() => {
    const { route } = router;
    const previous = before;
    before = route;
    if (previous === undefined || isSamePlace(previous, route)) return;
    untrack(() => void settle(announce));
  });
}

async function settle(announce: (place: string) => void): Promise<void> {
  await tick();
  if (document.querySelector('[role=dialog], [role=alertdialog], [role=menu]') !== null) return;
  if (document.activeElement?.closest('[data-keeps-focus]')) return;
  const content = document.getElementById('content');
  const wanted = content?.querySelector<HTMLElement>('[data-takes-focus]');
  // A keyboard that slides up over what was just opened is not what a finger asked for.
  if (wanted && !matchMedia('(pointer: coarse)').matches) wanted.focus({ preventScroll: true });
  else content?.focus({ preventScroll: true });
  announce(document.title);
}

/** Another message of the same channel is not another place. */
function isSamePlace(a: Route, b: Route): boolean {
  if (a.kind === 'channel' && b.kind === 'channel') return a.entry === b.entry && a.channel === b.channel;
  return a.kind === b.kind && !['server', 'servers', 'settings', 'assistants'].includes(a.kind);
}
