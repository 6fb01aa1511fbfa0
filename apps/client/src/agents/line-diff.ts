/** A row of a change: `n` is the line's number, of the old text where it goes, else of the new one. */
export type DiffRow =
  | { readonly kind: 'same' | 'removed' | 'added'; readonly n: number; readonly text: string }
  /** Lines that are alike and not shown. */
  | { readonly kind: 'gap'; readonly lines: number };

export type LineDiff = { readonly rows: readonly DiffRow[]; readonly added: number; readonly removed: number };

const CONTEXT = 3;
/** Cells of the table of common lines; above that the middle counts as replaced as a whole. */
const MOST_CELLS = 1_000_000;

/** What differs between two texts, line by line, with some lines around it. @param before null: there was nothing */
export function lineDiff(before: string | null, after: string): LineDiff {
  const [old, fresh] = linesOf(before ?? '', after);
  let start = 0;
  while (start < old.length && start < fresh.length && old[start] === fresh[start]) start += 1;
  let end = 0;
  while (end < old.length - start && end < fresh.length - start && old.at(-1 - end) === fresh.at(-1 - end)) end += 1;

  const rows: DiffRow[] = old.slice(0, start).map((text, at) => ({ kind: 'same', n: at + 1, text }));
  const middle = { old: old.slice(start, old.length - end), fresh: fresh.slice(start, fresh.length - end) };
  rows.push(...differing(middle.old, middle.fresh, start));
  const tail = fresh.length - end;
  rows.push(...fresh.slice(tail).map((text, at): DiffRow => ({ kind: 'same', n: tail + at + 1, text })));
  return {
    rows: withGaps(rows),
    added: rows.filter(({ kind }) => kind === 'added').length,
    removed: rows.filter(({ kind }) => kind === 'removed').length,
  };
}

/** A line break at the end begins no line, unless only one of the two has it: then it is what differs. */
function linesOf(before: string, after: string): [string[], string[]] {
  const split = (text: string): string[] => (text === '' ? [] : text.split('\n'));
  const [old, fresh] = [split(before), split(after)];
  const ends = [old, fresh].map((lines) => lines.length === 0 || lines.at(-1) === '');
  if (ends.every(Boolean)) for (const lines of [old, fresh]) lines.pop();
  return [old, fresh];
}

function differing(old: readonly string[], fresh: readonly string[], offset: number): DiffRow[] {
  const rows: DiffRow[] = [];
  const removed = (at: number): unknown => rows.push({ kind: 'removed', n: offset + at + 1, text: old[at] ?? '' });
  const added = (at: number): unknown => rows.push({ kind: 'added', n: offset + at + 1, text: fresh[at] ?? '' });
  if (old.length * fresh.length > MOST_CELLS) {
    for (const at of old.keys()) removed(at);
    for (const at of fresh.keys()) added(at);
    return rows;
  }
  const common = commonLengths(old, fresh);
  const width = fresh.length + 1;
  let [a, b] = [0, 0];
  while (a < old.length || b < fresh.length) {
    if (a < old.length && b < fresh.length && old[a] === fresh[b]) {
      rows.push({ kind: 'same', n: offset + b + 1, text: fresh[b] ?? '' });
      a += 1;
      b += 1;
    } else if (
      b >= fresh.length ||
      (a < old.length && (common[(a + 1) * width + b] ?? 0) >= (common[a * width + b + 1] ?? 0))
    )
      removed(a++);
    else added(b++);
  }
  return rows;
}

/** At `a, b`: how many lines the rests of both texts have in common, in order. */
function commonLengths(old: readonly string[], fresh: readonly string[]): Uint16Array {
  const width = fresh.length + 1;
  const table = new Uint16Array((old.length + 1) * width);
  for (let a = old.length - 1; a >= 0; a -= 1)
    for (let b = fresh.length - 1; b >= 0; b -= 1)
      table[a * width + b] =
        old[a] === fresh[b]
          ? (table[(a + 1) * width + b + 1] ?? 0) + 1
          : Math.max(table[(a + 1) * width + b] ?? 0, table[a * width + b + 1] ?? 0);
  return table;
}

function withGaps(rows: readonly DiffRow[]): readonly DiffRow[] {
  const near = new Uint8Array(rows.length);
  for (const [at, { kind }] of rows.entries())
    if (kind !== 'same') near.fill(1, Math.max(0, at - CONTEXT), Math.min(rows.length, at + CONTEXT + 1));
  const shown: DiffRow[] = [];
  let hidden = 0;
  for (const [at, row] of rows.entries()) {
    if (near[at] === 1) {
      if (hidden > 0) shown.push({ kind: 'gap', lines: hidden });
      hidden = 0;
      shown.push(row);
    } else hidden += 1;
  }
  if (hidden > 0) shown.push({ kind: 'gap', lines: hidden });
  return shown;
}
