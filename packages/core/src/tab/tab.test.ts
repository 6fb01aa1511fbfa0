import { expect, test } from 'vitest';
import { settle } from '../testing/manual-clock.ts';
import { MemoryTabs } from '../testing/memory-platform.ts';
import { Tab } from './tab.ts';

function tabOf(tabs: MemoryTabs, log: string[], name: string): Tab {
  return new Tab({
    lock: tabs.lock(),
    open: async () => void log.push(`${name} opens`),
    close: async () => {
      await new Promise((resolve) => setImmediate(resolve));
      log.push(`${name} closes`);
    },
  });
}

test('the first tab lives, the second says that it is elsewhere and opens nothing', async () => {
  const tabs = new MemoryTabs();
  const log: string[] = [];
  const [a, b] = [tabOf(tabs, log, 'a'), tabOf(tabs, log, 'b')];
  expect(a.state.get()).toBe('starting');
  await a.start();
  await b.start();
  expect([a.state.get(), b.state.get()]).toEqual(['live', 'elsewhere']);
  expect(log).toEqual(['a opens']);
});

test('"Use here" takes over, and the other goes quiet; it can take it back', async () => {
  const tabs = new MemoryTabs();
  const log: string[] = [];
  const [a, b] = [tabOf(tabs, log, 'a'), tabOf(tabs, log, 'b')];
  await a.start();
  await b.start();
  await b.useHere();
  await settle();
  expect([a.state.get(), b.state.get()]).toEqual(['elsewhere', 'live']);
  expect(log.toSorted()).toEqual(['a closes', 'a opens', 'b opens']);
  await a.useHere();
  await settle();
  expect([a.state.get(), b.state.get()]).toEqual(['live', 'elsewhere']);
});

test('when the live tab goes, the one that waits becomes live by itself, after the stores are free', async () => {
  const tabs = new MemoryTabs();
  const log: string[] = [];
  const [a, b] = [tabOf(tabs, log, 'a'), tabOf(tabs, log, 'b')];
  await a.start();
  await b.start();
  await a[Symbol.asyncDispose]();
  await settle();
  expect(b.state.get()).toBe('live');
  expect(log).toEqual(['a opens', 'a closes', 'b opens']);
});

test('a tab that waits and is closed does not come back', async () => {
  const tabs = new MemoryTabs();
  const log: string[] = [];
  const [a, b] = [tabOf(tabs, log, 'a'), tabOf(tabs, log, 'b')];
  await a.start();
  await b.start();
  await b[Symbol.asyncDispose]();
  await a[Symbol.asyncDispose]();
  await settle();
  expect(log).toEqual(['a opens', 'a closes']);
});

test('"Use here" that is refused says so, opens nothing and can be tried again', async () => {
  const tabs = new MemoryTabs();
  const log: string[] = [];
  const a = tabOf(tabs, log, 'a');
  const lock = tabs.lock();
  let refusal: 'throws' | 'says no' | undefined = 'throws';
  const b = new Tab({
    lock: {
      ...lock,
      acquire: (how) => {
        if (!how.steal || refusal === undefined) return lock.acquire(how);
        return refusal === 'throws' ? Promise.reject(new Error('not allowed')) : Promise.resolve(false);
      },
    },
    open: async () => void log.push('b opens'),
    close: () => Promise.resolve(),
  });
  await a.start();
  await b.start();
  for (refusal of ['throws', 'says no'] as const) {
    await expect(b.useHere()).rejects.toMatchObject({ code: 'unavailable' });
    expect([a.state.get(), b.state.get()]).toEqual(['live', 'elsewhere']);
  }
  refusal = undefined;
  await b.useHere();
  await settle();
  expect([a.state.get(), b.state.get()]).toEqual(['elsewhere', 'live']);
});

test('a tab that was refused still becomes live when the other goes', async () => {
  const tabs = new MemoryTabs();
  const log: string[] = [];
  const a = tabOf(tabs, log, 'a');
  const lock = tabs.lock();
  const b = new Tab({
    lock: { ...lock, acquire: (how) => (how.steal ? Promise.reject(new Error('not allowed')) : lock.acquire(how)) },
    open: async () => void log.push('b opens'),
    close: () => Promise.resolve(),
  });
  await a.start();
  await b.start();
  await expect(b.useHere()).rejects.toThrow();
  await a[Symbol.asyncDispose]();
  await settle();
  expect(b.state.get()).toBe('live');
});

test('"Use here" where the stores do not open says so and leaves the lock to others', async () => {
  const tabs = new MemoryTabs();
  const log: string[] = [];
  const a = tabOf(tabs, log, 'a');
  const b = new Tab({
    lock: tabs.lock(),
    open: () => Promise.reject(new Error('no store')),
    close: () => Promise.resolve(),
  });
  await a.start();
  await b.start();
  await expect(b.useHere()).rejects.toThrow('no store');
  await settle();
  expect([a.state.get(), b.state.get()]).toEqual(['live', 'elsewhere']);
});
