import type { ChannelId, Command } from '@skerry/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LogFixture, readJson, type Person } from '../testing/log-fixture.ts';
import { readMembers } from './reads.ts';

let log: LogFixture;
let ann: Person;
let bob: Person;
beforeEach(async () => {
  log = await LogFixture.open();
  ann = log.person();
  bob = log.person();
});
afterEach(() => {
  expect(log.bugs).toEqual([]);
  log[Symbol.dispose]();
});

const create = (person: Person, visibility: 'public' | 'private', history: 'all' | 'joined' = 'all'): ChannelId => {
  const id = log.newId();
  log.run(person, { kind: 'channel.create', name: 'made', topic: 'about', visibility, history }, id);
  return id as string as ChannelId;
};
const stateOf = (person: Person, id: ChannelId) =>
  log.snapshot(person).channels.find(({ channel }) => channel.id === id);
const membersOf = (id: ChannelId, person = ann) =>
  (readJson(readMembers(log.db, { account: person.account, channel: id })) as { accounts: string[] }).accounts;

describe('channels', () => {
  it('a public one is told to everyone, its maker is in it', () => {
    const id = create(ann, 'public');
    expect(stateOf(ann, id)).toMatchObject({
      member: true,
      head: 1,
      unread: 0,
      channel: { name: 'made', topic: 'about', visibility: 'public', archived: false },
    });
    expect(stateOf(bob, id)).toEqual({
      channel: stateOf(ann, id)?.channel,
      member: false,
      head: 0,
      lastAt: 0,
      readN: 0,
      unread: 0,
    });
    expect(membersOf(id)).toEqual([ann.account]);
  });

  it('a private one is seen by its members alone, owners included', () => {
    const id = create(ann, 'private');
    const owner = log.person('owner');
    for (const person of [bob, owner]) {
      expect(stateOf(person, id)).toBeUndefined();
      const commands: Command[] = [
        { kind: 'channel.join', channel: id },
        { kind: 'channel.leave', channel: id },
        { kind: 'channel.update', channel: id, name: 'x', topic: '' },
        { kind: 'channel.archive', channel: id, archived: true },
        { kind: 'channel.add', channel: id, account: person.account },
        { kind: 'channel.remove', channel: id, account: ann.account },
        { kind: 'message.send', channel: id, text: 'x', replyTo: null },
        { kind: 'marker.set', channel: id, n: 1 },
      ];
      expect(commands.map((command) => log.codeOf(person, command))).toEqual(commands.map(() => 'not_found'));
    }
    log.run(ann, { kind: 'channel.add', channel: id, account: bob.account });
    expect(stateOf(bob, id)).toMatchObject({ member: true });
    expect(membersOf(id, bob).sort()).toEqual([ann.account, bob.account].sort());
  });

  it('rev of a change is the number in the stream that tells of it', () => {
    const open = create(ann, 'public');
    const closed = create(ann, 'private');
    const [one, two] = [open, closed].map((channel) =>
      log.run(ann, { kind: 'channel.update', channel, name: 'renamed', topic: 'new' }),
    );
    expect(stateOf(ann, open)?.channel).toMatchObject({ name: 'renamed', topic: 'new', rev: one?.n });
    expect(stateOf(ann, closed)?.channel).toMatchObject({ rev: two?.n });
    expect(log.snapshot(ann).streams.server).toBe(one?.n);
    expect(stateOf(ann, closed)?.head).toBe(two?.n);
    expect(log.run(ann, { kind: 'channel.update', channel: open, name: 'renamed', topic: 'new' })).toEqual({
      seq: 0,
      n: 0,
    });
  });

  it('joining twice, leaving twice and removing who is not there change nothing', () => {
    const id = create(ann, 'public');
    log.run(bob, { kind: 'channel.join', channel: id });
    for (const command of [
      { kind: 'channel.join', channel: id },
      { kind: 'channel.add', channel: id, account: bob.account },
    ] as const)
      expect(log.run(command.kind === 'channel.add' ? ann : bob, command)).toEqual({ seq: 0, n: 0 });
    log.run(bob, { kind: 'channel.leave', channel: id });
    expect(log.run(bob, { kind: 'channel.leave', channel: id })).toEqual({ seq: 0, n: 0 });
    expect(log.run(ann, { kind: 'channel.remove', channel: id, account: bob.account })).toEqual({ seq: 0, n: 0 });
  });

  it('a channel one left takes its inbox items along', () => {
    const id = create(ann, 'public');
    log.run(bob, { kind: 'channel.join', channel: id });
    log.run(ann, { kind: 'message.send', channel: id, text: `<@${bob.account}>`, replyTo: null });
    expect(log.snapshot(bob).inbox).toHaveLength(1);
    log.run(bob, { kind: 'channel.leave', channel: id });
    expect(log.snapshot(bob).inbox).toEqual([]);
    log.run(bob, { kind: 'channel.join', channel: id });
    expect(log.snapshot(bob).inbox).toEqual([]);
  });

  it('nobody who is switched off or unknown is added', () => {
    const owner = log.person('owner');
    const id = create(ann, 'public');
    log.run(owner, { kind: 'account.disable', account: bob.account, disabled: true });
    expect(log.codeOf(ann, { kind: 'channel.add', channel: id, account: bob.account })).toBe('not_found');
    expect(log.codeOf(ann, { kind: 'channel.add', channel: id, account: log.newId() })).toBe('not_found');
  });

  it('what is public and not joined is not written to', () => {
    const id = create(ann, 'public');
    expect(log.codeOf(bob, { kind: 'message.send', channel: id, text: 'x', replyTo: null })).toBe('forbidden');
    expect(log.codeOf(bob, { kind: 'marker.set', channel: id, n: 1 })).toBe('forbidden');
  });
});
