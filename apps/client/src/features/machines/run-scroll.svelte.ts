import { flushSync } from 'svelte';
import type { VirtualizerHandle } from 'virtua/svelte';
import type { RunRow } from './run-rows.ts';

/** Asks for older entries this far from the top, in px. */
const AHEAD_PX = 1200;
const GESTURE_MS = 500;
const LAYOUT_MS = 150;
/** Rows get their real heights one after the other. */
const SETTLE_FRAMES = 4;

type Parts = {
  /** Asked near the top; whoever is asked ignores it while it is already loading. */
  readonly onolder: () => void;
};

/** Keeps the end of a run in view while the person is there, and their place while they are not. */
export class RunScroll {
  readonly #onolder: () => void;
  #rows: readonly RunRow[] = $state.raw([]);
  #shift = $state(false);
  #far = $state(false);
  #news = $state(false);
  #pinned = true;
  #scroller: HTMLElement | undefined;
  #list: VirtualizerHandle | undefined;
  #size = { top: 0, width: 0, height: 0 };
  #gestureAt = -GESTURE_MS;
  #layoutAt = 0;
  #frames = 0;
  #frame = 0;

  constructor({ onolder }: Parts) {
    this.#onolder = onolder;
  }

  get rows(): readonly RunRow[] {
    return this.#rows;
  }
  /** Rows are being put before the first one. */
  get shift(): boolean {
    return this.#shift;
  }
  /** More than a screen from the end. */
  get isFar(): boolean {
    return this.#far;
  }
  /** Something came below since the person scrolled up. */
  get hasNews(): boolean {
    return this.#news;
  }

  show(rows: readonly RunRow[]): void {
    const before = this.#rows;
    if (rows === before) return;
    const added = prepended(before, rows);
    if (added > 0) {
      // The list keeps its place for one kind of change at a time: first the top, then everything else.
      this.#shift = true;
      this.#rows = [...rows.slice(0, added), ...before];
      flushSync();
      this.#shift = false;
    }
    this.#rows = rows;
    if (this.#pinned) this.#settle();
    else if (rows.length - added > before.length) this.#news = true;
  }

  /** Takes care of the scrolling element. @returns the end of that */
  connect(scroller: HTMLElement): () => void {
    this.#scroller = scroller;
    const leaving = new AbortController();
    const { signal } = leaving;
    const gesture = (): void => {
      this.#gestureAt = performance.now();
    };
    for (const kind of ['wheel', 'touchmove', 'pointerdown', 'keydown'] as const)
      scroller.addEventListener(kind, gesture, { signal, passive: true });
    scroller.addEventListener('scroll', () => this.#scrolled(), { signal, passive: true });
    const observer = new ResizeObserver(() => this.resized());
    observer.observe(scroller);
    return () => {
      observer.disconnect();
      leaving.abort();
      cancelAnimationFrame(this.#frame);
      this.#frame = 0;
      this.#scroller = undefined;
    };
  }

  listMounted(list: VirtualizerHandle | undefined): void {
    this.#list = list;
    if (list !== undefined && this.#pinned) this.#settle(8);
  }

  /** Rows or the window changed size. */
  resized(): void {
    this.#layoutAt = performance.now();
    if (this.#pinned) this.#settle();
    else this.#measure();
    this.#load();
  }

  toEnd(): void {
    this.#pinned = true;
    this.#news = false;
    this.#settle(12);
  }

  #measure(): { top: number; width: number; height: number; distance: number } {
    const scroller = this.#scroller;
    if (scroller === undefined) return { top: 0, width: 0, height: 0, distance: 0 };
    const { scrollTop: top, clientWidth: width, clientHeight: height, scrollHeight } = scroller;
    const distance = scrollHeight - height - top;
    this.#far = distance > height;
    return { top, width, height, distance };
  }

  #scrolled(): void {
    const { top, width, height, distance } = this.#measure();
    const now = performance.now();
    const isResized = width !== this.#size.width || height !== this.#size.height;
    const isUp = top < this.#size.top - 1;
    const isAsked = now - this.#gestureAt < GESTURE_MS;
    this.#size = { top, width, height };
    if (distance <= 4 || (distance <= 32 && !(isUp && isAsked))) {
      this.#pinned = true;
      this.#news = false;
    } else if (this.#pinned) {
      // A layout moves the list as well; only the person may leave the end.
      if (isUp && (isAsked || (!isResized && now - this.#layoutAt > LAYOUT_MS))) this.#pinned = false;
      else this.#settle();
    }
    this.#load();
  }

  #load(): void {
    if (this.#scroller !== undefined && this.#list !== undefined && this.#measure().top < AHEAD_PX) this.#onolder();
  }

  /** Goes to the end now and for some frames more. */
  #settle(frames = SETTLE_FRAMES): void {
    this.#frames = Math.max(this.#frames, frames);
    if (this.#frame !== 0) return;
    const step = (): void => {
      this.#frame = 0;
      if (!this.#pinned || this.#frames <= 0 || this.#scroller === undefined) return;
      this.#frames -= 1;
      const { scrollHeight, clientHeight, scrollTop } = this.#scroller;
      if (scrollHeight - clientHeight - scrollTop > 0.5) {
        this.#layoutAt = performance.now();
        this.#scroller.scrollTop = scrollHeight;
        this.#size = { ...this.#size, top: this.#scroller.scrollTop };
      }
      this.#frame = requestAnimationFrame(step);
    };
    this.#frame = requestAnimationFrame(step);
  }
}

/** How many rows of `after` stand before the first of `before`. */
function prepended(before: readonly RunRow[], after: readonly RunRow[]): number {
  // The first row may have grown at its front, and is another one then.
  const known = before.slice(0, 3).map(({ key }) => key);
  for (const [at, key] of known.entries()) {
    const found = after.findIndex((row) => row.key === key);
    if (found >= 0) return Math.max(0, found - at);
  }
  return 0;
}
