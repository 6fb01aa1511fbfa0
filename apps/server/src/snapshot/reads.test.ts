import { snapshot as schema, type MessageId } from '@skerry/protocol';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { LogFixture, type Person } from '../testing/log-fixture.ts';

let log: LogFixture;
let ann: Person;
let bob: Person;
beforeEach(async () => {
  log = await LogFixture.open();
  ann = log.person('owner');
  bob = log.person();
});
afterEach(() => log[Symbol.dispose]());

const mention = (many = 1): MessageId[] => {
  const ids = Array.from({ length: many }, () => log.newId());
  const command = { kind: 'message.send', channel: log.general, text: `<@${bob.account}>`, replyTo: null } as const;
  log.batch(ids.map((id) => [ann, command, id] as const));
  return ids as string[] as MessageId[];
};

it('a snapshot is what the protocol says, as of the end of the log', () => {
  mention();
  const snapshot = log.snapshot(bob);
  expect(schema.parse(snapshot)).toEqual(snapshot);
  expect(snapshot.asOf).toEqual(log.position);
  expect(snapshot.me.id).toBe(bob.account);
  expect(snapshot.accounts.map(({ id }) => id).sort()).toEqual([ann.account, bob.account].sort());
  expect(snapshot.channels[0]).toMatchObject({ member: true, unread: 1, lastAt: log.now });
});

it('the inbox holds what waits before what is done, newest first, 600 at most', () => {
  const ids = mention(610);
  const waiting = [ids[0], ids[5]];
  log.batch(
    ids
      .filter((id) => !waiting.includes(id))
      .map((message) => [bob, { kind: 'inbox.set', message, state: 'done' }] as const),
  );
  log.run(bob, { kind: 'inbox.set', message: ids[5] as MessageId, state: 'later' });
  const { inbox } = log.snapshot(bob);
  expect(inbox).toHaveLength(600);
  expect(inbox.filter(({ state }) => state !== 'done').map(({ message, state }) => [message.id, state])).toEqual([
    [ids[5], 'later'],
    [ids[0], 'open'],
  ]);
  const places = inbox.map(({ message }) => ids.indexOf(message.id));
  expect(places).toEqual([...places].sort((a, b) => b - a));
  expect(places[0]).toBe(609);
});
