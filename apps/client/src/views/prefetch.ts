/** Parts that are not on the first screen and should be there at once when they are asked for. */
const PARTS: readonly (() => Promise<unknown>)[] = [
  () => import('./PaletteView.svelte'),
  () => import('../ui/Menu.svelte'),
  () => import('../ui/ConfirmDialog.svelte'),
  () => import('../features/status/StatusPopover.svelte'),
  () => import('../features/messages/MessageTools.svelte'),
  () => import('../features/messages/ConnectionBanner.svelte'),
  () => import('../features/rail/server-menu.ts'),
];

/** Fetches them one after the other while nothing else is to do. One that fails is asked for again when it is needed. */
export function prefetchParts(): void {
  const idle: (task: () => void) => unknown =
    'requestIdleCallback' in window
      ? (task) => requestIdleCallback(task, { timeout: 5000 })
      : (task) => setTimeout(task, 1500);
  const next = (index: number): void => {
    const part = PARTS[index];
    if (part === undefined) return;
    idle(
      () =>
        void part().then(
          () => next(index + 1),
          () => undefined,
        ),
    );
  };
  next(0);
}
