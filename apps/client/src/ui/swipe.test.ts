import { beforeEach, describe, expect, it, vi } from 'vitest';
import { swipeLeft } from './swipe.ts';

let node: HTMLElement;
const act = vi.fn();

function finger(type: string, x: number, y = 0, pointerType = 'touch'): void {
  node.dispatchEvent(new PointerEvent(type, { pointerId: 1, pointerType, isPrimary: true, clientX: x, clientY: y }));
}
function draw(to: number, y = 0, pointerType = 'touch'): void {
  finger('pointerdown', 200, 0, pointerType);
  for (const part of [0.25, 0.5, 1]) finger('pointermove', 200 + (to - 200) * part, y * part, pointerType);
  finger('pointerup', to, y, pointerType);
}

beforeEach(() => {
  node = document.createElement('div');
  act.mockClear();
  swipeLeft(() => act)(node);
});

describe('drawing a row to the left', () => {
  it('acts once when a finger went far enough, and the row goes back', () => {
    draw(120);
    expect(act).toHaveBeenCalledOnce();
    expect(node.style.transform).toBe('');
  });

  it('does nothing when it was a little, to the right, up or down, or by a mouse', () => {
    draw(170);
    draw(300);
    draw(120, 90);
    draw(120, 0, 'mouse');
    expect(act).not.toHaveBeenCalled();
  });

  it('does nothing when the browser takes the finger over for scrolling', () => {
    finger('pointerdown', 200);
    finger('pointermove', 120);
    finger('pointercancel', 120);
    finger('pointerup', 120);
    expect(act).not.toHaveBeenCalled();
  });
});
