import type { Found, ProbeResult } from '@skerry/core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Finder } from './finder.svelte.ts';

type Call = { input: string; allowPlain: boolean; signal: AbortSignal; answer: (result: ProbeResult) => void };

function probing() {
  const calls: Call[] = [];
  const probe = (input: string, options: { allowPlain: boolean; signal: AbortSignal }) =>
    new Promise<ProbeResult>((answer, fail) => {
      calls.push({ input, allowPlain: options.allowPlain, signal: options.signal, answer });
      options.signal.addEventListener('abort', () => fail(new Error('aborted')));
    });
  return { calls, finder: new Finder({ probe }) };
}

const found = (host: string) => ({ ok: true, found: { host } as unknown as Found }) as const;

describe('finding a server by what is typed', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it('S0.39: waits for a pause, then checks once', async () => {
    const { calls, finder } = probing();
    finder.type('h');
    finder.type('ho');
    await vi.advanceTimersByTimeAsync(400);
    finder.type('host');
    await vi.advanceTimersByTimeAsync(499);
    expect(calls).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(calls.map((call) => call.input)).toEqual(['host']);
  });

  it('forgets the answer to an earlier text', async () => {
    const { calls, finder } = probing();
    finder.type('one');
    await vi.advanceTimersByTimeAsync(500);
    finder.type('two');
    expect(calls[0]?.signal.aborted).toBe(true);
    calls[0]?.answer(found('one'));
    await vi.advanceTimersByTimeAsync(500);
    calls[1]?.answer(found('two'));
    await vi.advanceTimersByTimeAsync(0);
    expect(finder.finding).toEqual({ kind: 'found', found: { host: 'two' } });
  });

  it('never asks over plain http beyond this machine, which a browser refuses', async () => {
    const { calls, finder } = probing();
    finder.type('http://a');
    await vi.advanceTimersByTimeAsync(500);
    void finder.check();
    expect(calls.map(({ input, allowPlain }) => [input, allowPlain])).toEqual([
      ['http://a', false],
      ['http://a', false],
    ]);
  });

  it('S0.41: says what failed and at which step', async () => {
    const { calls, finder } = probing();
    finder.type('host');
    await vi.advanceTimersByTimeAsync(500);
    calls[0]?.answer({ ok: false, step: 'reachable', failure: { kind: 'timeout' } });
    await vi.advanceTimersByTimeAsync(0);
    expect(finder.finding).toEqual({ kind: 'failed', ok: false, step: 'reachable', failure: { kind: 'timeout' } });
  });
});
