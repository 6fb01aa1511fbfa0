import { t } from '../../i18n/t-pages.ts';

/**
 * Prints the words and nothing else of the page (`.print-sheet` in PhraseWords.svelte). They are in the page only while the
 * dialog of the printer is open.
 */
export function printPhrase(words: readonly string[]): void {
  const sheet = document.createElement('section');
  sheet.className = 'print-sheet';
  sheet.append(line('h1', t.identity.words.printTitle), listOf(words), line('p', t.identity.words.printNote));
  document.body.append(sheet);
  addEventListener('afterprint', () => sheet.remove(), { once: true });
  print();
}

function listOf(words: readonly string[]): HTMLElement {
  const list = document.createElement('ol');
  list.append(...words.map((word) => line('li', word)));
  return list;
}

function line(tag: 'h1' | 'p' | 'li', text: string): HTMLElement {
  const element = document.createElement(tag);
  element.textContent = text;
  return element;
}
