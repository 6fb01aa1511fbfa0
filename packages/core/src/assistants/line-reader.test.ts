import { chatLine, type ChatLine } from '@skerry/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineReader } from './line-reader.ts';

function read(pieces: readonly string[]): { lines: ChatLine[]; failed: unknown } {
  const lines: ChatLine[] = [];
  const reader = new LineReader<ChatLine>(chatLine, (line) => lines.push(line));
  for (const piece of pieces) reader.push(piece);
  try {
    reader.end();
    return { lines, failed: undefined };
  } catch (failed) {
    return { lines, failed };
  }
}

const line = (text: string): string => JSON.stringify({ t: 'text', text });

describe('an answer in lines (A-10)', () => {
  it('is the same in whatever pieces it comes', () => {
    const texts = fc.array(fc.string({ unit: 'grapheme', maxLength: 12 }), { maxLength: 8 });
    fc.assert(
      fc.property(texts, fc.array(fc.nat(200), { maxLength: 12 }), (said, cuts) => {
        const whole = said.map((text) => `${line(text)}\n`).join('');
        const at = [...new Set([0, whole.length, ...cuts.map((cut) => cut % (whole.length + 1))])].sort(
          (a, b) => a - b,
        );
        const pieces = at.slice(1).map((end, index) => whole.slice(at[index], end));
        expect(read(pieces)).toEqual({ lines: said.map((text) => ({ t: 'text', text })), failed: undefined });
      }),
    );
  });

  it('gives on what came before it failed, and fails with what the server said', () => {
    const error = { code: 'upstream_failed', message: 'x', retry: 'later' };
    const { lines, failed } = read([`${line('half')}\n${JSON.stringify({ t: 'error', error })}\n`]);
    expect(lines).toEqual([{ t: 'text', text: 'half' }]);
    expect(failed).toMatchObject({ code: 'upstream_failed' });
  });

  it.each([
    ['no JSON', '{"t":"te'],
    ['a line of something else', '{"t":"other"}'],
    ['an error that is none', '{"t":"error","error":7}'],
  ])('makes no sense with %s, and nothing after it is given on', (_what, bad) => {
    const { lines, failed } = read([`${line('a')}\n${bad}\n${line('b')}\n`]);
    expect(lines).toHaveLength(1);
    expect(failed).toMatchObject({ code: 'unavailable', reason: { kind: 'protocol' } });
  });
});
