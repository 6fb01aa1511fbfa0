import { flushSync } from 'svelte';
import { describe, expect, it } from 'vitest';
import { inEffects, value } from '../testing/value.svelte.ts';
import { bridge } from './bridge.svelte.ts';

describe('the bridge from core to runes', () => {
  it('reads outside of effects without subscribing', () => {
    const source = value(1);
    const bridged = bridge(() => source);
    expect([bridged.current, source.listeners]).toEqual([1, 0]);
  });

  it('follows every change while an effect reads it, and lets go afterwards', () => {
    const source = value('a');
    const bridged = bridge(() => source);
    const seen: string[] = [];
    const stop = inEffects(() => {
      seen.push(bridged.current);
    });
    source.set('b');
    flushSync();
    source.set('c');
    flushSync();
    expect([seen, source.listeners]).toEqual([['a', 'b', 'c'], 1]);
    stop();
    flushSync();
    return Promise.resolve().then(() => expect(source.listeners).toBe(0));
  });

  it('subscribes once for many readers', () => {
    const source = value(0);
    const bridged = bridge(() => source);
    const stop = inEffects(
      () => {
        void bridged.current;
      },
      () => {
        void bridged.current;
      },
    );
    expect(source.listeners).toBe(1);
    stop();
  });

  it('moves to another source when the one it is given changes', async () => {
    const first = value('one');
    const second = value('two');
    const which = value(first);
    const chosen = bridge(() => which);
    const bridged = bridge(() => chosen.current);
    const seen: string[] = [];
    const stop = inEffects(() => {
      seen.push(bridged.current);
    });
    which.set(second);
    flushSync();
    first.set('late');
    flushSync();
    await Promise.resolve();
    expect([seen, first.listeners, second.listeners]).toEqual([['one', 'two'], 0, 1]);
    stop();
  });
});
