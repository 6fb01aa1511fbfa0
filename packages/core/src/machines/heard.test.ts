import type { Ask, Machine, MachinesSnapshot, Run } from '@skerry/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Heard, NOTHING, withItem, withSnapshot } from './heard.ts';

const run = (id: string, rev: number, state: Run['state'] = 'working'): Run => ({
  id,
  machine: 2,
  state,
  head: 0,
  meta: null,
  startedAt: 0,
  updatedAt: rev,
  erased: false,
  rev,
});
const machine = (device: number, rev: number): Machine => ({
  device,
  label: `m${rev}`,
  system: 'x',
  program: 'x',
  info: null,
  pairedAt: 0,
  pairedBy: 1,
  joined: true,
  lastSeenAt: 0,
  removed: false,
  rev,
});
const ask = (id: string, rev: number, state: Ask['state'] = 'open'): Ask => ({
  id,
  run: 'r',
  machine: 2,
  ask: 'question',
  state,
  digest: '',
  body: null,
  openedAt: 0,
  expiresAt: 0,
  closedAt: null,
  answer: null,
  takenAt: null,
  rev,
});
const snapshot = (account: number, of: Partial<MachinesSnapshot>): MachinesSnapshot => ({
  asOf: { seq: account, tag: 'x' },
  account,
  machines: [],
  online: [],
  runs: [],
  asks: [],
  ...of,
});

test('S2.27: what was read anew takes the place of what was known, but for what happened since it was read', () => {
  const events: Heard = [run('old', 3), run('same', 4), run('later', 12), run('newer', 11)].reduce(
    (heard, one) => withItem(heard, { kind: 'run', run: one }),
    withItem(NOTHING, { kind: 'machine', machine: machine(2, 1) }),
  );
  const read = withSnapshot(events, snapshot(10, { runs: [run('same', 9), run('newer', 5)], asks: [ask('a', 7)] }));
  expect([...read.runs].map(([id, { rev }]) => [id, rev]).sort()).toEqual([
    ['later', 12],
    ['newer', 11],
    ['same', 9],
  ]);
  expect([...read.machines]).toEqual([]);
  expect([...read.asks.keys()]).toEqual(['a']);
});

test('the order and number in which states are told makes no difference: of each the newest is shown', () => {
  const told = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 1, max: 20 })), { maxLength: 30 });
  fc.assert(
    fc.property(told, (items) => {
      const heard = items.reduce((all, [id, rev]) => withItem(all, { kind: 'ask', ask: ask(id, rev) }), NOTHING);
      for (const id of ['a', 'b', 'c']) {
        const revs = items.filter(([of]) => of === id).map(([, rev]) => rev);
        expect(heard.asks.get(id)?.rev).toBe(revs.length === 0 ? undefined : Math.max(...revs));
      }
      const again = items.reduce((all, [id, rev]) => withItem(all, { kind: 'ask', ask: ask(id, rev) }), heard);
      expect(again).toBe(heard);
    }),
  );
});

test('T34: a server that tells without end fills no memory, and what is open stays longest', () => {
  let heard = withItem(NOTHING, { kind: 'run', run: run('open', 1) });
  for (let n = 2; n < 2_050; n++) heard = withItem(heard, { kind: 'run', run: run(`r${n}`, n, 'ended') });
  expect(heard.runs.size).toBe(2_000);
  expect(heard.runs.has('open')).toBe(true);
  expect(heard.runs.has('r2')).toBe(false);
  expect(withItem(heard, { kind: 'gone' })).toBe(heard);
});
