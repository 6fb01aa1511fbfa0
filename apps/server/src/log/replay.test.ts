import {
  mentionOf,
  type ChannelId,
  type Command,
  type CommandId,
  type Event,
  type MessageId,
  type Position,
  type Snapshot,
} from '@skerry/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { direct, directSend, GroupChain, groupSend, KeyedPerson } from '../testing/keyed-person.ts';
import { LogFixture, type Person } from '../testing/log-fixture.ts';
import { pruneEvents } from './prune.ts';

let log: LogFixture;
beforeEach(async () => {
  log = await LogFixture.open();
});
afterEach(() => {
  expect(log.bugs).toEqual([]);
  log[Symbol.dispose]();
});

const message = (text: string, channel = log.general) =>
  ({ kind: 'message.send', channel, text, replyTo: null }) as const;
const textsOf = (events: readonly Event[]) =>
  events.flatMap((event) => (event.kind === 'message' ? [event.message.text] : []));

describe('what a replay shows of a channel', () => {
  it('is what fell inside an interval of membership: join, leave and join again', () => {
    const ann = log.person();
    const bob = log.person();
    log.run(bob, { kind: 'channel.leave', channel: log.general });
    const start = log.position;
    const join = () => log.run(bob, { kind: 'channel.join', channel: log.general });
    const leave = () => log.run(bob, { kind: 'channel.leave', channel: log.general });
    log.run(ann, message('before'));
    join();
    log.run(ann, message('inside'));
    leave();
    log.run(ann, message('away'));
    join();
    log.run(ann, message('again'));
    const events = log.replayed(bob, start);
    expect(textsOf(events)).toEqual(['inside', 'again']);
    expect(
      events
        .filter(({ stream }) => stream === log.general)
        .map((event) => (event.kind === 'member' ? [event.account === bob.account, event.joined] : event.kind)),
    ).toEqual([[true, true], 'message', [true, true], 'message']);
    expect(events.filter(({ stream }) => stream === 'account').map(({ kind }) => kind)).toEqual([
      'joined',
      'left',
      'joined',
    ]);
    leave();
    expect(textsOf(log.replayed(bob, start))).toEqual(['inside', 'again']);
    expect(
      log
        .replayed(bob, start)
        .filter(({ stream }) => stream === 'account')
        .map(({ kind }) => kind),
    ).toEqual(['left', 'left', 'left', 'left']);
  });

  it('keeps a private channel from whoever is not in it, and its settings from whoever has left', () => {
    const ann = log.person();
    const bob = log.person();
    const start = log.position;
    const id = log.newId();
    log.run(ann, { kind: 'channel.create', name: 'secret name', topic: '', visibility: 'private', history: 'all' }, id);
    const channel = id as string as ChannelId;
    expect(log.replayed(bob, start)).toEqual([]);
    log.run(ann, { kind: 'channel.add', channel, account: bob.account });
    log.run(ann, message(`for ${mentionOf(bob.account)}`, channel));
    log.run(ann, { kind: 'channel.remove', channel, account: bob.account });
    log.run(ann, { kind: 'channel.update', channel, name: 'newer secret', topic: '' });
    const told = JSON.stringify(log.replayed(bob, start).filter(({ stream }) => stream === 'account'));
    expect(told).not.toContain('secret');
    expect(log.replayed(bob, start).map(({ kind }) => kind)).toEqual(['left', 'member', 'message', 'left', 'left']);
    expect(log.connect(bob, null).channels).toEqual([log.general]);
  });

  it('reads bodies as they are now: what was deleted meanwhile comes without its text', () => {
    const ann = log.person();
    const start = log.position;
    const id = log.newId();
    log.run(ann, message('regretted'), id);
    log.run(ann, { kind: 'message.delete', message: id as string as MessageId });
    const events = log.replayed(ann, start);
    expect(textsOf(events)).toEqual(['', '']);
    expect(JSON.stringify(events)).not.toContain('regretted');
  });
});

