import { describe, expect, it } from 'vitest';
import { codePoints, isInFence, toggleMark, type Edit } from './text-marks.ts';

const apply = (text: string, edit: Edit): { text: string; selected: string } => {
  const next = text.slice(0, edit.from) + edit.insert + text.slice(edit.to);
  return { text: next, selected: next.slice(edit.select[0], edit.select[1]) };
};

describe('toggleMark', () => {
  it('sets and takes away, whether the marks are selected or not', () => {
    const set = apply('a bold word', toggleMark({ text: 'a bold word', from: 2, to: 6 }, '**'));
    expect(set).toEqual({ text: 'a **bold** word', selected: 'bold' });
    expect(apply(set.text, toggleMark({ text: set.text, from: 4, to: 8 }, '**')).text).toBe('a bold word');
    expect(apply(set.text, toggleMark({ text: set.text, from: 2, to: 10 }, '**')).text).toBe('a bold word');
  });

  it('keeps spaces outside of the marks, where Markdown wants them', () => {
    expect(apply('x ab y', toggleMark({ text: 'x ab y', from: 1, to: 5 }, '_'))).toEqual({
      text: 'x _ab_ y',
      selected: 'ab',
    });
  });

  it('puts the caret between the marks when nothing is selected', () => {
    expect(toggleMark({ text: '', from: 0, to: 0 }, '**')).toEqual({ from: 0, to: 0, insert: '****', select: [2, 2] });
  });

  it('makes a block of code of several lines', () => {
    expect(apply('a\nb', toggleMark({ text: 'a\nb', from: 0, to: 3 }, '`'))).toEqual({
      text: '```\na\nb\n```',
      selected: 'a\nb',
    });
  });
});

describe('codePoints', () => {
  it('counts as the server does', () => {
    expect(codePoints('aé😀👩‍👩‍👧')).toBe(8);
  });
});

describe('isInFence', () => {
  it('knows an open block from a closed one', () => {
    expect(isInFence('```js\nlet a', 11)).toBe(true);
    expect(isInFence('```js\nlet a\n```\nb', 17)).toBe(false);
  });
});
