import type { RunEntryView } from '@skerry/core';
import type { RunContent } from '@skerry/protocol/agents';
import { describe, expect, it } from 'vitest';
import { planOf, RunRows } from './run-rows.ts';

const entry = (content: RunContent | null, n: number): RunEntryView => ({
  n,
  id: `e${n}`,
  line: content === null ? null : { v: 1, at: n * 1000, cut: false, entry: content },
});
const log = (...contents: (RunContent | null)[]): RunEntryView[] => contents.map((one, at) => entry(one, at + 1));
const said = (text: string, as: 'answer' | 'thought' = 'answer'): RunContent => ({ kind: 'said', as, text });
const tool = (id: string, more: Partial<Extract<RunContent, { kind: 'tool' }>> = {}): RunContent => ({
  kind: 'tool',
  id,
  title: null,
  tool: null,
  state: null,
  locations: null,
  parts: null,
  ...more,
});
const rowsOf = (entries: RunEntryView[]) => new RunRows().next(entries);

describe('the rows of a run', () => {
  it('makes one text of neighbouring pieces, and keeps thoughts apart', () => {
    expect(rowsOf(log(said('Hel'), said('lo'), said('hm', 'thought'), said('!')))).toMatchObject([
      { kind: 'said', as: 'answer', text: 'Hello' },
      { kind: 'said', as: 'thought', text: 'hm' },
      { kind: 'said', as: 'answer', text: '!' },
    ]);
  });

  it('shows a tool once, where it began, as its last entry says', () => {
    const rows = rowsOf(
      log(tool('a', { title: 'Read', tool: 'read', state: 'pending' }), said('x'), tool('a', { state: 'completed' })),
    );
    expect(rows).toMatchObject([{ kind: 'tool', title: 'Read', tool: 'read', state: 'completed' }, { kind: 'said' }]);
  });

  it('puts command, output and end of a terminal together, and output whose command is on an older page', () => {
    const output = (text: string): RunContent => ({ kind: 'output', terminal: 't', text });
    const ended: RunContent = { kind: 'exited', terminal: 't', code: 0, signal: null };
    const begun: RunContent = { kind: 'command', terminal: 't', command: 'npm', args: ['test'], cwd: '/w' };
    expect(rowsOf(log(begun, output('a\n'), said('…'), output('b\n'), ended))[0]).toMatchObject({
      command: ['npm', 'test'],
      output: 'a\nb\n',
      exit: { code: 0 },
    });
    expect(rowsOf(log(output('b'), ended))).toMatchObject([{ kind: 'terminal', command: null, output: 'b' }]);
  });

  it('writes the answer onto what was asked', () => {
    const subject = { kind: 'write', path: '/w/a', before: null, after: 'x' } as const;
    const rows = rowsOf(
      log({ kind: 'asked', ask: 'q', subject }, { kind: 'answered', ask: 'q', choice: 'allow', by: 2 }),
    );
    expect(rows).toMatchObject([{ kind: 'asked', answer: { choice: 'allow', by: 2 } }]);
  });

  it('keeps one plan per turn, at its place, with its newest steps', () => {
    const plan = (state: 'pending' | 'completed'): RunContent => ({ kind: 'plan', steps: [{ text: 'a', state }] });
    const turn: RunContent = { kind: 'turn', stop: 'end_turn', why: null };
    const rows = rowsOf(log(plan('pending'), said('x'), plan('completed'), turn, plan('pending')));
    expect(rows.map(({ kind }) => kind)).toEqual(['plan', 'said', 'plan']);
    expect(rows[0]).toMatchObject({ steps: [{ state: 'completed' }] });
    expect(planOf(rows)?.steps[0]?.state).toBe('pending');
  });

  it('counts what can’t be read instead of hiding it, and shows it once its keys are there', () => {
    const rows = new RunRows();
    const entries = log(said('a'), null, null, said('b'));
    expect(rows.next(entries)).toMatchObject([{ text: 'a' }, { kind: 'unread', count: 2 }, { text: 'b' }]);
    expect(rows.next(log(said('a'), said('1'), said('2'), said('b')))).toMatchObject([{ text: 'a12b' }]);
  });

  it('goes on where it was when entries come, and leaves what did not change as the same objects', () => {
    const rows = new RunRows();
    const entries = log(said('a'), tool('t', { title: 'T', state: 'pending' }), said('b'));
    const before = rows.next(entries);
    const kept = [...before];
    const after = rows.next([...entries, entry(tool('t', { state: 'completed' }), 4), entry(said('c'), 5)]);
    expect(before).toEqual(kept);
    expect(after[0]).toBe(before[0]);
    expect(after).toMatchObject([{}, { state: 'completed' }, { text: 'bc' }]);
    expect(rows.next([...entries, entry(tool('t', { state: 'completed' }), 4), entry(said('c'), 5)])).toEqual(after);
  });

  it('gives the same rows however the log comes: at once, piece by piece, or with an older page put before it', () => {
    const kinds: (RunContent | null)[] = [
      said('a'),
      said('b', 'thought'),
      tool('x', { title: 'X' }),
      tool('x', { state: 'failed' }),
      { kind: 'read', path: '/a', bytes: 1 },
      { kind: 'read', path: '/b', bytes: 1 },
      { kind: 'output', terminal: 't', text: 'o' },
      { kind: 'turn', stop: 'cancelled', why: null },
      null,
    ];
    const entries = Array.from({ length: 400 }, (_, at) =>
      entry(kinds[(at * 7 + (at >> 3)) % kinds.length] ?? null, at + 1),
    );
    const whole = rowsOf(entries);
    const grown = new RunRows();
    for (let at = 1; at < entries.length; at += 13) grown.next(entries.slice(0, at));
    expect(grown.next(entries)).toEqual(whole);
    const back = new RunRows();
    back.next(entries.slice(250));
    expect(back.next(entries)).toEqual(whole);
  });

  it('never grows one text without end, and keeps the end of what a terminal printed', () => {
    const rows = rowsOf(log(...Array.from({ length: 30 }, () => said('x'.repeat(1_000)))));
    expect(rows.map((row) => (row.kind === 'said' ? row.text.length : 0))).toEqual([16_000, 14_000]);
    const output = (text: string): RunContent => ({ kind: 'output', terminal: 't', text });
    const [terminal] = rowsOf(log(...Array.from({ length: 7 }, (_, at) => output(`${at}`.repeat(8_000)))));
    expect(terminal).toMatchObject({ kind: 'terminal', cut: true, output: expect.stringMatching(/6$/) as string });
  });
});