describe('whether a client can resume', () => {
  it('needs the tag the log has there', () => {
    const ann = log.person();
    const here = log.position;
    expect(log.connect(ann, here).start).toBe('resumed');
    expect(log.connect(ann, null).start).toBe('new');
    expect(log.connect(ann, { ...here, tag: '0'.repeat(16) }).start).toBe('diverged');
    expect(log.connect(ann, { seq: here.seq + 1, tag: here.tag }).start).toBe('diverged');
    expect(log.connect(ann, { seq: 1, tag: here.tag }).start).toBe('diverged');
    log.run(ann, message('x'));
    expect(log.connect(ann, here).start).toBe('resumed');
    expect(log.connect(ann, { ...here, tag: '' }).start).toBe('diverged');
  });

  it('not when more than 1,000 events concern it, however many others there are', () => {
    const ann = log.person();
    const bob = log.person();
    log.run(bob, { kind: 'channel.leave', channel: log.general });
    const start = log.position;
    log.batch(Array.from({ length: 1_000 }, (_, i) => [ann, message(`${i}`)] as const));
    expect(log.connect(ann, start).start).toBe('resumed');
    log.run(ann, message('one more'));
    expect(log.connect(ann, start).start).toBe('too_far');
    expect(log.connect(bob, start).start).toBe('resumed');
  });

  it('not when they are too many bytes', () => {
    const ann = log.person();
    const start = log.position;
    for (let i = 0; i < 80; i++) log.run(ann, message('x'.repeat(8_000)));
    expect(log.connect(ann, start).start).toBe('too_far');
  });

  it('not when they are no longer kept', () => {
    const ann = log.person();
    const old = log.position;
    log.now += 10_000;
    log.run(ann, message('young'));
    const young = log.position;
    log.run(ann, message('younger'));
    expect(log.do((tx) => pruneEvents(tx, { before: log.now, most: 100 }))).toBe(old.seq);
    expect(log.connect(ann, old).start).toBe('too_far');
    expect(log.connect(ann, { seq: 0, tag: '' }).start).toBe('too_far');
    expect(textsOf(log.replayed(ann, young))).toEqual(['younger']);
    log.do((tx) => pruneEvents(tx, { before: log.now + 1, most: 100 }));
    expect(log.db.value('SELECT count(*) FROM events')).toBe(1);
    expect(log.connect(ann, log.position).start).toBe('resumed');
    expect(log.run(ann, message('goes on')).seq).toBe(young.seq + 2);
  });
});

/** The state part a client keeps, as far as events carry it. */
function fold(snapshot: Snapshot, events: readonly (Event & { stream: string })[]) {
  const accounts = new Map(snapshot.accounts.map((account) => [account.id, account]));
  const channels = new Map(
    snapshot.channels.map((state) => [
      state.channel.id,
      { channel: state.channel, member: state.member, readN: state.readN, head: state.head },
    ]),
  );
  const inbox = new Map(snapshot.inbox.map((item) => [item.message.id, item]));
  const heads = { server: snapshot.streams.server, account: snapshot.streams.account };
  let server = snapshot.server;
  for (const event of events) {
    if (event.stream === 'server' || event.stream === 'account') {
      expect(event.n).toBe(heads[event.stream] + 1);
      heads[event.stream] = event.n;
    } else {
      const state = channels.get(event.stream as ChannelId);
      if (state !== undefined && event.n > state.head)
        channels.set(event.stream as ChannelId, { ...state, head: event.n });
    }
    switch (event.kind) {
      case 'machines':
        break;
      case 'account':
        accounts.set(event.account.id, event.account);
        break;
      case 'server':
        server = event.server;
        break;
      case 'channel': {
        const known = channels.get(event.channel.id);
        channels.set(
          event.channel.id,
          known === undefined
            ? { channel: event.channel, member: false, readN: 0, head: 0 }
            : { ...known, channel: event.channel },
        );
        break;
      }
      case 'joined':
        channels.set(event.state.channel.id, {
          channel: event.state.channel,
          member: true,
          readN: event.state.readN,
          head: event.state.head,
        });
        break;
      case 'left': {
        const known = channels.get(event.channel);
        if (known?.channel.visibility === 'public')
          channels.set(event.channel, { ...known, member: false, readN: 0, head: 0 });
        else channels.delete(event.channel);
        for (const item of [...inbox.values()])
          if (item.message.channel === event.channel) inbox.delete(item.message.id);
        break;
      }
      case 'marker': {
        const known = channels.get(event.channel);
        if (known !== undefined) channels.set(event.channel, { ...known, readN: event.readN });
        break;
      }
      case 'inbox':
        inbox.set(event.item.message.id, event.item);
        break;
      case 'message': {
        const item = inbox.get(event.message.id);
        if (item !== undefined) inbox.set(event.message.id, { ...item, message: event.message });
        break;
      }
      case 'member':
      case 'sealed':
      case 'chain':
      case 'hidden':
        break;
    }
  }
  const sorted = <T>(values: Iterable<T>) => [...values].map((value) => JSON.stringify(value)).sort();
  return {
    server,
    heads,
    accounts: sorted(accounts.values()),
    channels: sorted(channels.values()),
    inbox: sorted(inbox.values()),
  };
}

