import type { Attachment } from 'svelte/attachments';

const THRESHOLD_PX = 6;

export type RailDragParts = {
  readonly count: () => number;
  /** The item is dropped at its new place. */
  readonly ondrop: (from: number, to: number) => void;
};

/**
 * Reorders a vertical list by mouse or pen. Fingers scroll instead and have the menu, the keyboard has its keys.
 * Items keep their height, so the place follows from how far the pointer went.
 */
export class RailDrag {
  readonly #parts: RailDragParts;
  #from = $state(-1);
  #to = $state(-1);
  #offset = $state(0);
  #height = 0;

  constructor(parts: RailDragParts) {
    this.#parts = parts;
  }

  get isDragging(): boolean {
    return this.#from >= 0;
  }

  /** How far, in px, an item stands from its place while another one passes by. */
  shiftOf(index: number): number {
    if (this.#from < 0) return 0;
    if (index === this.#from) return this.#offset;
    if (this.#to > this.#from && index > this.#from && index <= this.#to) return -this.#height;
    if (this.#to < this.#from && index < this.#from && index >= this.#to) return this.#height;
    return 0;
  }

  isLifted(index: number): boolean {
    return index === this.#from;
  }

  item(index: () => number): Attachment<HTMLElement> {
    return (node) => {
      const leaving = new AbortController();
      const { signal } = leaving;
      let start: { y: number; pointer: number } | undefined;

      const end = (event: PointerEvent, dropped: boolean): void => {
        if (start === undefined || event.pointerId !== start.pointer) return;
        start = undefined;
        if (this.#from < 0) return;
        const [from, to] = [this.#from, this.#to];
        this.#from = this.#to = -1;
        this.#offset = 0;
        if (dropped && from !== to) this.#parts.ondrop(from, to);
        // The click that ends a drag opens nothing.
        addEventListener('click', swallow, { capture: true, once: true });
        setTimeout(() => removeEventListener('click', swallow, { capture: true }), 0);
      };

      node.addEventListener(
        'pointerdown',
        (event) => {
          if (event.button === 0 && event.pointerType !== 'touch')
            start = { y: event.clientY, pointer: event.pointerId };
        },
        { signal },
      );
      node.addEventListener(
        'pointermove',
        (event) => {
          if (start === undefined || event.pointerId !== start.pointer) return;
          const moved = event.clientY - start.y;
          if (this.#from < 0) {
            if (Math.abs(moved) < THRESHOLD_PX) return;
            node.setPointerCapture(event.pointerId);
            this.#from = index();
            this.#height = node.offsetHeight;
          }
          this.#offset = moved;
          const place = this.#from + Math.round(moved / Math.max(1, this.#height));
          this.#to = Math.max(0, Math.min(this.#parts.count() - 1, place));
        },
        { signal },
      );
      node.addEventListener('pointerup', (event) => end(event, true), { signal });
      node.addEventListener('pointercancel', (event) => end(event, false), { signal });
      // The browser would drag the link's address.
      node.addEventListener('dragstart', (event) => event.preventDefault(), { signal });
      return () => leaving.abort();
    };
  }
}

function swallow(event: Event): void {
  event.preventDefault();
  event.stopPropagation();
}
