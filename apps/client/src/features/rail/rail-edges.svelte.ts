import type { Attachment } from 'svelte/attachments';

/** How many marked items of a scrolling list lie out of sight, above and below. */
export class RailEdges {
  above = $state(0);
  below = $state(0);
  #node: HTMLElement | undefined;

  /** The scrolling element; items that count carry `data-counts`. `changed` is read so that a new count is seen. */
  watch(changed: () => unknown): Attachment<HTMLElement> {
    return (node) => {
      this.#node = node;
      changed();
      this.#count();
      const leaving = new AbortController();
      node.addEventListener('scroll', () => this.#count(), { passive: true, signal: leaving.signal });
      const observer = new ResizeObserver(() => this.#count());
      observer.observe(node);
      return () => {
        leaving.abort();
        observer.disconnect();
      };
    };
  }

  show(where: 'above' | 'below'): void {
    const hidden = this.#hidden();
    const target = where === 'above' ? hidden.above.at(-1) : hidden.below[0];
    target?.scrollIntoView({ block: 'nearest' });
  }

  #count(): void {
    const hidden = this.#hidden();
    this.above = hidden.above.length;
    this.below = hidden.below.length;
  }

  #hidden(): { above: HTMLElement[]; below: HTMLElement[] } {
    const node = this.#node;
    const above: HTMLElement[] = [];
    const below: HTMLElement[] = [];
    if (node === undefined) return { above, below };
    const box = node.getBoundingClientRect();
    for (const item of node.querySelectorAll<HTMLElement>('[data-counts]')) {
      const { top, bottom } = item.getBoundingClientRect();
      const middle = (top + bottom) / 2;
      if (middle < box.top) above.push(item);
      else if (middle > box.bottom) below.push(item);
    }
    return { above, below };
  }
}
