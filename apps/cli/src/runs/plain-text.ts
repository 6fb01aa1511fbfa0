import { createHash } from 'node:crypto';

const HEAD = 24;
const TAIL = 8;
const WIDEST = 400;

/** Whatever moves a cursor, turns a line around or shows as nothing; line breaks are kept apart. */
const HIDDEN = /[^\P{C}\t\n]|[\u115f\u1160\u2028\u2029\u2800\u3164\uffa0]|[\u{e0000}-\u{e007f}]/gu;

/**
 * A text as a terminal may show it: every character that would act instead of showing stands there as its number. What
 * must be read without any doubt (a command) is shown by {@link quoted} instead. T18.
 */
export function plainText(text: string): string {
  return text.replaceAll('\r\n', '\\r\n').replaceAll('\t', '    ').replace(HIDDEN, escaped);
}

/** A text on one line, quoted, so that where it begins and ends is beyond doubt. */
export function quoted(text: string): string {
  return `"${text
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('\n', '\\n')
    .replaceAll('\t', '\\t')
    .replace(HIDDEN, escaped)}"`;
}

/**
 * The beginning and end of what is too long for a screen, with how much is between and the digest of the whole.
 * @param text as {@link plainText} gives it
 */
export function shortened(text: string): string {
  const lines = text.split('\n');
  const between = lines.length - HEAD - TAIL;
  const shown =
    between <= 1
      ? lines
      : [
          ...lines.slice(0, HEAD),
          `… ${between} more lines, ${text.length} characters in all, sha256 ${sha256(text).slice(0, 16)} …`,
          ...lines.slice(-TAIL),
        ];
  return shown.map((line) => (line.length <= WIDEST ? line : narrowed(line))).join('\n');
}

function narrowed(line: string): string {
  const cut = line.length - WIDEST;
  return `${line.slice(0, WIDEST / 2)} … ${cut} more characters, sha256 ${sha256(line).slice(0, 16)} … ${line.slice(-WIDEST / 2)}`;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function escaped(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}
