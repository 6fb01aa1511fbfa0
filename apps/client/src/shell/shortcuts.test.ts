import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { keysLabel, Shortcuts } from './shortcuts.svelte.ts';

let leaving: AbortController;
let shortcuts: Shortcuts;

beforeEach(() => {
  leaving = new AbortController();
  localStorage.clear();
  shortcuts = new Shortcuts(window, leaving.signal);
});

afterEach(() => {
  leaving.abort();
  document.body.replaceChildren();
});

function press(key: string, options: KeyboardEventInit & { target?: Element } = {}): void {
  const { target = document.body, ...init } = options;
  target.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...init }));
}

const shortcut = (keys: string, run: () => void) => ({ keys, label: keys, group: 'everywhere' as const, run });

describe('shortcuts', () => {
  it('run while they are registered and not after', () => {
    const run = vi.fn();
    const remove = shortcuts.add(shortcut('j', run));
    press('j');
    remove();
    press('j');
    expect(run).toHaveBeenCalledTimes(1);
  });

  it('give way to the one registered last', () => {
    const [outer, inner] = [vi.fn(), vi.fn()];
    shortcuts.add(shortcut('e', outer));
    const remove = shortcuts.add(shortcut('e', inner));
    press('e');
    remove();
    press('e');
    expect([outer.mock.calls.length, inner.mock.calls.length]).toEqual([1, 1]);
  });

  it('without a modifier stay silent while a person types, and when they are switched off', () => {
    const [single, chord] = [vi.fn(), vi.fn()];
    shortcuts.add(shortcut('e', single), shortcut('Control+k', chord));
    const input = document.body.appendChild(document.createElement('input'));
    press('e', { target: input });
    press('k', { target: input, ctrlKey: true });
    shortcuts.singleKeys = false;
    press('e');
    expect([single.mock.calls.length, chord.mock.calls.length]).toEqual([0, 1]);
    expect(new Shortcuts(window, leaving.signal).singleKeys).toBe(false);
  });

  it('stay silent under a dialog unless they are meant to work there', () => {
    const [under, over] = [vi.fn(), vi.fn()];
    shortcuts.add(shortcut('Control+j', under), { ...shortcut('Control+k', over), overDialogs: true });
    const dialog = document.createElement('div');
    dialog.setAttribute('role', 'dialog');
    document.body.append(dialog);
    press('j', { ctrlKey: true });
    press('k', { ctrlKey: true });
    expect([under.mock.calls.length, over.mock.calls.length]).toEqual([0, 1]);
  });

  it('leave alone what belongs to an input method or was handled nearer', () => {
    const run = vi.fn();
    shortcuts.add(shortcut('j', run));
    press('j', { isComposing: true });
    const row = document.body.appendChild(document.createElement('div'));
    row.addEventListener('keydown', (event) => event.preventDefault());
    press('j', { target: row });
    expect(run).not.toHaveBeenCalled();
  });
});

describe('the written form of a shortcut', () => {
  it('names the keys as the keyboard does', () => {
    expect(
      ['Alt+Shift+ArrowUp', 'Control+Alt+Digit1', 'Control+KeyK', '?'].map((keys) => keysLabel(keys, false)),
    ).toEqual(['Alt Shift ↑', 'Ctrl Alt 1', 'Ctrl K', '?']);
    expect(keysLabel('Meta+KeyK', true)).toBe('⌘ K');
  });
});
