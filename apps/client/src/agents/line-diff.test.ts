import { describe, expect, it } from 'vitest';
import { lineDiff } from './line-diff.ts';

const show = (before: string | null, after: string): string[] =>
  lineDiff(before, after).rows.map((row) =>
    row.kind === 'gap' ? `… ${row.lines}` : `${row.n}${{ same: ' ', removed: '-', added: '+' }[row.kind]}${row.text}`,
  );

describe('a change', () => {
  it('shows what goes and what comes with the numbers of its lines', () => {
    expect(show('a\nb\nc\n', 'a\nB\nBB\nc\n')).toEqual(['1 a', '2-b', '2+B', '3+BB', '4 c']);
  });

  it('keeps what is far from any change out, and says how much that is', () => {
    const lines = Array.from({ length: 20 }, (_, at) => `line ${at + 1}`);
    const after = lines.with(9, 'changed');
    const rows = show(lines.join('\n'), after.join('\n'));
    expect([rows[0], rows.at(-1)]).toEqual(['… 6', '… 7']);
    expect(rows).toContain('10+changed');
  });

  it('shows a new file as added, an emptied one as removed, and a lost line break at the end', () => {
    expect(show(null, 'x\n')).toEqual(['1+x']);
    expect(show('x\n', '')).toEqual(['1-x']);
    expect(show('x\n', 'x')).not.toEqual(show('x', 'x'));
  });

  it('gives back both texts from what it shows, whatever they are', () => {
    let seed = 3;
    const random = (below: number): number => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) % below;
    const text = (): string => Array.from({ length: random(12) }, () => 'abc'.charAt(random(3))).join('\n');
    for (let turn = 0; turn < 500; turn += 1) {
      const [before, after] = [`x\n${text()}\ny`, `x\n${text()}\ny`];
      const { rows, added, removed } = lineDiff(before, after);
      if (rows.some(({ kind }) => kind === 'gap')) continue;
      const lines = rows.flatMap((row) => (row.kind === 'gap' ? [] : [row]));
      expect(
        lines
          .filter(({ kind }) => kind !== 'added')
          .map((row) => row.text)
          .join('\n'),
      ).toBe(before);
      expect(
        lines
          .filter(({ kind }) => kind !== 'removed')
          .map((row) => row.text)
          .join('\n'),
      ).toBe(after);
      expect(added - removed).toBe(after.split('\n').length - before.split('\n').length);
    }
  });

  it('counts texts of thousands of lines with nothing in common as replaced', () => {
    const many = (of: string): string => Array.from({ length: 4_000 }, (_, at) => `${of}${at}`).join('\n');
    expect(lineDiff(many('a'), many('b'))).toMatchObject({ added: 4_000, removed: 4_000 });
  });
});