describe('a channel that hides what came before', () => {
  it('L-14 tells a later member of a change to an older message by its numbers alone, until it mentions them', () => {
    const ann = log.person();
    const bob = log.person();
    const channel = log.newId<ChannelId>();
    log.run(
      ann,
      { kind: 'channel.create', name: 'closed', topic: '', visibility: 'public', history: 'joined' },
      channel as string as CommandId,
    );
    const old = log.newId();
    log.run(ann, message('the old secret', channel), old);
    log.run(bob, { kind: 'channel.join', channel });
    const start = log.position;
    const target = old as string as MessageId;
    log.run(ann, { kind: 'reaction.set', message: target, emoji: '👍', on: true });
    log.run(ann, message('new', channel));
    const kinds = () =>
      log
        .replayed(bob, start)
        .filter(({ stream }) => stream === channel)
        .map(({ kind }) => kind);
    expect(kinds()).toEqual(['hidden', 'message']);
    expect(JSON.stringify(log.replayed(bob, start))).not.toContain('secret');
    expect(textsOf(log.replayed(ann, start))).toEqual(['the old secret', 'new']);
    log.run(ann, { kind: 'message.edit', message: target, text: `for you ${mentionOf(bob.account)}` });
    expect(kinds()).toEqual(['message', 'message', 'message']);
  });
});

describe('a snapshot and the replay after it', () => {
  it.each([1, 2, 3])('give the state of a fresh snapshot, wherever the cut is (seed %i)', (seed) => {
    const random = seeded(seed);
    const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
    const people: Person[] = [log.person('owner'), log.person('moderator'), log.person(), log.person()];
    const keyed = people.map((person) => new KeyedPerson(log, { person }));
    const channels: ChannelId[] = [log.general];
    const messages: MessageId[] = [];
    const conversations: Said[] = [];
    const cuts: { person: Person; snapshot: Snapshot; position: Position }[] = [];
    for (let step = 0; step < 120; step++) {
      log.now += 1;
      if (step % 4 === 0)
        for (const person of people) cuts.push({ person, snapshot: log.snapshot(person), position: log.position });
      const batch = Array.from({ length: 1 + Math.floor(random() * 3) }, () => {
        const id = log.newId();
        if (random() < 0.4) return [...encrypted(random, { pick, keyed, conversations, id }), id] as const;
        return [pick(people), command(random, { pick, people, channels, messages }), id] as const;
      });
      log.batch(batch).forEach((result, i) => {
        const made = batch[i];
        if (typeof result === 'string' || made === undefined) return;
        if (made[1].kind === 'message.send') messages.push(made[2] as string as MessageId);
        if (made[1].kind === 'channel.create') channels.push(made[2] as string as ChannelId);
        heardOf(conversations, { command: made[1], id: made[2], keyed });
      });
    }
    // Or it would show nothing of encrypted conversations.
    expect(log.db.value<number>('SELECT count(*) FROM sealed')).toBeGreaterThan(5);
    expect(log.db.value<number>('SELECT max(version) FROM group_blocks')).toBeGreaterThan(2);
    const fresh = new Map(people.map((person) => [person, fold(log.snapshot(person), [])]));
    for (const { person, snapshot, position } of cuts) {
      expect(snapshot.asOf).toEqual(position);
      const { start } = log.connect(person, position);
      expect(start).toBe('resumed');
      expect(fold(snapshot, log.replayed(person, position))).toEqual(fresh.get(person));
    }
  });
});

/** An encrypted conversation as its members know it. */
type Said = { chain: GroupChain; kind: 'direct' | 'group'; members: KeyedPerson[]; posts: MessageId[] };
type SealedWorld = {
  pick: <T>(from: readonly T[]) => T;
  keyed: KeyedPerson[];
  conversations: Said[];
  id: CommandId;
};

