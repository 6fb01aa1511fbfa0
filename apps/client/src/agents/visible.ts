/** A stretch of a text: as it stands, or a character that would not show, by its number. */
export type Piece = { readonly text: string; readonly isEscape: boolean; readonly isBreak: boolean };

/** What moves a cursor, turns a line around or shows as nothing. A tab and a line break are among them. */
const HIDDEN = /[\p{C}\u115f\u1160\u2028\u2029\u2800\u3164\uffa0\u{e0000}-\u{e007f}]/u;
const EVERY_HIDDEN = new RegExp(HIDDEN, 'gu');
/** Needs no quotes in any shell. */
const PLAIN_WORD = /^[A-Za-z0-9_@%+=:,./-]+$/;

/**
 * A text of somebody unknown as it may be shown where each character counts: what would act instead of showing stands
 * there by its number, apart from what is really written so. T18.
 */
export function visible(text: string): readonly Piece[] {
  return piecesOf(text, (plain) => plain);
}

/**
 * A command as one line that a shell would read as exactly these words: where each begins and ends is beyond doubt, and
 * two different commands never look alike. T18.
 */
export function commandLine(words: readonly string[]): readonly Piece[] {
  return commandWords(words).flatMap((word, index) => (index === 0 ? word : [piece(' '), ...word]));
}

/** The same line word by word, to be drawn so that a word goes on in the next line only where it is longer than one. */
export function commandWords(words: readonly string[]): readonly (readonly Piece[])[] {
  return words.map(wordOf);
}

/** The text of the pieces alone. */
export const textOf = (pieces: readonly Piece[]): string => pieces.map(({ text }) => text).join('');

function wordOf(word: string): readonly Piece[] {
  if (PLAIN_WORD.test(word)) return [piece(word)];
  if (!HIDDEN.test(word)) return [piece(`'${word.replaceAll("'", String.raw`'\''`)}'`)];
  const inside = piecesOf(word, (plain) => plain.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`));
  return [piece("$'"), ...inside, piece("'")];
}

function piecesOf(text: string, plain: (text: string) => string): readonly Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (const { 0: character, index } of text.matchAll(EVERY_HIDDEN)) {
    if (index > from) pieces.push(piece(plain(text.slice(from, index))));
    pieces.push({ text: escapeOf(character), isEscape: true, isBreak: character === '\n' });
    from = index + character.length;
  }
  if (from < text.length) pieces.push(piece(plain(text.slice(from))));
  return pieces;
}

const piece = (text: string): Piece => ({ text, isEscape: false, isBreak: false });

function escapeOf(character: string): string {
  if (character === '\n') return String.raw`\n`;
  if (character === '\t') return String.raw`\t`;
  const code = (character.codePointAt(0) ?? 0).toString(16);
  return code.length <= 4 ? `\\u${code.padStart(4, '0')}` : `\\U${code.padStart(8, '0')}`;
}
