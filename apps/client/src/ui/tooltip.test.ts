import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { inEffects } from '../testing/value.svelte.ts';
import { tooltip, type TooltipContent } from './tooltip.ts';

const bubble = () => document.querySelector('[role=tooltip]');
let ends: (() => void)[] = [];

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  for (const end of ends) end();
  ends = [];
  document.body.replaceChildren();
  vi.advanceTimersByTime(5000);
  vi.useRealTimers();
});

function button(content: TooltipContent | string | undefined, options = {}): HTMLElement {
  const node = document.body.appendChild(document.createElement('button'));
  let detach: void | (() => void);
  const stop = inEffects(() => {
    detach = tooltip(() => content, options)(node);
  });
  ends.push(() => {
    detach?.();
    stop();
  });
  return node;
}

function enter(node: HTMLElement, pointerType = 'mouse'): void {
  node.dispatchEvent(new PointerEvent('pointerenter', { pointerType }));
  vi.advanceTimersByTime(500);
}

describe('a tooltip', () => {
  it('comes after a moment of hovering and leaves with the pointer', () => {
    const node = button({ title: 'Harbour', detail: '@ada', keys: 'Ctrl 1' });
    enter(node);
    expect(bubble()?.textContent).toBe('HarbourCtrl 1@ada');
    node.dispatchEvent(new PointerEvent('pointerleave'));
    expect(bubble()).toBeNull();
  });

  it('never comes by touch, nor without content', () => {
    enter(button('Send'), 'touch');
    enter(button(undefined));
    expect(bubble()).toBeNull();
  });

  it('leaves with Escape, and that key goes no further', () => {
    const node = button('Send');
    const outer = vi.fn();
    document.body.addEventListener('keydown', outer, { once: true });
    enter(node);
    node.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }));
    expect([bubble(), outer.mock.calls.length]).toEqual([null, 0]);
  });

  it('describes its owner only where it says more than the name', () => {
    const plain = button('Send');
    const rich = button({ title: 'Harbour', detail: '@ada' }, { describe: true });
    enter(plain);
    expect(plain.hasAttribute('aria-describedby')).toBe(false);
    enter(rich);
    expect(rich.getAttribute('aria-describedby')).toBe(bubble()?.id);
    rich.dispatchEvent(new PointerEvent('pointerleave'));
    expect(rich.hasAttribute('aria-describedby')).toBe(false);
  });

  it('shows what an owner says as text', () => {
    enter(button('<b>x</b>'));
    expect([bubble()?.textContent, bubble()?.querySelector('b')]).toEqual(['<b>x</b>', null]);
  });

  it('goes with its owner', () => {
    enter(button('Send'));
    ends.pop()?.();
    expect(bubble()).toBeNull();
  });
});