/** Mostly right; what is not is refused, and must leave nothing behind either. */
function encrypted(random: () => number, { pick, keyed, conversations, id }: SealedWorld): [Person, Command] {
  const other = pick(keyed);
  const said = conversations.length === 0 ? undefined : pick(conversations);
  if (said === undefined || (conversations.length < 4 && random() < 0.3)) {
    const by = pick(keyed);
    const chain = new GroupChain(id as string as ChannelId, log.serverId);
    const add = [...new Set([by, other])].map((member) => member.member());
    const block = chain.block(by.device(), { add });
    return [by.person, random() < 0.4 ? direct(other.account) : { kind: 'group.create', block }];
  }
  const { chain, kind, members, posts } = said;
  const by = pick([...members, other]);
  const channel = chain.channel;
  if (random() < 0.15) return [by.person, { kind: 'marker.set', channel, n: Math.floor(random() * 30) }];
  if (kind === 'group' && random() < 0.4) {
    const changes = members.includes(other) ? { remove: [other.account] } : { add: [other.member()] };
    return [by.person, { kind: 'group.change', block: chain.block(by.device(), changes) }];
  }
  const target = posts.length > 0 && random() < 0.4 ? pick(posts) : null;
  const op = target === null ? 'post' : pick(['change', 'delete'] as const);
  return [
    by.person,
    kind === 'group'
      ? groupSend(channel, members, { chain: chain.version, op, target })
      : directSend(channel, members as [KeyedPerson, KeyedPerson], { from: by.device(), op, target }),
  ];
}

function heardOf(
  conversations: Said[],
  { command: done, id, keyed }: { command: Command; id: CommandId; keyed: readonly KeyedPerson[] },
): void {
  const who = (account: string) => keyed.filter((person) => person.account === account);
  const of = (channel: string) => conversations.find(({ chain }) => chain.channel === channel);
  switch (done.kind) {
    case 'direct.create': {
      const channel = id as string as ChannelId;
      const pair = log.db.values<string>('SELECT account_id FROM intervals WHERE channel_id = ?', channel);
      const chain = new GroupChain(channel, log.serverId);
      conversations.push({ chain, kind: 'direct', members: pair.flatMap(who), posts: [] });
      break;
    }
    case 'group.create': {
      const chain = new GroupChain(done.block.channel, log.serverId);
      chain.accepted(done.block);
      const members = done.block.add.flatMap(({ account }) => who(account));
      conversations.push({ chain, kind: 'group', members, posts: [] });
      break;
    }
    case 'group.change': {
      const said = of(done.block.channel);
      said?.chain.accepted(done.block);
      for (const account of done.block.remove)
        said?.members.splice(
          said.members.findIndex((member) => member.account === account),
          1,
        );
      said?.members.push(...done.block.add.flatMap(({ account }) => who(account)));
      break;
    }
    case 'sealed.send':
      if (done.op === 'post') of(done.channel)?.posts.push(id as string as MessageId);
      break;
    default:
      break;
  }
}

type World = { pick: <T>(from: readonly T[]) => T; people: Person[]; channels: ChannelId[]; messages: MessageId[] };

function command(random: () => number, { pick, people, channels, messages }: World): Command {
  const channel = pick(channels);
  const account = pick(people).account;
  const known = messages.length === 0 ? undefined : pick(messages);
  const text = random() < 0.4 ? `hi ${mentionOf(account)}` : `text ${random()}`;
  const always: Command[] = [
    { kind: 'message.send', channel, text, replyTo: known !== undefined && random() < 0.3 ? known : null },
    { kind: 'message.send', channel, text, replyTo: null },
    {
      kind: 'channel.create',
      name: `c${channels.length}`,
      topic: '',
      visibility: pick(['public', 'private'] as const),
      history: pick(['all', 'joined'] as const),
    },
    { kind: 'channel.update', channel, name: `n${Math.floor(random() * 5)}`, topic: 't' },
    { kind: 'channel.archive', channel, archived: random() < 0.3 },
    { kind: 'channel.join', channel },
    { kind: 'channel.leave', channel },
    { kind: 'channel.add', channel, account },
    { kind: 'channel.remove', channel, account },
    { kind: 'profile.update', displayName: `name ${Math.floor(random() * 3)}` },
    { kind: 'marker.set', channel, n: Math.floor(random() * 30) },
    { kind: 'server.update', name: `S${Math.floor(random() * 3)}`, description: '', registration: 'open' },
  ];
  if (known === undefined) return pick(always);
  return pick<Command>([
    ...always,
    { kind: 'message.edit', message: known, text },
    { kind: 'message.delete', message: known },
    { kind: 'reaction.set', message: known, emoji: pick(['👍', '🎉']), on: random() < 0.7 },
    { kind: 'inbox.set', message: known, state: pick(['open', 'later', 'done'] as const) },
  ]);
}

/** Mulberry32: small, and the same on every machine. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
