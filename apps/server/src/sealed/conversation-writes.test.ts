import { LIMITS, type AccountId, type ChannelId, type CommandId, type GroupBlock } from '@skerry/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readMembers } from '../channels/reads.ts';
import { MOST_CONVERSATIONS } from '../log/channel-limits.ts';
import { direct, directSend, GroupChain, groupSend, KeyedPerson } from '../testing/keyed-person.ts';
import { eventsOf, LogFixture, readJson } from '../testing/log-fixture.ts';
import { readFrames } from '../testing/read-frames.ts';
import { readChain, readSealed } from './reads.ts';

let log: LogFixture;
let ann: KeyedPerson;
let ben: KeyedPerson;
let cleo: KeyedPerson;
beforeEach(async () => {
  log = await LogFixture.open();
  ann = new KeyedPerson(log, { devices: 2 });
  ben = new KeyedPerson(log);
  cleo = new KeyedPerson(log);
});
afterEach(() => {
  expect(log.bugs).toEqual([]);
  log[Symbol.dispose]();
});

const stateOf = ({ person }: KeyedPerson, channel: string) =>
  log.snapshot(person).channels.find((state) => state.channel.id === channel);
const membersOf = (channel: ChannelId): AccountId[] =>
  log.db.values<AccountId>('SELECT account_id FROM intervals WHERE channel_id = ? AND to_seq IS NULL', channel).sort();
const accounts = (...people: KeyedPerson[]): AccountId[] => people.map(({ account }) => account).sort();
const dump = (): string =>
  ['channels', 'intervals', 'group_blocks', 'events', 'commands', 'markers', 'streams']
    .map((table) => JSON.stringify(log.db.all(`SELECT * FROM ${table} ORDER BY 1, 2, 3`)))
    .join('\n');
const chainOf = ({ account }: KeyedPerson, channel: ChannelId, after = 0) =>
  readJson(readChain(log.db, { account, channel, after })) as { blocks: GroupBlock[]; more: boolean };

