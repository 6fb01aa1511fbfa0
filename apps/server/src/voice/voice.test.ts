import type { ChannelId } from '@skerry/protocol';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { freshId, type SignedInTester, TestServer } from '../testing/test-server.ts';
import { MediaSocket } from '../testing/media-socket.ts';
import { VoiceCaller } from '../testing/voice-caller.ts';

const PORTS: readonly [number, number] = [24_100, 24_115];
const VOICE = { ports: PORTS, addresses: ['127.0.0.1'], relay: null };
let server: TestServer;
const people = {} as Record<'ann' | 'bob' | 'cid' | 'dee', SignedInTester>;
let lounge: ChannelId;
const callers: VoiceCaller[] = [];

beforeAll(async () => {
  server = await TestServer.start({ voice: VOICE });
  for (const name of ['ann', 'bob', 'cid', 'dee'] as const)
    people[name] = await server.register(name, name === 'ann' ? undefined : null);
  lounge = await makeRoom();
});
afterEach(async () => {
  for (const caller of callers.splice(0)) {
    await caller.leave().catch(() => undefined);
    await caller[Symbol.asyncDispose]();
  }
  server.closeSockets();
});
afterAll(() => server[Symbol.asyncDispose]());

async function makeRoom(voicePeople = 0, visibility: 'public' | 'private' = 'public'): Promise<ChannelId> {
  const id = freshId();
  const made = { name: 'lounge', topic: '', visibility, history: 'all', voice: { people: voicePeople } } as const;
  expect(await server.run(people.ann, { kind: 'channel.create', ...made }, id)).toMatchObject({ status: 200 });
  return id as string as ChannelId;
}

