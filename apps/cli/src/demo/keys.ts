import { emitKeypressEvents } from 'node:readline';
import type { Terminal } from '../verb.ts';

type Key = { readonly name?: string; readonly ctrl?: boolean };

/**
 * Calls `pressed` with each key until it says that this was the last one. Without a terminal no key is ever pressed.
 * @returns resolves after the last key
 */
export function listenToKeys(stdin: Terminal['stdin'], pressed: (key: string) => 'more' | 'enough'): Promise<void> {
  if (stdin.isTTY !== true || stdin.setRawMode === undefined) return new Promise(() => undefined);
  stdin.setRawMode(true);
  emitKeypressEvents(stdin);
  stdin.resume();
  return new Promise((resolve) => {
    const onKey = (text: string | undefined, key: Key) => {
      // In raw mode the terminal hands over what would have been a signal.
      const name = key.ctrl === true && (key.name === 'c' || key.name === 'd') ? 'q' : (text ?? key.name ?? '');
      if (pressed(name) === 'more') return;
      stdin.off('keypress', onKey);
      stdin.setRawMode?.(false);
      stdin.pause();
      resolve();
    };
    stdin.on('keypress', onKey);
  });
}