describe('a direct conversation', () => {
  it('is made for both, named by its pair, and told to both in their own streams', () => {
    const start = log.position;
    const id = log.newId();
    log.run(ann.person, direct(ben.account), id);
    const channel = id as string as ChannelId;
    expect(stateOf(ben, id)).toMatchObject({
      member: true,
      unread: 0,
      channel: {
        id,
        name: 'Direct',
        topic: '',
        visibility: 'private',
        history: 'joined',
        archived: false,
        sealed: 'direct',
        pair: accounts(ann, ben),
        createdBy: ann.account,
      },
    });
    expect(stateOf(ann, id)?.channel).toEqual(stateOf(ben, id)?.channel);
    expect(stateOf(cleo, id)).toBeUndefined();
    for (const { person } of [ann, ben])
      expect(
        log
          .replayed(person, start)
          .filter(({ stream }) => stream === 'account')
          .map((event) => event.kind === 'joined' && event.state.channel),
      ).toEqual([stateOf(ann, id)?.channel]);
    expect(log.replayed(cleo.person, start)).toEqual([]);
    expect(membersOf(channel)).toEqual(accounts(ann, ben));
  });

  it('exists once for two people, whoever asks first, also within one batch', () => {
    const outcomes = log.batch([
      [ann.person, direct(ben.account)],
      [ben.person, direct(ann.account)],
    ]);
    expect(outcomes.map((outcome) => (typeof outcome === 'string' ? outcome : 'ok'))).toEqual(['ok', 'direct_exists']);
    expect(log.codeOf(ann.person, direct(ben.account))).toBe('direct_exists');
    expect(log.codeOf(ann.person, direct(cleo.account))).toBe('ok');
  });

  it('P-21 made again with the same id gives the same answer', () => {
    const id = log.newId();
    const first = log.run(ann.person, direct(ben.account), id);
    const before = dump();
    expect(log.run(ann.person, direct(ben.account), id)).toEqual(first);
    expect(dump()).toBe(before);
  });

  it('needs another person who is there, and keys of both', () => {
    const keyless = new KeyedPerson(log, { devices: 0 });
    const emptied = new KeyedPerson(log);
    emptied.setList([]);
    const gone = new KeyedPerson(log);
    const owner = log.person('owner');
    log.run(owner, { kind: 'account.disable', account: gone.account, disabled: true });
    const before = dump();
    expect(log.codeOf(ann.person, direct(ann.account))).toBe('bad_request');
    expect(log.codeOf(ann.person, direct(log.newId<AccountId>()))).toBe('not_found');
    expect(log.codeOf(ann.person, direct(gone.account))).toBe('not_found');
    expect(log.codeOf(ann.person, direct(keyless.account))).toBe('peer_without_keys');
    expect(log.codeOf(ann.person, direct(emptied.account))).toBe('peer_without_keys');
    expect(log.codeOf(keyless.person, direct(ann.account))).toBe('no_device');
    expect(log.codeOf(ann.addDevice(), direct(ben.account))).toBe('no_device');
    expect(log.codeOf(ann.person, direct(ben.account), log.general as string as CommandId)).toBe('id_conflict');
    expect(dump().split('\n').slice(0, 4)).toEqual(before.split('\n').slice(0, 4));
  });

  it('an account is in as many conversations as a snapshot holds, and no more', () => {
    log.do((tx) => {
      for (let i = 0; i < MOST_CONVERSATIONS; i++) {
        const channel = `filled-${i}`;
        tx.db.run(
          "INSERT INTO channels (id, name, topic, visibility, history, created_at, rev, sealed) VALUES (?, 'Group', '', 'private', 'joined', 0, 1, 'group')",
          channel,
        );
        tx.db.run(
          'INSERT INTO intervals (account_id, channel_id, from_seq, from_n, to_seq) VALUES (?, ?, 1, 1, NULL)',
          ben.account,
          channel,
        );
      }
    });
    expect(log.codeOf(ann.person, direct(ben.account))).toBe('limit_reached');
    expect(log.codeOf(ann.person, direct(cleo.account))).toBe('ok');
    const id = log.newId();
    const block = new GroupChain(id as string as ChannelId, log.serverId).block(ann.device(), {
      add: [ann.member(), ben.member()],
    });
    expect(log.codeOf(ann.person, { kind: 'group.create', block }, id)).toBe('limit_reached');
    expect(
      log.codeOf(ann.person, {
        kind: 'channel.create',
        name: 'open',
        topic: '',
        visibility: 'public',
        history: 'all',
      }),
    ).toBe('ok');
  });

  it('and a group are managed by nobody on the server, and take nothing that is not encrypted', () => {
    const id = log.newId();
    log.run(ann.person, direct(ben.account), id);
    const { channel: group } = openGroup(ann, [ann, ben]);
    log.do((tx) => tx.db.run("UPDATE accounts SET role = 'owner' WHERE id = ?", ann.account));
    for (const channel of [id as string as ChannelId, group]) {
      const before = dump();
      for (const command of [
        { kind: 'channel.update', channel, name: 'seized', topic: '' },
        { kind: 'channel.archive', channel, archived: true },
        { kind: 'channel.join', channel },
        { kind: 'channel.leave', channel },
        { kind: 'channel.add', channel, account: cleo.account },
        { kind: 'channel.remove', channel, account: ben.account },
        { kind: 'channel.remove', channel, account: ann.account },
        { kind: 'message.send', channel, text: 'in the clear', replyTo: null },
      ] as const)
        expect([command.kind, log.codeOf(ann.person, command)]).toEqual([command.kind, 'forbidden']);
      for (const kind of ['channel.join', 'channel.leave'] as const)
        expect(log.codeOf(cleo.person, { kind, channel })).toBe('not_found');
      expect(() => readMembers(log.db, { account: cleo.account, channel })).toThrow(/not exist/);
      expect(dump()).toBe(before);
    }
  });
});

function openGroup(by: KeyedPerson, members: readonly KeyedPerson[]): { channel: ChannelId; chain: GroupChain } {
  const id = log.newId();
  const channel = id as string as ChannelId;
  const chain = new GroupChain(channel, log.serverId);
  const block = chain.block(by.device(), { add: members.map((member) => member.member()) });
  log.run(by.person, { kind: 'group.create', block }, id);
  chain.accepted(block);
  return { channel, chain };
}

type Changes = Parameters<GroupChain['block']>[1];

