/** One line of a written conversation. */
export type Line = {
  readonly who: string;
  readonly text: string;
  /** How many lines back is the one that this answers; 0 for none. */
  readonly answers: number;
  /** What the text was before its author corrected it. */
  readonly before: string | null;
  readonly reactions: readonly { readonly emoji: string; readonly who: readonly string[] }[];
  /** Minutes that passed before it, when the script says so. */
  readonly gap: number | null;
};

const HEAD = /^(?:\+(\d+) )?([a-z]+)(?: \^(\d+))?: (.*)$/;
const REACTION = / \{(\S+) ([a-z ]+)\}$/;

/**
 * Reads a conversation written as a script:
 *
 *     +20 lena: Twenty minutes later. {👍 ada ben}
 *     ben ^1: An answer to the line before.
 *     ada: Corrected. <~ Corected.
 *     | A second line of the same message.
 *
 * @throws SyntaxError naming the line
 */
export function readScript(script: string): Line[] {
  const lines: Line[] = [];
  for (const raw of script.split('\n')) {
    if (raw.trim() === '') continue;
    const last = lines.at(-1);
    const more = /^\s*\| ?(.*)$/.exec(raw);
    if (more && last !== undefined) {
      lines[lines.length - 1] = withReactions({ ...last, text: `${last.text}\n${more[1] ?? ''}` });
      continue;
    }
    const head = HEAD.exec(raw.trim());
    if (!head) throw new SyntaxError(`not a line of a script: ${raw}`);
    const [, gap, who = '', answers, said = ''] = head;
    const heard = withReactions({
      who,
      text: said,
      answers: Number(answers ?? 0),
      before: null,
      reactions: [],
      gap: gap === undefined ? null : Number(gap),
    });
    const [text = '', before = null] = heard.text.split(' <~ ');
    const line = { ...heard, text, before };
    if (line.answers > lines.length) throw new SyntaxError(`answers a line that is not there: ${raw}`);
    lines.push(line);
  }
  return lines;
}

/** Moves the reactions at the end of the text to where they belong. */
function withReactions(line: Line): Line {
  const found = REACTION.exec(line.text);
  if (!found) return line;
  const [whole, emoji = '', who = ''] = found;
  const reactions = [{ emoji, who: who.split(' ') }, ...line.reactions];
  return withReactions({ ...line, text: line.text.slice(0, -whole.length), reactions });
}
