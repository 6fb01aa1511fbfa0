import { flushSync, tick } from 'svelte';
import type { AccountId, Message, MessageId } from '@skerry/protocol';
import type { Timeline, TimelineView } from '@skerry/core';
import type { VirtualizerHandle } from 'virtua/svelte';
import { rowChange, TimelineRows, type TimelineRow } from './timeline-rows.ts';

export type ControllerParts = {
  readonly timeline: Timeline;
  readonly me: AccountId | undefined;
  /** Messages not read when the channel was opened; null while nobody knows. */
  readonly unread: number | null;
  /** New messages of others came in while the channel is looked at. */
  readonly onarrived: (messages: readonly Message[]) => void;
};

/** Height in px of what stands above the first row: start of the channel, skeleton, or why there is no more. */
export const TOP_PX = 128;
/** Asks for the next page this far from the edge, in px. */
const AHEAD_PX = 1600;
const GESTURE_MS = 500;
const LAYOUT_MS = 150;
const READ_MS = 300;
const MEASURE_MS = 250;
const FLASH_MS = 2000;
const SETTLE_FRAMES = 4;
/** A jump to what was new goes back no further than this many pages. */
const MOST_PAGES = 20;

/**
 * Keeps a virtual list in its place: at the end while the person is there, at the same message while pages come in
 * above, and never moved by a layout that the person did not ask for. Also says what was seen.
 */
export class TimelineController {
  readonly #timeline: Timeline;
  readonly #rowsOf: TimelineRows;
  readonly #me: AccountId | undefined;
  readonly #onarrived: ControllerParts['onarrived'];
  #view: TimelineView = $state.raw() as TimelineView;
  #rows: readonly TimelineRow[] = $state.raw([]);
  /** True only for the update that adds or drops rows at the top. */
  #shift = $state(false);
  /** Counts stretches of the conversation; each gets a list of its own. */
  #stretch = $state(0);
  #pinned = $state(true);
  #far = $state(false);
  #below = $state(0);
  /** Messages above that were new when the channel was opened; 0 once the first of them was on screen. */
  #newAbove = $state(0);
  #cursor: string | undefined = $state();
  #flashed: string | undefined = $state();