describe('a group', () => {
  const change = (chain: GroupChain, by: KeyedPerson, changes: Changes) => {
    const block = chain.block(by.device(), changes);
    const outcome = log.codeOf(by.person, { kind: 'group.change', block });
    if (outcome === 'ok') chain.accepted(block);
    return outcome;
  };

  it('E-9 begins with a signed block that adds its author, and is told to everyone in it', () => {
    const start = log.position;
    const { channel } = openGroup(ann, [ben, ann]);
    expect(stateOf(ben, channel)?.channel).toMatchObject({
      name: 'Group',
      visibility: 'private',
      history: 'joined',
      sealed: 'group',
      createdBy: ann.account,
    });
    expect(stateOf(ben, channel)?.channel.pair).toBeUndefined();
    expect(membersOf(channel)).toEqual(accounts(ann, ben));
    for (const { person } of [ann, ben])
      expect(log.replayed(person, start).filter(({ kind }) => kind === 'joined')).toHaveLength(1);
    expect(log.replayed(cleo.person, start)).toEqual([]);
    expect(chainOf(ben, channel)).toMatchObject({ blocks: [{ version: 1, author: ann.account }], more: false });
    expect(() => chainOf(cleo, channel)).toThrow(/not exist/);
  });

  it('E-9 a block that does not follow is chain_conflict; of two for one version the first counts', () => {
    const { channel, chain } = openGroup(ann, [ann, ben]);
    const first = chain.block(ann.device(), { add: [cleo.member()] });
    const second = chain.block(ben.device(), { remove: [ben.account] });
    const outcomes = log.batch([
      [ann.person, { kind: 'group.change', block: first }],
      [ben.person, { kind: 'group.change', block: second }],
    ]);
    expect(outcomes.map((outcome) => (typeof outcome === 'string' ? outcome : 'ok'))).toEqual(['ok', 'chain_conflict']);
    expect(membersOf(channel)).toEqual(accounts(ann, ben, cleo));
    const before = dump();
    // The version that was there, one too far, the right one after something else.
    expect(change(chain, ann, { remove: [ben.account] })).toBe('chain_conflict');
    chain.accepted(first);
    expect(change(chain, ann, { remove: [ben.account], version: 4 })).toBe('chain_conflict');
    expect(change(chain, ann, { remove: [ben.account], previous: 'A'.repeat(43) })).toBe('chain_conflict');
    expect(change(chain, ann, { remove: [ben.account], previous: null })).toBe('chain_conflict');
    expect(dump()).toBe(before);
    expect(change(chain, ann, { remove: [ben.account] })).toBe('ok');
  });

  it('E-9 a block is signed by the listed device that sends it', () => {
    const { channel, chain } = openGroup(ann, [ann, ben]);
    const add = [cleo.member()];
    const before = dump();
    const send = (block: GroupBlock, from = ann.person) => log.codeOf(from, { kind: 'group.change', block });
    const good = chain.block(ann.device(), { add });
    expect(send({ ...good, signature: `A${good.signature.slice(1)}` })).toBe('bad_request');
    expect(send({ ...good, at: good.at + 1 })).toBe('bad_request');
    expect(send({ ...good, add: [{ ...cleo.member(), accountKey: ben.accountKey.publicKey }] })).toBe('bad_request');
    expect(send(good, ben.person)).toBe('bad_request');
    expect(send(chain.block(ann.device(1), { add }))).toBe('bad_request');
    expect(send(chain.block(ann.device(1), { add, device: 1 }))).toBe('bad_request');
    expect(send(chain.block(ben.device(), { add, author: ann.account }))).toBe('bad_request');
    const other = new GroupChain(channel, '0192f0c1-7a3e-7c55-8f20-3b1d5e9a6c01');
    other.version = chain.version;
    other.previous = chain.previous;
    expect(send(other.block(ann.device(), { add }))).toBe('bad_request');
    expect(send(chain.block(cleo.device(), { add }), cleo.person)).toBe('not_found');
    expect(dump()).toBe(before);
    const unlisted = ann.addDevice();
    expect(send(chain.block(unlisted, { add }), unlisted)).toBe('no_device');
    expect(send(good)).toBe('ok');
  });

  it('E-9 a first block is for the id of its command, has no one before it, and adds its author', () => {
    const id = log.newId();
    const chain = new GroupChain(id as string as ChannelId, log.serverId);
    const create = (changes: Changes, commandId = id) =>
      log.codeOf(
        ann.person,
        { kind: 'group.create', block: chain.block(ann.device(), { add: [ann.member()], ...changes }) },
        commandId,
      );
    const before = dump();
    expect(create({}, log.newId())).toBe('bad_request');
    expect(create({ version: 2 })).toBe('chain_conflict');
    expect(create({ previous: 'A'.repeat(43) })).toBe('chain_conflict');
    expect(create({ add: [ben.member()] })).toBe('bad_request');
    expect(create({ add: [] })).toBe('bad_request');
    expect(create({ remove: [ben.account] })).toBe('bad_request');
    expect(create({ add: [ann.member(), ann.member()] })).toBe('bad_request');
    expect(dump()).toBe(before);
    expect(create({})).toBe('ok');
  });

  it('E-9 anyone may add those who have keys, once each, under the key they have now', () => {
    const { chain } = openGroup(ann, [ann, ben]);
    const keyless = new KeyedPerson(log, { devices: 0 });
    const gone = new KeyedPerson(log);
    log.run(log.person('owner'), { kind: 'account.disable', account: gone.account, disabled: true });
    const before = dump();
    const add = (...members: GroupBlock['add']) => change(chain, ben, { add: members });
    expect(add({ ...cleo.member(), accountKey: ben.accountKey.publicKey })).toBe('devices_changed');
    expect(add(keyless.member())).toBe('peer_without_keys');
    expect(add(gone.member())).toBe('not_found');
    expect(add({ ...cleo.member(), account: log.newId<AccountId>() })).toBe('not_found');
    expect(add(ann.member())).toBe('bad_request');
    expect(add(cleo.member(), cleo.member())).toBe('bad_request');
    expect(add()).toBe('bad_request');
    expect(dump()).toBe(before);
    expect(add(cleo.member())).toBe('ok');
  });

  it('E-9 the founder removes anyone, everyone themselves; after the founder it is who has been in longest', () => {
    const { channel, chain } = openGroup(ben, [cleo, ann, ben]);
    expect(change(chain, ann, { remove: [cleo.account] })).toBe('forbidden');
    expect(change(chain, cleo, { remove: [ben.account] })).toBe('forbidden');
    expect(change(chain, cleo, { remove: [cleo.account, ann.account] })).toBe('forbidden');
    expect(change(chain, ben, { remove: [new KeyedPerson(log).account] })).toBe('bad_request');
    expect(change(chain, ben, { remove: [ann.account, ann.account] })).toBe('bad_request');
    // The founder goes and comes back, which makes them the newest.
    expect(change(chain, ben, { remove: [ben.account] })).toBe('ok');
    expect(change(chain, ann, { add: [ben.member()] })).toBe('ok');
    expect(change(chain, ben, { remove: [ann.account] })).toBe('forbidden');
    expect(change(chain, ann, { remove: [ben.account] })).toBe('forbidden');
    expect(change(chain, cleo, { remove: [ben.account] })).toBe('ok');
    expect(change(chain, ann, { remove: [ann.account] })).toBe('ok');
    expect(membersOf(channel)).toEqual(accounts(cleo));
    expect(change(chain, cleo, { remove: [cleo.account] })).toBe('ok');
    expect(membersOf(channel)).toEqual([]);
    expect(change(chain, cleo, { add: [cleo.member()] })).toBe('not_found');
  });

  it(`holds ${LIMITS.groupMembers} people`, () => {
    const people = Array.from({ length: LIMITS.groupMembers - 2 }, () => new KeyedPerson(log));
    const { chain } = openGroup(ann, [ann, ben, ...people]);
    expect(change(chain, ben, { add: [cleo.member()] })).toBe('limit_reached');
    expect(change(chain, ann, { add: [cleo.member()], remove: [people[0]?.account ?? ann.account] })).toBe('ok');
  });

  it('L-4 L-7 a change tells its members the version first, then who came and went; who came reads the whole chain', () => {
    const { channel, chain } = openGroup(ann, [ann, ben]);
    const start = log.position;
    log.outputs.length = 0;
    expect(change(chain, ann, { add: [cleo.member()], remove: [ben.account] })).toBe('ok');
    const kinds = ({ person }: KeyedPerson) => log.replayed(person, start).map(({ kind }) => kind);
    expect(kinds(ann)).toEqual(['chain', 'member', 'member']);
    expect(kinds(ben)).toEqual(['chain', 'left']);
    expect(kinds(cleo)).toEqual(['joined', 'member']);
    const [version] = log.replayed(ann.person, start);
    expect(version).toMatchObject({ kind: 'chain', channel, version: 2 });
    // The sockets of who was removed are told before they stop following, those of who was added after they began to.
    expect(
      log.outputs[0]?.items.map((item) =>
        item.type === 'frame'
          ? eventsOf(readFrames(item.bytes)).map(({ kind }) => kind)
          : item.type === 'member' && [item.account === ben.account, item.joined],
      ),
    ).toEqual([['chain'], [true, false], ['member'], [false, true], ['left'], ['joined'], ['member']]);
    expect(chainOf(cleo, channel).blocks.map(({ version: n }) => n)).toEqual([1, 2]);
    expect(chainOf(cleo, channel, 1).blocks.map(({ version: n }) => n)).toEqual([2]);
    expect(() => chainOf(ben, channel)).toThrow(/not exist/);
    expect(stateOf(ben, channel)).toBeUndefined();
  });

  it('L-4 shows of what was said only what fell into the time one was in', () => {
    const { channel, chain } = openGroup(ann, [ann, ben]);
    const start = log.position;
    const say = (people: KeyedPerson[]) => {
      const id = log.newId();
      log.run(ann.person, groupSend(channel, people, { chain: chain.version }), id);
      return id;
    };
    const early = say([ann, ben]);
    expect(change(chain, ann, { add: [cleo.member()] })).toBe('ok');
    const both = say([ann, ben, cleo]);
    expect(change(chain, ann, { remove: [cleo.account] })).toBe('ok');
    const away = say([ann, ben]);
    expect(change(chain, ann, { add: [cleo.member()] })).toBe('ok');
    const again = say([ann, ben, cleo]);
    const page = ({ account }: KeyedPerson) =>
      (
        readJson(readSealed(log.db, { account, channel, after: 0, limit: 100 })) as { messages: { id: string }[] }
      ).messages.map(({ id }) => id);
    const replayed = ({ person }: KeyedPerson) =>
      log.replayed(person, start).flatMap((event) => (event.kind === 'sealed' ? [event.message.id] : []));
    expect(page(ben)).toEqual([early, both, away, again]);
    expect(page(cleo)).toEqual([again]);
    expect(replayed(cleo)).toEqual([both, again]);
    expect(stateOf(cleo, channel)).toMatchObject({ unread: 1 });
    // What lies before cannot be changed, even by who knows its name.
    const asCleo = (target: string) =>
      log.codeOf(
        cleo.person,
        groupSend(channel, [ann, ben, cleo], { chain: chain.version, op: 'change', target: target as never }),
      );
    expect(asCleo(early)).toBe('not_found');
    expect(asCleo(again)).toBe('ok');
  });

  it('E-5 a send that crosses a change of members is devices_changed', () => {
    const { channel, chain } = openGroup(ann, [ann, ben]);
    const stale = groupSend(channel, [ann, ben]);
    const block = chain.block(ann.device(), { add: [cleo.member()] });
    const outcomes = log.batch([
      [ann.person, stale],
      [ann.person, { kind: 'group.change', block }],
      [ben.person, stale],
      [ben.person, groupSend(channel, [ann, ben, cleo], { chain: 2 })],
    ]);
    expect(outcomes.map((outcome) => (typeof outcome === 'string' ? outcome : 'ok'))).toEqual([
      'ok',
      'ok',
      'devices_changed',
      'ok',
    ]);
  });

  it('keeps who is disabled in its chain, and in the roster', () => {
    const { channel, chain } = openGroup(ann, [ann, ben]);
    log.run(log.person('owner'), { kind: 'account.disable', account: ben.account, disabled: true });
    expect(membersOf(channel)).toEqual(accounts(ann, ben));
    expect(log.codeOf(ann.person, groupSend(channel, [ann, ben]))).toBe('ok');
    expect(log.codeOf(ben.person, groupSend(channel, [ann, ben]))).toBe('session_revoked');
    expect(change(chain, ann, { remove: [ben.account] })).toBe('ok');
  });

  it('is no direct conversation and the other way round', () => {
    const id = log.newId();
    log.run(ann.person, direct(ben.account), id);
    const channel = id as string as ChannelId;
    const block = new GroupChain(channel, log.serverId).block(ann.device(), { add: [cleo.member()] });
    expect(log.codeOf(ann.person, { kind: 'group.change', block })).toBe('bad_request');
    expect(() => chainOf(ann, channel)).toThrow(/not exist/);
    expect(() => readSealed(log.db, { account: ann.account, channel: log.general, after: 0, limit: 1 })).toThrow(
      /not exist/,
    );
    const { channel: group } = openGroup(ann, [ann, ben]);
    expect(log.codeOf(ann.person, directSend(group, [ann, ben]))).toBe('devices_changed');
  });
});
