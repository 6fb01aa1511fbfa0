import type { AccountId, ChannelId, MessageId } from '@skerry/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { placeOf, type SealedRow, viewOf, withChange, withDropped, withPost } from './rows.ts';

const [ANNA, BEN] = ['anna', 'ben'] as AccountId[] as [AccountId, AccountId];
const shell = {
  id: 'm' as MessageId,
  channel: 'c' as ChannelId,
  n: 1,
  author: ANNA,
  device: 1,
  at: 5,
  op: 'post',
  target: null,
} as const;
const post = { text: 'hello', replyTo: null, mentions: [BEN], attachments: [] };

type Change = Parameters<typeof withChange>[2];
const change = fc.oneof<fc.Arbitrary<Change>[]>(
  fc.record({ what: fc.constant('edit' as const), text: fc.constantFrom('one', 'two') }),
  fc.record({ what: fc.constant('react' as const), emoji: fc.constantFrom('👍', '🎉'), on: fc.boolean() }),
  fc.constant({ what: 'erase' as const }),
);
const changes = fc.array(fc.record({ author: fc.constantFrom(ANNA, BEN), said: change }), { maxLength: 8 });

describe('a place of an encrypted timeline', () => {
  it('comes out the same in whatever order its changes and its post arrive, repeated or not (I14)', () => {
    fc.assert(
      fc.property(changes, fc.infiniteStream(fc.nat(1_000)), (all, order) => {
        const steps: ((row: SealedRow) => SealedRow)[] = [
          (row) => withPost(row, post),
          ...all.map(
            ({ author, said }, at) =>
              (row: SealedRow) =>
                withChange(row, { n: at + 2, at: at + 10, author }, said),
          ),
        ];
        const straight = steps.reduce((row, step) => step(row), placeOf(shell, 'waitingForKeys'));
        const shuffled = [...steps, ...steps.slice(0, 2)]
          .map((step) => ({ step, by: order.next().value as number }))
          .sort((a, b) => a.by - b.by)
          .reduce((row, { step }) => step(row), placeOf(shell, 'waitingForKeys'));
        expect(viewOf(shuffled)).toEqual(viewOf(straight));
      }),
      { numRuns: 500 },
    );
  });

  it('is edited and erased by its author alone, and says what the server did (E-6)', () => {
    const row = withPost(placeOf(shell, null), post);
    const by = (author: AccountId) => ({ n: 2, at: 9, author });
    expect(viewOf(withChange(row, by(BEN), { what: 'edit', text: 'x' })).text).toBe('hello');
    expect(viewOf(withChange(row, by(BEN), { what: 'erase' })).deleted).toBe(false);
    expect(viewOf(withChange(row, by(ANNA), { what: 'edit', text: 'x' }))).toMatchObject({ text: 'x', editedAt: 9 });
    expect(viewOf(withDropped(row))).toMatchObject({ text: 'hello', deleted: false, sealed: { mark: 'serverErased' } });
    const erased = withChange(withDropped(row), by(ANNA), { what: 'erase' });
    expect(viewOf(erased)).toMatchObject({ text: '', deleted: true, mentions: [], sealed: { mark: null } });
    expect(erased.post).toBeNull();
    expect(viewOf(placeOf(shell, 'waitingForKeys')).sealed.mark).toBe('waitingForKeys');
  });
});
