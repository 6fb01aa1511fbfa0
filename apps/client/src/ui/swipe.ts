import type { Attachment } from 'svelte/attachments';

/** Farther than this a finger means it; nearer, the row goes back. */
const ENOUGH_PX = 56;
const LONGEST_PX = 80;
/** A finger that went this far is scrolling or swiping, and no longer tapping. */
const SLIP_PX = 10;

/**
 * Does something when a finger draws a row to the left. Mice and pens have other ways, and so must fingers: whatever this
 * does stands in a menu as well. The element needs `touch-action: pan-y`.
 */
export function swipeLeft(act: () => (() => void) | undefined): Attachment<HTMLElement> {
  return (node) => {
    const leaving = new AbortController();
    const { signal } = leaving;
    let start: { readonly x: number; readonly y: number; readonly pointer: number } | undefined;
    let drawn = 0;

    const rest = (): void => {
      start = undefined;
      drawn = 0;
      node.style.transform = '';
      node.style.transition = 'transform 160ms ease-out';
    };
    node.addEventListener(
      'pointerdown',
      (event) => {
        if (event.pointerType !== 'touch' || !event.isPrimary) return;
        start = { x: event.clientX, y: event.clientY, pointer: event.pointerId };
        node.style.transition = '';
      },
      { signal },
    );
    node.addEventListener(
      'pointermove',
      (event) => {
        if (start === undefined || event.pointerId !== start.pointer) return;
        const [x, y] = [event.clientX - start.x, event.clientY - start.y];
        if (drawn === 0 && (Math.abs(y) > SLIP_PX || x > SLIP_PX)) return rest();
        if (-x < SLIP_PX && drawn === 0) return;
        drawn = Math.min(LONGEST_PX, Math.max(0, -x));
        node.style.transform = `translateX(${-drawn}px)`;
      },
      { signal },
    );
    node.addEventListener(
      'pointerup',
      (event) => {
        if (event.pointerId !== start?.pointer) return;
        const isEnough = drawn >= ENOUGH_PX;
        rest();
        if (isEnough) act()?.();
      },
      { signal },
    );
    node.addEventListener('pointercancel', rest, { signal });
    return () => leaving.abort();
  };
}
