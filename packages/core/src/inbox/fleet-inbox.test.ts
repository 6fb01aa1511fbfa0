import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EntryInboxRow } from '../sync/entry.ts';
import type { EntryId } from '../views.ts';
import { fleetInbox } from './fleet-inbox.ts';

const row = (id: string, at: number): EntryInboxRow => ({
  item: { message: { id } } as never,
  channelName: 'general',
  authorName: 'ben',
  at,
  needsYou: true,
  pending: null,
});
const part = (entryId: string, rows: readonly EntryInboxRow[], fresh = true) => ({
  entryId: entryId as EntryId,
  label: `Server ${entryId}`,
  inbox: { rows, fresh, lastAt: fresh ? null : 77 },
});

describe('the inbox over all servers', () => {
  it('S1.15, S1.17, S1.26: is one list, newest first, each row with its server', () => {
    const view = fleetInbox([part('a', [row('m1', 30), row('m2', 10)]), part('b', [row('m1', 20)])]);
    expect(view.rows.map(({ entryId, serverLabel, item, at }) => [entryId, serverLabel, item.message.id, at])).toEqual([
      ['a', 'Server a', 'm1', 30],
      ['b', 'Server b', 'm1', 20],
      ['a', 'Server a', 'm2', 10],
    ]);
  });

  it('names the servers whose part may be old, and shows that part', () => {
    const view = fleetInbox([part('a', [row('m1', 30)], false), part('b', [])]);
    expect(view).toMatchObject({ rows: [{ entryId: 'a' }], stale: [{ entryId: 'a', label: 'Server a', lastAt: 77 }] });
  });

  it('has one order for equal times, whatever order the servers are in, and keeps the order within one', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.nat(3), { maxLength: 6 }), { maxLength: 4 }), fc.nat(3), (times, turn) => {
        const parts = times.map((list, index) => part(`e${index}`, [...list].sort((a, b) => b - a).map((at, place) => row(`m${place}`, at)))); // prettier-ignore
        const turned = [...parts.slice(turn), ...parts.slice(0, turn)];
        const order = (from: typeof parts): unknown =>
          fleetInbox(from).rows.map(({ entryId, item }) => [entryId, item.message.id]);
        expect(order(turned)).toEqual(order(parts));
        const { rows } = fleetInbox(parts);
        expect(rows.map(({ at }) => at)).toEqual(times.flat().sort((a, b) => b - a));
      }),
    );
  });

  it('makes no new rows of rows that did not change', () => {
    const rows = [row('m1', 30), row('m2', 10)];
    const before = fleetInbox([part('a', rows)]).rows;
    const after = fleetInbox([part('a', [rows[0] as EntryInboxRow, row('m2', 10)])]).rows;
    expect(after[0]).toBe(before[0]);
    expect(after[1]).not.toBe(before[1]);
  });
});
