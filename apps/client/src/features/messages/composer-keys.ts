import type { Composer } from './composer.svelte.ts';
import type { Mark } from './text-marks.ts';

const MARKS: Readonly<Record<string, Mark>> = { b: '**', i: '_', e: '`' };

/** What the keys of the composer do. A character that is still being composed (Chinese, Japanese, …) is left alone. */
export function onComposerKey(event: KeyboardEvent, composer: Composer, submit: () => void): void {
  if (event.isComposing || event.keyCode === 229) return;
  if (inSuggestions(event, composer) || asCommand(event, composer, submit)) event.preventDefault();
}

function inSuggestions(event: KeyboardEvent, composer: Composer): boolean {
  if (composer.suggestions.length === 0 || event.ctrlKey || event.metaKey || event.altKey) return false;
  switch (event.key) {
    case 'ArrowDown':
      composer.choose(1);
      return true;
    case 'ArrowUp':
      composer.choose(-1);
      return true;
    case 'Enter':
    case 'Tab':
      if (event.shiftKey) return false;
      composer.accept();
      return true;
    default:
      return false;
  }
}

function asCommand(event: KeyboardEvent, composer: Composer, submit: () => void): boolean {
  const isCommand = (event.ctrlKey || event.metaKey) && !event.altKey;
  const mark = isCommand && !event.shiftKey ? MARKS[event.key.toLowerCase()] : undefined;
  if (mark !== undefined) {
    composer.mark(mark);
    return true;
  }
  switch (event.key) {
    case 'Enter':
      if (event.shiftKey || event.altKey) return false;
      // In a block of code a line break is what one wants; Ctrl+Enter sends from there.
      if (!isCommand && composer.isInFence()) return false;
      submit();
      return true;
    case 'Escape':
      return composer.cancel();
    case 'ArrowUp':
      return composer.text === '' && !event.shiftKey && !isCommand && !event.altKey && composer.editLast();
    default:
      return false;
  }
}
