/** A text field's text with its selection, in UTF-16 units as the DOM counts. */
export type Selection = { readonly text: string; readonly from: number; readonly to: number };

/** A replacement that a text field can do in one undoable step, and what is selected after it. */
export type Edit = {
  readonly from: number;
  readonly to: number;
  readonly insert: string;
  readonly select: readonly [number, number];
};

export type Mark = '**' | '_' | '`' | '~~';

/** Sets a mark of Markdown around the selection, or takes it away when it is there. */
export function toggleMark({ text, from, to }: Selection, mark: Mark): Edit {
  const size = mark.length;
  const chosen = text.slice(from, to);
  if (chosen.length > size * 2 && chosen.startsWith(mark) && chosen.endsWith(mark)) {
    const bare = chosen.slice(size, -size);
    return { from, to, insert: bare, select: [from, from + bare.length] };
  }
  if (text.slice(from - size, from) === mark && text.slice(to, to + size) === mark && from >= size) {
    return { from: from - size, to: to + size, insert: chosen, select: [from - size, to - size] };
  }
  if (mark === '`' && chosen.includes('\n')) {
    const block = `\`\`\`\n${chosen}\n\`\`\``;
    return { from, to, insert: block, select: [from + 4, from + 4 + chosen.length] };
  }
  // Spaces at the edges would keep Markdown from seeing the mark.
  const lead = chosen.length - chosen.trimStart().length;
  const trail = chosen.trim() === '' ? 0 : chosen.length - chosen.trimEnd().length;
  const inner = chosen.slice(lead, chosen.length - trail);
  const insert = `${chosen.slice(0, lead)}${mark}${inner}${mark}${chosen.slice(chosen.length - trail)}`;
  const start = from + lead + size;
  return { from, to, insert, select: [start, start + inner.length] };
}

/** Unicode code points: what the server counts. */
export function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/** Whether the caret stands inside a fenced block, where Enter makes a new line instead of sending. */
export function isInFence(text: string, caret: number): boolean {
  return (text.slice(0, caret).match(/^\s*```/gm)?.length ?? 0) % 2 === 1;
}
