import type { Message, MessageId } from '@skerry/protocol';
import type { Timeline } from '@skerry/core';
import { settle } from '@skerry/core/testing';
import { flushSync } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { liveServer, type LiveServer } from '../../testing/live-server.ts';
import { inRoot } from '../../testing/root.svelte.ts';
import { TimelineController } from './timeline-controller.svelte.ts';

let live: LiveServer;
let stops: (() => void)[] = [];

beforeEach(async () => {
  live = await liveServer();
});
afterEach(async () => {
  for (const stop of stops) stop();
  stops = [];
  document.body.replaceChildren();
  await live.client[Symbol.asyncDispose]();
});

const say = (text: string): Promise<MessageId> =>
  live.as(live.bob, { kind: 'message.send', channel: live.general, text, replyTo: null });
/** More than one frame, since a frame is what the controller waits for. */
const frames = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 80));

type Screen = {
  top: number;
  /** What stands above the rows, in px. */
  above: number;
  readonly total: () => number;
};

/** A scrolling element of 400 px over rows of 40 px: what a page would measure. */
function screen(controller: TimelineController): { element: HTMLElement; at: Screen; scroll: (top: number) => void } {
  const element = document.createElement('div');
  const at: Screen = { top: 0, above: 0, total: () => at.above + controller.rows.length * 40 };
  Object.defineProperties(element, {
    clientHeight: { get: () => 400 },
    clientWidth: { get: () => 800 },
    scrollHeight: { get: () => Math.max(400, at.total()) },
    scrollTop: { get: () => at.top, set: (top: number) => (at.top = Math.max(0, Math.min(top, at.total() - 400))) },
  });
  document.body.append(element);
  const scroll = (top: number): void => {
    element.dispatchEvent(new Event('wheel'));
    element.scrollTop = top;
    element.dispatchEvent(new Event('scroll'));
  };
  return { element, at, scroll };
}

const list = {
  getCache: () => [[], 40] as never,
  getScrollOffset: () => 0,
  getScrollSize: () => 0,
  getViewportSize: () => 400,
  findItemIndex: (offset: number) => Math.floor(offset / 40),
  getItemOffset: (index: number) => index * 40,
  getItemSize: () => 40,
  scrollToIndex: vi.fn(),
  scrollTo: vi.fn(),
  scrollBy: vi.fn(),
};

async function open(
  unread: number | null = 0,
  prepare: (timeline: Timeline) => void = () => undefined,
): Promise<ReturnType<typeof screen> & { controller: TimelineController; timeline: Timeline; arrived: Message[] }> {
  const timeline = live.handle.timeline(live.general);
  prepare(timeline);
  await settle();
  const arrived: Message[] = [];
  const { value: controller, stop } = inRoot(
    () =>
      new TimelineController({ timeline, me: live.anna, unread, onarrived: (messages) => arrived.push(...messages) }),
  );
  const given = screen(controller);
  const unfollow = controller.follow();
  const disconnect = controller.connect(given.element);
  controller.listMounted(list);
  stops.push(() => {
    disconnect();
    unfollow();
    stop();
    timeline[Symbol.dispose]();
  });
  await frames();
  return { ...given, controller, timeline, arrived };
}

describe('TimelineController', () => {
  it('stays at the end while messages come in, and says who wrote', async () => {
    for (let n = 0; n < 20; n += 1) await say(`before ${n}`);
    const { controller, at, arrived } = await open();
    expect(at.top).toBe(20 * 40 - 400);
    await say('news');
    await frames();
    expect(at.top).toBe(21 * 40 - 400);
    expect(controller.below).toBe(0);
    expect(arrived.map(({ text }) => text)).toEqual(['news']);
  });

  it('leaves the end only when the person scrolls, and then counts what comes in below', async () => {
    for (let n = 0; n < 30; n += 1) await say(`before ${n}`);
    const { controller, at, scroll, element } = await open();
    // A layout moved the list: nobody touched it, so it goes back to the end.
    element.scrollTop = at.top - 60;
    controller.resized();
    element.dispatchEvent(new Event('scroll'));
    await frames();
    expect(at.top).toBe(30 * 40 - 400);

    scroll(200);
    await say('one');
    await say('two');
    await live.as(live.anna, {
      kind: 'message.send',
      channel: live.general,
      text: 'my own, from another device',
      replyTo: null,
    });
    await frames();
    expect(at.top).toBe(200);
    expect([controller.below, controller.isFar]).toEqual([2, true]);

    await controller.jumpToNewest();
    await frames();
    expect([controller.below, at.top]).toEqual([0, 33 * 40 - 400]);
  });

  it('tells the server what was on screen, and nothing that was not', async () => {
    vi.spyOn(document, 'hasFocus').mockReturnValue(true);
    for (let n = 0; n < 30; n += 1) await say(`before ${n}`);
    const { timeline, scroll } = await open();
    const markRead = vi.spyOn(timeline, 'markRead');
    scroll(0);
    await say('unseen');
    await new Promise((resolve) => setTimeout(resolve, 400));
    const unseen = timeline.view.get().messages.at(-1)?.message.n ?? 0;
    for (const [n] of markRead.mock.calls) expect(n).toBeLessThan(unseen);
    scroll(31 * 40);
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(markRead.mock.calls.at(-1)?.[0]).toBe(unseen);
    vi.restoreAllMocks();
  });

  it('draws the New line for what came while nobody looked, not for what was watched coming', async () => {
    await say('old');
    const { controller } = await open();
    await say('watched');
    flushSync();
    expect(controller.rows.some((row) => row.kind === 'message' && row.isNew)).toBe(false);
    dispatchEvent(new Event('blur'));
    await say('unwatched');
    flushSync();
    const marked = controller.rows.filter((row) => row.kind === 'message' && row.isNew);
    expect(marked.map((row) => (row.kind === 'message' ? row.entry.message.text : ''))).toEqual(['unwatched']);
  });

  it('asks for the next page at once after one came in above, and later after a leap by the scroll bar', async () => {
    for (let n = 0; n < 80; n += 1) await say(`before ${n}`);
    // Nothing is loaded here: it is about when that is asked for.
    const { at, scroll, element, timeline } = await open(0, (given) =>
      vi.spyOn(given, 'loadOlder').mockResolvedValue(),
    );
    const asked = vi.mocked(timeline.loadOlder);
    scroll(at.top - 50);
    // The list keeps its place, so the top moves by as much as came in.
    at.above = 2_000;
    element.scrollTop = at.top + at.above;
    element.dispatchEvent(new Event('scroll'));
    asked.mockClear();
    while (at.top >= 1_600) scroll(at.top - 400);
    expect(asked).toHaveBeenCalledTimes(1);

    while (at.top < 3_500) scroll(at.top + 400);
    asked.mockClear();
    scroll(at.top - 2_000);
    expect(asked).not.toHaveBeenCalled();
    await vi.waitFor(() => expect(asked).toHaveBeenCalledTimes(1));
    vi.restoreAllMocks();
  });

  it('offers the way up to what was new while the first of it is out of sight', async () => {
    const { controller } = await open(300);
    expect(controller.newAbove).toBe(300);
    await controller.jumpToNew();
    expect(controller.newAbove).toBe(0);
  });
});
