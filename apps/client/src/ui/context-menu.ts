import type { Attachment } from 'svelte/attachments';
import type { MenuSpec, Overlays } from './overlays.svelte.ts';

const HOLD_MS = 480;
const SLIP_PX = 10;

/**
 * Opens a menu by right click, by the menu key or Shift+F10, and by a long press of a finger. Everything in such a
 * menu must be reachable in another way as well. A menu whose parts are fetched first comes as a promise.
 */
export function contextMenu(
  overlays: Overlays,
  menu: () => MenuSpec | Promise<MenuSpec> | undefined,
): Attachment<HTMLElement> {
  return (node) => {
    const leaving = new AbortController();
    const { signal } = leaving;
    let hold: ReturnType<typeof setTimeout> | undefined;
    let start: { x: number; y: number } | undefined;

    const open = (x: number, y: number): boolean => {
      const spec = menu();
      if (spec === undefined) return false;
      // The keyboard's event carries no useful point: the menu goes to the element.
      const at = x === 0 && y === 0 ? node : { x, y };
      if (spec instanceof Promise)
        void spec.then(
          (made) => overlays.openMenu(at, made),
          () => undefined,
        );
      else overlays.openMenu(at, spec);
      return true;
    };
    const release = (): void => {
      clearTimeout(hold);
      hold = undefined;
      start = undefined;
    };

    node.addEventListener(
      'contextmenu',
      (event) => {
        // Text that was selected, and links, keep the browser's own menu.
        if (event.shiftKey || getSelection()?.isCollapsed === false) return;
        if (open(event.clientX, event.clientY)) event.preventDefault();
        release();
      },
      { signal },
    );
    // Safari on a phone sends no contextmenu event.
    node.addEventListener(
      'pointerdown',
      (event) => {
        if (event.pointerType !== 'touch') return;
        start = { x: event.clientX, y: event.clientY };
        hold = setTimeout(() => {
          if (start !== undefined && open(start.x, start.y)) {
            // The finger's coming click belongs to the press.
            addEventListener(
              'click',
              (click) => {
                click.preventDefault();
                click.stopPropagation();
              },
              { capture: true, once: true },
            );
          }
          release();
        }, HOLD_MS);
      },
      { signal },
    );
    node.addEventListener(
      'pointermove',
      (event) => {
        if (start !== undefined && Math.hypot(event.clientX - start.x, event.clientY - start.y) > SLIP_PX) release();
      },
      { signal },
    );
    for (const end of ['pointerup', 'pointercancel', 'pointerleave'] as const)
      node.addEventListener(end, release, { signal });
    return () => {
      release();
      leaving.abort();
    };
  };
}