  #scroller: HTMLElement | undefined;
  #list: VirtualizerHandle | undefined;
  #size = { top: 0, width: 0, height: 0, distance: 0 };
  #gestureAt = -Infinity;
  #layoutAt = -Infinity;
  /** When the person last went far in one step. */
  #farAt = -Infinity;
  #loadTimer: ReturnType<typeof setTimeout> | undefined;
  #frames = 0;
  #frame = 0;
  /** The channel had something new when it was opened; else a line is drawn only for what came while nobody looked. */
  readonly #opensNew: boolean;
  #leftAt: number | null = null;
  #jumping = false;
  #placed = false;
  #readTo = 0;
  #readTimer: ReturnType<typeof setTimeout> | undefined;
  #flashTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(parts: ControllerParts) {
    this.#timeline = parts.timeline;
    this.#me = parts.me;
    this.#newAbove = parts.unread ?? 0;
    this.#opensNew = parts.unread !== 0;
    this.#onarrived = parts.onarrived;
    this.#rowsOf = new TimelineRows(parts.me);
    this.#view = parts.timeline.view.get();
    this.#rows = this.#rowsNow(this.#view);
  }

  get view(): TimelineView {
    return this.#view;
  }
  get rows(): readonly TimelineRow[] {
    return this.#rows;
  }
  get shift(): boolean {
    return this.#shift;
  }
  get stretch(): number {
    return this.#stretch;
  }
  /** More than a screen away from the newest. */
  get isFar(): boolean {
    return this.#far || this.#view.newer;
  }
  /** Messages of others that came in below since the person scrolled up. */
  get below(): number {
    return this.#below;
  }
  get newAbove(): number {
    return this.#newAbove;
  }
  get flashed(): string | undefined {
    return this.#flashed;
  }

  /** The row that Tab reaches: the last one that had the focus, else the newest. */
  get cursor(): string | undefined {
    if (this.#cursor !== undefined) return this.#cursor;
    return this.#rows.findLast((row) => row.kind !== 'saved')?.key;
  }
  get cursorIndex(): number {
    const key = this.cursor;
    return key === undefined ? -1 : this.#rows.findLastIndex((row) => row.key === key);
  }

  /** A message of the window as it is now; follows its changes. */
  messageOf(id: MessageId): Message | undefined {
    // Read for its signal: the map behind it is plain.
    void this.#rows;
    return this.#rowsOf.messageOf(id);
  }

  /** Follows the core. @returns the end of that */
  follow(): () => void {
    const unsubscribe = this.#timeline.view.subscribe(() => this.#show(this.#timeline.view.get()));
    this.#show(this.#timeline.view.get());
    return () => {
      unsubscribe();
      clearTimeout(this.#readTimer);
      clearTimeout(this.#loadTimer);
      clearTimeout(this.#flashTimer);
    };
  }

  /** Takes care of the scrolling element. @returns the end of that */
  connect(scroller: HTMLElement): () => void {
    this.#scroller = scroller;
    const leaving = new AbortController();
    const { signal } = leaving;
    const gesture = (): void => {
      this.#gestureAt = performance.now();
    };
    for (const kind of ['wheel', 'touchmove', 'pointerdown'] as const)
      scroller.addEventListener(kind, gesture, { signal, passive: true });
    scroller.addEventListener('scroll', () => this.#scrolled(), { signal, passive: true });
    const observer = new ResizeObserver(() => this.resized());
    observer.observe(scroller);
    addEventListener('focus', () => this.#planRead(), { signal });
    addEventListener('blur', () => this.#left(), { signal });
    document.addEventListener('visibilitychange', () => this.#planRead(), { signal });
    return () => {
      observer.disconnect();
      leaving.abort();
      cancelAnimationFrame(this.#frame);
      this.#frame = 0;
      this.#scroller = undefined;
    };
  }

  /** The list of the current stretch was mounted. */
  listMounted(list: VirtualizerHandle | undefined): void {
    this.#list = list;
    if (list !== undefined && !this.#jumping) this.#place();
  }

  /** Rows or the window changed size. */
  resized(): void {
    this.#layoutAt = performance.now();
    if (this.#pinned) this.#settle();
    else this.#measure();
    this.#load();
  }

  /** The key of a keyboard scroll counts as the person's own movement. */
  gesture(): void {
    this.#gestureAt = performance.now();
  }

  async jumpTo(message: MessageId): Promise<boolean> {
    this.#jumping = true;
    this.#frames = 0;
    try {
      if (this.#indexOf(message) < 0 && !(await this.#timeline.jumpTo(message))) return false;
      await tick();
      await nextFrame();
      const index = this.#indexOf(message);
      if (index < 0) return false;
      this.#pinned = false;
      this.#list?.scrollToIndex(index, { align: 'center' });
      this.#flash(message);
      await this.focusRow(index, { scroll: false });
      return true;
    } finally {
      this.#jumping = false;
      this.#measure();
    }
  }

  async jumpToNewest(): Promise<void> {
    if (this.#view.newer) await this.#timeline.jumpToNewest();
    this.#pinned = true;
    this.#below = 0;
    await tick();
    this.#settle(8);
  }

  /** Goes to the first message that was new when the channel was opened, over as many pages as that takes. */
  async jumpToNew(): Promise<void> {
    this.#jumping = true;
    try {
      for (let page = 0; this.#newIndex() < 0 && this.#view.older && page < MOST_PAGES; page += 1) {
        await this.#timeline.loadOlder();
        if (this.#view.error !== null) return;
      }
      this.#newAbove = 0;
      this.#pinned = false;
      await tick();
      await nextFrame();
      this.#list?.scrollToIndex(Math.max(0, this.#newIndex()), { align: 'start', offset: -120 });
    } finally {
      this.#jumping = false;
    }
  }

  /** Puts the focus on a row; brings it into view unless told not to. */
  async focusRow(index: number, options: { scroll: boolean } = { scroll: true }): Promise<void> {
    const row = this.#rows[index];
    if (row === undefined || row.kind === 'saved') return;
    this.#cursor = row.key;
    if (options.scroll) {
      this.gesture();
      if (index < this.#rows.length - 1) this.#frames = 0;
      this.#list?.scrollToIndex(index, { align: 'nearest' });
    }
    await tick();
    // A row far outside is drawn first and gets its place a frame later.
    await nextFrame();
    this.#element(row.key)?.focus({ preventScroll: true });
  }

  /** Moves the focus from the row that has it by `step` rows; further out it stays. */
  moveFocus(step: number): void {
    const from = this.cursorIndex;
    if (from < 0) return;
    let to = Math.max(0, Math.min(this.#rows.length - 1, from + step));
    if (this.#rows[to]?.kind === 'saved') to += step < 0 ? -1 : 1;
    if (to === from) return;
    void this.focusRow(to);
  }

  rowFocused(key: string): void {
    this.#cursor = key;
  }

  retry(): void {
    void (this.#view.messages.length === 0 ? this.#timeline.jumpToNewest() : this.#timeline.loadOlder());
  }

  #show(view: TimelineView): void {
    const before = this.#rows;
    const after = this.#rowsNow(view);
    const change = rowChange(before, after);
    // Rows below that come because one scrolls back are not news.
    const isAtNewest = !this.#view.newer && !view.newer;
    this.#view = view;
    switch (change.kind) {
      case 'same':
        break;
      case 'replaced':
        this.#rows = after;
        this.#stretch += 1;
        this.#cursor = undefined;
        break;
      case 'moved':
        this.#move(change, before, after);
        if (change.end > 0 && isAtNewest) this.#arrived(change.end, before);
        break;
    }
    if (this.#pinned) this.#settle();
    this.#planRead();
    this.#load();
  }

  /** Where the New line stands: what was new at opening, or since the person last looked away. */
  #rowsNow(view: TimelineView): readonly TimelineRow[] {
    return this.#rowsOf.next({ ...view, newAfter: this.#leftAt ?? (this.#opensNew ? view.newAfter : null) });
  }

  #left(): void {
    const last = this.#view.messages.at(-1)?.message.n;
    if (!this.#pinned || last === undefined || this.#view.newer) return;
    this.#leftAt = last;
    this.#show(this.#view);
  }

  #move(
    change: { readonly start: number; readonly end: number },
    before: readonly TimelineRow[],
    after: readonly TimelineRow[],
  ): void {
    if (change.start !== 0) {
      // The list keeps its place for one kind of change at a time: first the top, then everything else.
      this.#shift = true;
      this.#rows = change.start > 0 ? [...after.slice(0, change.start), ...before] : before.slice(-change.start);
      flushSync();
      this.#shift = false;
    }
    this.#rows = after;
  }

  #arrived(count: number, before: readonly TimelineRow[]): void {
    const known = new Set(before.slice(-count - 64).map((row) => row.key));
    const arrived = this.#rows
      .slice(-count)
      .flatMap((row) => (row.kind === 'message' && !known.has(row.key) ? [row.entry.message] : []))
      .filter((message) => message.author !== this.#me);
    if (arrived.length === 0) return;
    if (!this.#pinned) this.#below += arrived.length;
    this.#onarrived(arrived);
  }

  /** Where a stretch opens: at its New line when that is not on the last screen anyway, else at the end. */
  #place(): void {
    const first = this.#placed ? -1 : this.#newIndex();
    if (this.#rows.length > 0) this.#placed = true;
    if (first >= 0) this.#newAbove = 0;
    if (first >= 0 && this.#rows.length - first > 4) {
      this.#pinned = false;
      this.#jumping = true;
      void (async () => {
        await tick();
        this.#list?.scrollToIndex(first, { align: 'start', offset: -120 });
        await nextFrame();
        await nextFrame();
        this.#jumping = false;
        this.#scrolled();
      })();
      return;
    }
    this.#pinned = true;
    this.#settle(8);
  }

  #scrolled(): void {
    const { top, width, height, distance } = this.#measure();
    const now = performance.now();
    const isResized = width !== this.#size.width || height !== this.#size.height;
    // By the scroll bar: rows there have no heights yet, and must get them before a page moves them. A page that came in
    // above moves the top as far, but not the end.
    const moved = Math.min(Math.abs(top - this.#size.top), Math.abs(distance - this.#size.distance));
    if (moved > height * 1.5) this.#farAt = now;
    const isUp = top < this.#size.top - 1;
    const isAsked = now - this.#gestureAt < GESTURE_MS;
    this.#size = { top, width, height, distance };
    if (this.#jumping) return;
    if (!this.#view.newer && (distance <= 4 || (distance <= 32 && !(isUp && isAsked)))) {
      this.#pinned = true;
      this.#below = 0;
    } else if (this.#pinned) {
      // A layout moves the list as well; only the person may leave the end.
      if (isUp && (isAsked || (!isResized && now - this.#layoutAt > LAYOUT_MS))) this.#pinned = false;
      else this.#settle();
    }
    if (this.#newAbove > 0 && this.#list !== undefined) {
      const first = this.#newIndex();
      if (first >= 0 && first >= this.#list.findItemIndex(top)) this.#newAbove = 0;
    }
    this.#load();
    this.#planRead();
  }

  #measure(): { top: number; width: number; height: number; distance: number } {
    const scroller = this.#scroller;
    if (scroller === undefined) return { top: 0, width: 0, height: 0, distance: 0 };
    const { scrollTop: top, clientWidth: width, clientHeight: height, scrollHeight } = scroller;
    const distance = scrollHeight - height - top;
    this.#far = distance > height;
    return { top, width, height, distance };
  }

  /** Goes to the end now and for some frames more: rows get their real heights one after the other. */
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
        this.#size = { ...this.#size, top: this.#scroller.scrollTop, distance: 0 };
      }
      this.#frame = requestAnimationFrame(step);
    };
    this.#frame = requestAnimationFrame(step);
  }

  #load(): void {
    const view = this.#view;
    if (this.#jumping || view.error !== null || this.#list === undefined || this.#scroller === undefined) return;
    const wait = this.#farAt + MEASURE_MS - performance.now();
    if (wait > 0) {
      this.#loadTimer ??= setTimeout(() => {
        this.#loadTimer = undefined;
        this.#load();
      }, wait);
      return;
    }
    const { top, distance } = this.#measure();
    if (view.older && !view.loadingOlder && top < AHEAD_PX) void this.#timeline.loadOlder();
    if (view.newer && !view.loadingNewer && distance < AHEAD_PX) void this.#timeline.loadNewer();
  }

  #planRead(): void {
    this.#readTimer ??= setTimeout(() => {
      this.#readTimer = undefined;
      this.#read();
    }, READ_MS);
  }

  #read(): void {
    if (document.visibilityState !== 'visible' || !document.hasFocus() || this.#list === undefined) return;
    const { top, height } = this.#measure();
    const last = this.#pinned ? this.#rows.length - 1 : this.#list.findItemIndex(top + height - 24);
    for (let index = last; index >= 0; index -= 1) {
      const row = this.#rows[index];
      if (row?.kind !== 'message') continue;
      if (row.entry.message.n > this.#readTo) {
        this.#readTo = row.entry.message.n;
        this.#timeline.markRead(this.#readTo);
      }
      return;
    }
  }

  #flash(key: string): void {
    this.#flashed = key;
    clearTimeout(this.#flashTimer);
    this.#flashTimer = setTimeout(() => {
      this.#flashed = undefined;
    }, FLASH_MS);
  }

  #newIndex(): number {
    return this.#rows.findIndex((row) => row.kind === 'message' && row.isNew);
  }

  #indexOf(key: string): number {
    return this.#rows.findIndex((row) => row.key === key);
  }

  #element(key: string): HTMLElement | null | undefined {
    return this.#scroller?.querySelector<HTMLElement>(`[data-row="${CSS.escape(key)}"]`);
  }
}

function nextFrame(): Promise<void> {
  return new Promise((resolve) => requestAnimationFrame(() => resolve()));
}