async function caller(who: SignedInTester): Promise<VoiceCaller> {
  const made = new VoiceCaller(await server.connect(who));
  callers.push(made);
  return made;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const portsInUse = async (): Promise<number> =>
  (await server.ask('voiceStatus', { token: people.ann.accessToken })).ports?.inUse ?? -1;

it('V-1 V-3: two people hear each other, and are told who is there and who speaks', async () => {
  const ann = await caller(people.ann);
  const bob = await caller(people.bob);
  const watching = await caller(people.cid);
  expect(await watching.ask({ kind: 'watch', on: true }, 'rooms')).toEqual({ kind: 'rooms', rooms: [] });
  await ann.join(lounge);
  const joined = await bob.join(lounge);
  expect(joined.people.map(({ account }) => account)).toEqual([people.ann.account.id, people.bob.account.id]);
  expect(joined.grant).toMatchObject({ kind: 'webrtc', slots: [['1', people.ann.account.id]] });
  expect(await ann.told('slots')).toMatchObject({ stay: ann.stay, slots: [['1', people.bob.account.id]] });
  ann.peer.talk('from ann');
  bob.peer.talk('from bob', 100);
  await expect.poll(() => ann.peer.count('1')).toBeGreaterThan(10);
  await expect.poll(() => bob.peer.count('1')).toBeGreaterThan(10);
  expect(String(bob.peer.heard.get('1')?.[0]?.payload)).toBe('from ann');
  for (const one of [ann, bob, watching])
    expect(await one.told('speaking')).toEqual({
      kind: 'speaking',
      channel: lounge,
      accounts: [people.ann.account.id],
    });
  await watching.told('room', (room) => room.people.length === 2 && room.people.every(({ away }) => !away));
});

it('V-4: who is muted, silenced by a moderator or heard by nobody who is deaf sends not one packet on', async () => {
  const ann = await caller(people.ann);
  const bob = await caller(people.bob);
  await ann.join(lounge);
  await bob.join(lounge);
  bob.peer.talk();
  const flows = (): Promise<void> => {
    const before = ann.peer.count();
    return expect.poll(() => ann.peer.count(), { interval: 20 }).toBeGreaterThan(before + 5);
  };
  const stands = async (): Promise<void> => {
    await pause(30);
    const before = ann.peer.count();
    await pause(200);
    expect(ann.peer.count()).toBe(before);
  };
  await flows();
  await bob.state(true);
  await stands();
  await bob.state(false);
  await flows();
  await ann.ask({ kind: 'silence', account: people.bob.account.id, on: true }, 'done');
  await stands();
  // Not cleared by the person, nor by coming again.
  await bob.state(false);
  await stands();
  await ann.told('room', (room) => room.people.some(({ silenced, muted }) => silenced && !muted));
  await expect(bob.ask({ kind: 'silence', account: people.bob.account.id, on: false }, 'done')).rejects.toThrow(
    'forbidden',
  );
  await ann.ask({ kind: 'silence', account: people.bob.account.id, on: false }, 'done');
  await flows();
  await ann.state(false, true);
  await stands();
  await ann.told('room', (room) => room.people.some(({ deaf, muted }) => deaf && muted));
  await ann.state(false);
  await flows();
  // Pauses are no losses: what was heard is one stream without a hole, in which no number comes twice.
  const heard = [...ann.peer.heard.values()].flat().map(({ seq }) => seq);
  expect(heard.slice(1).map((seq, at) => (seq - (heard[at] ?? 0)) & 0xffff)).toEqual(heard.slice(1).map(() => 1));
});

it('V-5: a second join of the same person ends the first, whose ports come back', async () => {
  const first = await caller(people.bob);
  const second = await caller(await signInAgain('bob'));
  const other = await makeRoom();
  await first.join(lounge);
  await second.join(other);
  expect(await first.told('ended')).toEqual({ kind: 'ended', stay: first.stay, channel: lounge, why: 'displaced' });
  await expect.poll(portsInUse).toBe(1);
  await expect(first.state(true)).rejects.toThrow('not_found');
  // One that may not be joined leaves them where they are.
  await expect(
    second.ask({ kind: 'join', channel: other, sdp: 'v=0', muted: false, deaf: false }, 'joined'),
  ).rejects.toThrow('bad_request');
  await second.leave().catch(() => undefined);
  await expect.poll(portsInUse).toBe(0);
});

it('V-6: a room takes no more than its limit, and nobody who may not see it', async () => {
  const small = await makeRoom(1);
  const hidden = await makeRoom(0, 'private');
  const [ann, bob] = [await caller(people.ann), await caller(people.bob)];
  await ann.join(small);
  await expect(bob.join(small)).rejects.toThrow('limit_reached');
  await expect(bob.join(hidden)).rejects.toThrow('not_found');
  await expect(bob.join(freshId() as string as ChannelId)).rejects.toThrow('not_found');
  const text = freshId() as string as ChannelId;
  const made = { name: 'text', topic: '', visibility: 'public', history: 'all' } as const;
  await server.run(people.ann, { kind: 'channel.create', ...made }, text as never);
  await expect(bob.join(text)).rejects.toThrow('bad_request');
  expect(await server.run(people.ann, { kind: 'channel.archive', channel: small, archived: true })).toMatchObject({
    status: 200,
  });
  expect(await ann.told('ended')).toMatchObject({ why: 'forbidden' });
  await expect(bob.join(small)).rejects.toThrow('archived');
});

it('V-2 V-6: a private room is told to its members alone, and whoever is removed is out of it', async () => {
  const hidden = await makeRoom(0, 'private');
  const bobs = people.bob.account.id;
  await server.run(people.ann, { kind: 'channel.add', channel: hidden, account: bobs });
  const [ann, bob, cid] = [await caller(people.ann), await caller(people.bob), await caller(people.cid)];
  await cid.ask({ kind: 'watch', on: true }, 'rooms');
  await ann.join(hidden);
  await bob.join(hidden);
  await ann.told('room', ({ people: all }) => all.length === 2);
  await server.run(people.ann, { kind: 'channel.remove', channel: hidden, account: bobs });
  expect(await bob.told('ended')).toMatchObject({ channel: hidden, why: 'forbidden' });
  await expect(bob.join(hidden)).rejects.toThrow('not_found');
  expect(cid.news.filter((say) => 'channel' in say && say.channel === hidden)).toEqual([]);
  const { rooms } = await cid.ask({ kind: 'watch', on: true }, 'rooms');
  expect(rooms.map(({ channel }) => channel)).not.toContain(hidden);
  // Who comes into the channel sees who talks there.
  await server.run(people.ann, { kind: 'channel.add', channel: hidden, account: people.cid.account.id });
  expect(await cid.told('room', ({ channel }) => channel === hidden)).toMatchObject({
    channel: hidden,
    people: [{ account: people.ann.account.id }],
  });
});

it('V-6: moderators take people out and move them; others may not', async () => {
  const other = await makeRoom();
  const [ann, bob, cid] = [await caller(people.ann), await caller(people.bob), await caller(people.cid)];
  await bob.join(lounge);
  const bobs = people.bob.account.id;
  await expect(cid.ask({ kind: 'kick', account: bobs }, 'done')).rejects.toThrow('forbidden');
  await expect(cid.ask({ kind: 'move', account: bobs, to: other }, 'done')).rejects.toThrow('forbidden');
  await ann.ask({ kind: 'move', account: bobs, to: other }, 'done');
  expect(await bob.told('ended')).toEqual({ kind: 'ended', stay: bob.stay, channel: lounge, why: 'moved', to: other });
  await expect(ann.ask({ kind: 'kick', account: bobs }, 'done')).rejects.toThrow('not_found');
  const again = await caller(people.bob);
  await again.join(other);
  await ann.ask({ kind: 'kick', account: bobs }, 'done');
  expect(await again.told('ended')).toMatchObject({ channel: other, why: 'kicked' });
  await expect.poll(portsInUse).toBe(0);
});

it('V-7: who loses the socket keeps their place and their sound, and resumes on another one', async () => {
  const ann = await caller(people.ann);
  const bob = await caller(people.bob);
  await ann.join(lounge);
  await bob.join(lounge);
  bob.peer.talk();
  bob.socket.socket.terminate();
  const next = await caller(people.bob);
  next.stay = bob.stay;
  expect(await next.ask({ kind: 'resume', stay: bob.stay }, 'resumed')).toMatchObject({
    channel: lounge,
    slots: [['1', people.ann.account.id]],
  });
  const before = ann.peer.count();
  await expect.poll(() => ann.peer.count()).toBeGreaterThan(before + 10);
  const cid = await caller(people.cid);
  await expect(cid.ask({ kind: 'resume', stay: bob.stay }, 'resumed')).rejects.toThrow('not_found');
});

it('V-7: signing out ends the stay at once', async () => {
  const bob = await signInAgain('bob');
  const talking = await caller(bob);
  const watching = await caller(people.cid);
  await watching.ask({ kind: 'watch', on: true }, 'rooms');
  await talking.join(lounge);
  await watching.told('room', ({ people: all }) => all.length === 1);
  watching.forgetNews();
  await server.ask('signOut', { token: bob.accessToken, body: {} });
  await watching.told('room', ({ people: all }) => all.length === 0);
  expect(await portsInUse()).toBe(0);
});

it('V-9: who has fewer slots than there are people is asked to grow, and then hears everybody', async () => {
  const [ann, bob, cid] = [await caller(people.ann), await caller(people.bob), await caller(people.cid)];
  await ann.join(lounge, { slots: 1 });
  await bob.join(lounge);
  await cid.join(lounge);
  const { slots } = await ann.told('grow');
  expect(slots).toBe(2);
  const answer = await ann.ask({ kind: 'offer', stay: ann.stay, sdp: await ann.peer.offer(slots) }, 'answer');
  await ann.peer.take(answer.sdp);
  expect(answer.slots.map(([, account]) => account)).toEqual([people.bob.account.id, people.cid.account.id]);
  bob.peer.talk('bob');
  cid.peer.talk('cid');
  for (const [slot, account] of answer.slots) {
    await expect.poll(() => ann.peer.count(slot)).toBeGreaterThan(5);
    expect(String(ann.peer.heard.get(slot)?.at(-1)?.payload)).toBe(account === people.bob.account.id ? 'bob' : 'cid');
  }
});

it('P-2 V-1: what is no question about voice is refused and changes nothing; a flood of joins is slowed', async () => {
  const bob = await caller(people.bob);
  for (const ask of [
    {},
    { kind: 'join' },
    { kind: 'watch', on: 'yes' },
    { kind: 'silence', account: 'x', on: true },
    null,
  ])
    await expect(bob.ask(ask as never, 'done')).rejects.toThrow('bad_request');
  const answers = await Promise.allSettled(
    Array.from({ length: 30 }, () => bob.ask({ kind: 'join', channel: lounge, muted: false, deaf: false }, 'joined')),
  );
  const refused = answers.filter((answer) => answer.status === 'rejected').map(({ reason }) => String(reason));
  expect(refused.length).toBeGreaterThan(15);
  expect(new Set(refused)).toEqual(new Set(['Error: rate_limited']));
  await (await caller(people.ann)).ask({ kind: 'kick', account: people.bob.account.id }, 'done');
});

it('V-11: people with and without WebRTC hear each other in one room; a ticket is good once', async () => {
  const ann = await caller(people.ann);
  const bob = await caller(people.bob);
  await ann.join(lounge);
  bob.stay = freshId();
  const ask = { kind: 'join', channel: lounge, muted: false, deaf: false } as const;
  const { grant } = await bob.ask(ask, 'joined', bob.stay);
  if (grant.kind !== 'socket') throw new Error(`granted ${grant.kind}`);
  expect(grant.slots).toEqual([['0', people.ann.account.id]]);
  await using media = await MediaSocket.open(server, grant.ticket);
  await ann.told('room', ({ people: all }) => all.length === 2 && all.every(({ away }) => !away));
  ann.peer.talk('from ann', 33);
  await expect.poll(() => media.heard.length).toBeGreaterThan(5);
  expect(media.heard[0]).toMatchObject({ slot: 0, level: 33, text: 'from ann' });
  media.talk('from bob', 12);
  await expect.poll(() => ann.peer.count('1')).toBeGreaterThan(5);
  expect(String(ann.peer.heard.get('1')?.[0]?.payload)).toBe('from bob');
  await ann.told('speaking', ({ accounts }) => accounts.includes(people.bob.account.id));
  await bob.state(true);
  await pause(30);
  const before = ann.peer.count();
  await pause(100);
  expect(ann.peer.count()).toBe(before);
  // Neither the used ticket, nor another one, nor one in the address.
  for (const ticket of [grant.ticket, 'x'.repeat(43), '']) {
    await using stranger = await MediaSocket.open(server, ticket);
    expect(await stranger.closed).toBe(4401);
  }
  await expect(MediaSocket.open(server, '', `?ticket=${grant.ticket}`)).rejects.toThrow('400');
  await bob.leave();
  expect(await media.closed).toBe(1000);
});

it('the state of voice is for those who run the server', async () => {
  expect(await server.call('voiceStatus', { token: people.bob.accessToken })).toMatchObject({ status: 403 });
  expect(await server.ask('voiceStatus', { token: people.ann.accessToken })).toEqual({
    engine: 'embedded',
    ports: { first: PORTS[0], last: PORTS[1], inUse: 0 },
    addresses: ['127.0.0.1'],
    opens: { udp: true, tcp: true },
    reachedFrom: 'machine',
    people: 0,
    streams: 0,
    relay: false,
  });
});

it('a server without voice has none of it', async () => {
  await using plain = await TestServer.start();
  const owner = await plain.register('owner');
  expect((await plain.ask('info')).capabilities).not.toContain('voice');
  expect((await server.ask('info')).capabilities).toContain('voice');
  const made = { name: 'x', topic: '', visibility: 'public', history: 'all', voice: { people: 0 } } as const;
  expect(await plain.run(owner, { kind: 'channel.create', ...made })).toMatchObject({ status: 404 });
  const talking = new VoiceCaller(await plain.connect(owner));
  callers.push(talking);
  await expect(talking.ask({ kind: 'watch', on: true }, 'rooms')).rejects.toThrow('not_found');
  expect(await plain.call('voiceStatus', { token: owner.accessToken })).toMatchObject({ status: 404 });
  plain.closeSockets();
});

async function signInAgain(name: keyof typeof people): Promise<SignedInTester> {
  const answered = await server.signIn(name);
  expect(answered.status).toBe(200);
  return { ...answered.body, username: name };
}
