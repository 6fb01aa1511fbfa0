import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LIMITS, type DownOf, type MessageId, type SkerryError } from '@skerry/protocol';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Conversation, sealedBytes } from '../testing/conversations.ts';
import { KeyedAccount, prekeys } from '../testing/keyed-account.ts';
import { RealtimeFixture } from '../testing/realtime-fixture.ts';
import type { SocketClient } from '../testing/socket-client.ts';
import { freshId, TestServer } from '../testing/test-server.ts';

let server: TestServer;
let ann: KeyedAccount;
let ben: KeyedAccount;
let talk: Conversation;
beforeAll(async () => {
  server = await TestServer.start();
  ann = await KeyedAccount.create(server, 'ann', 30);
  ben = await KeyedAccount.create(server, 'ben', 30);
  const second = await ann.addDevice();
  await ann.setDevices([ann.device, second]);
  talk = await Conversation.direct(ann, ben);
});
afterAll(() => server[Symbol.asyncDispose]());

afterEach(() => server.closeSockets());
const connect: TestServer['connect'] = (...who) => server.connect(...who);
const person = (oneTime = 30) => KeyedAccount.create(server, `p${freshId().slice(-12).replaceAll('-', '')}`, oneTime);
const queue = (who: { accessToken: string }, after = 0) =>
  server.ask('toDevice', { token: who.accessToken, query: { after: String(after) } });
const ack = (who: { accessToken: string }, n: number) =>
  server.call('ackToDevice', { token: who.accessToken, body: { n } });
const heads = (socket: SocketClient): number[] =>
  socket.frames.flatMap((frame) => (frame.t === 'to_device' ? [frame.head] : []));
const second = () => {
  const [, found] = ann.devices;
  if (found === undefined) throw new Error('ann has two devices');
  return found;
};

describe('a queue over HTTP (E-8)', () => {
  it('gives what waits to the device it waits for, keeps it until it is acknowledged, and then says so by `first`', async () => {
    const cat = await person();
    const { channel } = await Conversation.direct(ann, cat).then(async (made) => {
      for (let i = 0; i < 3; i++) await made.say(ann);
      return made;
    });
    const { first, head, items } = await queue(cat);
    expect([first, head, items.map(({ n }) => n)]).toEqual([1, 3, [1, 2, 3]]);
    expect(items[0]).toMatchObject({
      from: ann.id,
      fromDevice: 1,
      message: { channel, author: ann.id, op: 'post', body: null },
    });
    // Asked again, it is there again; from a number on, only what lies after it.
    expect((await queue(cat)).items).toEqual(items);
    expect((await queue(cat, 2)).items).toEqual(items.slice(2));
    expect((await ack(cat, 2)).status).toBe(200);
    expect(await queue(cat)).toEqual({ first: 3, head: 3, items: items.slice(2) });
    // What was acknowledged stays so; nothing beyond the end can be.
    expect((await ack(cat, 1)).status).toBe(200);
    expect((await ack(cat, 1_000_000)).status).toBe(200);
    expect(await queue(cat)).toEqual({ first: 4, head: 3, items: [] });
  });

  it('stays over a restart, numbers and all', async () => {
    await using own = await TestServer.start();
    const [one, two] = [await KeyedAccount.create(own, 'one'), await KeyedAccount.create(own, 'two')];
    const made = await Conversation.direct(one, two);
    await made.say(one);
    await made.say(one);
    const token = two.accessToken;
    await own.ask('ackToDevice', { token, body: { n: 1 } });
    const before = await own.ask('toDevice', { token });
    await own.stop();
    await own.start();
    expect(await own.ask('toDevice', { token })).toEqual(before);
    await made.say(one);
    expect(await own.ask('toDevice', { token })).toMatchObject({ first: 2, head: 3, items: [{ n: 2 }, { n: 3 }] });
  });

  it('is nobody else’s: not of a session without a device, of another device, of another account, of one that was removed', async () => {
    const cat = await person();
    const made = await Conversation.direct(ann, cat);
    await made.say(ann);
    const plain = await cat.signIn();
    expect((await server.call('toDevice', { token: plain.accessToken })).code).toBe('no_device');
    expect((await ack(plain, 1)).code).toBe('no_device');
    expect((await server.call('toDevice')).code).toBe('unauthorized');
    const other = await cat.addDevice();
    expect((await queue(other)).items).toEqual([]);
    await ack(other, 5);
    expect((await queue(cat)).items).toHaveLength(1);
    await cat.setDevices([cat.device, other]);
    await cat.setDevices([cat.device]);
    expect((await server.call('toDevice', { token: other.accessToken })).code).toBe('session_revoked');
    expect((await ack(other, 1)).code).toBe('session_revoked');
  });

  it('a device that lost its session finds its queue again when it is bound again', async () => {
    const cat = await person();
    const made = await Conversation.direct(ann, cat);
    await made.say(ann);
    await server.ask('signOut', { token: cat.accessToken, body: {} });
    await made.say(ann);
    await cat.device.bind(server, await cat.signIn());
    expect((await queue(cat)).items.map(({ n }) => n)).toEqual([1, 2]);
  });
});

describe('notices on a socket', () => {
  it('a device is told of its queue after the welcome and whenever it grows; other sockets are not', async () => {
    const cat = await person();
    const made = await Conversation.direct(ann, cat);
    await made.say(ann);
    const [device, plain, otherDevice] = [
      await connect(cat),
      await connect(await cat.signIn()),
      await connect(second()),
    ];
    await device.next('to_device');
    expect(heads(device)).toEqual([1]);
    const before = heads(otherDevice).at(-1) ?? 0;
    await made.say(ann);
    await device.until((frame) => frame.t === 'to_device' && frame.head === 2);
    await otherDevice.until((frame) => frame.t === 'to_device' && frame.head === before + 1);
    await plain.until((frame) => frame.t === 'events' && frame.stream === made.channel);
    await sleep(100);
    expect(heads(plain)).toEqual([]);
    expect(heads(device)).toEqual([1, 2]);
    const kinds = device.frames.map(({ t }) => t);
    expect(kinds.indexOf('to_device')).toBeGreaterThan(kinds.indexOf('welcome'));
  });

  it('tells of many in few frames, the last one of the whole', async () => {
    const cat = await person();
    const device = await connect(cat);
    await device.next('to_device');
    const many = 200;
    await Promise.all(
      Array.from({ length: many }, () =>
        server.run(ann.device, {
          kind: 'envelopes.send',
          envelopes: [{ account: cat.id, device: 1, body: sealedBytes() }],
        }),
      ),
    );
    await device.until((frame) => frame.t === 'to_device' && frame.head === many);
    const told = heads(device).slice(1);
    expect(told).toEqual([...told].sort((a, b) => a - b));
    expect(new Set(told).size).toBe(told.length);
    expect(told.length).toBeLessThan(many);
  });

  it('a device whose prekeys run low is told how many are left, at the claim and at the next welcome', async () => {
    const cat = await person(21);
    const claim = () => server.ask('claimPrekeys', { token: ann.accessToken, body: { account: cat.id, device: 1 } });
    const device = await connect(cat);
    await claim();
    await claim();
    await device.next('prekeys');
    expect(device.frames.filter(({ t }) => t === 'prekeys')).toEqual([{ t: 'prekeys', left: 19 }]);
    const again = await connect(cat);
    expect(await again.next('prekeys')).toEqual({ t: 'prekeys', left: 19 });
    await server.ask('publishPrekeys', { token: cat.accessToken, body: prekeys(30, 100) });
    const third = await connect(cat);
    await third.next('to_device');
    expect(third.frames.some(({ t }) => t === 'prekeys')).toBe(false);
  });
});

describe('what is said, on sockets', () => {
  it('comes to every socket of both, in one frame and one mark, and to nobody else', async () => {
    const cat = await person();
    const [one, two, stranger] = [await connect(ann.device), await connect(ben), await connect(cat)];
    const id = await talk.say(ben);
    for (const socket of [one, two]) {
      const heard = await socket.until((frame) => frame.t === 'events' && frame.stream === talk.channel);
      expect(heard).toMatchObject({ events: [{ kind: 'sealed', message: { id, author: ben.id, body: null } }] });
    }
    await sleep(100);
    expect(stranger.events.filter(({ stream }) => stream === talk.channel)).toEqual([]);
  });

  it('E-6 whoever resumes across an erasure gets the shells, and never the ciphertext', async () => {
    const group = await Conversation.group(ann, [ben]);
    const before = await connect(ben);
    const { asOf } = await server.ask('snapshot', { token: ben.accessToken });
    before[Symbol.dispose]();
    const secret = sealedBytes(200);
    const target = (await group.say(ann, { body: secret })) as string as MessageId;
    await group.say(ann, { op: 'delete', target });
    const resumed = await connect(ben, asOf);
    expect((await resumed.next('welcome')).resumed).toBe(true);
    await resumed.until((frame) => frame.t === 'events' && frame.stream === group.channel);
    const told = resumed.events.filter(({ stream }) => stream === group.channel);
    expect(told).toMatchObject([
      { kind: 'sealed', message: { id: target, body: null, erased: true } },
      { kind: 'sealed', message: { op: 'delete', target } },
    ]);
    expect(JSON.stringify(resumed.frames)).not.toContain(secret);
  });

  it('as much as a ciphertext holds goes by HTTP, though not in a frame, and comes in a frame', async () => {
    const group = await Conversation.group(ann, [ben]);
    const socket = await connect(ben);
    const body = sealedBytes(LIMITS.sealedBytes);
    const id = await group.say(ann, { body });
    const heard = (await socket.until(
      (frame) => frame.t === 'events' && frame.stream === group.channel,
    )) as DownOf<'events'>;
    expect(heard.events).toMatchObject([{ message: { id, body } }]);
    const { messages } = await server.ask('sealedMessages', {
      token: ben.accessToken,
      params: { channelId: group.channel },
    });
    expect(messages).toMatchObject([{ id, body }]);
    const tooLarge = group.message(ann, { body: sealedBytes(LIMITS.sealedBytes + 3) });
    expect((await server.run(ann.device, tooLarge)).code).toBe('bad_request');
    const small = await connect(ann.device);
    small.send({ t: 'cmd', id: freshId(), command: group.message(ann, { body }) });
    expect(await small.closed).toMatchObject({ code: 4413 });
  });

  it('a group is joined and left on open sockets: nothing before, nothing after', async () => {
    const cat = await person();
    const group = await Conversation.group(ann, [ben]);
    const socket = await connect(cat);
    await group.say(ann);
    await group.change(ben, { add: [cat] });
    const inside = await group.say(ann);
    await socket.until((frame) => frame.t === 'events' && frame.events.some(({ kind }) => kind === 'sealed'));
    await group.change(ann, { remove: [cat] });
    await group.say(ann);
    await socket.until((frame) => frame.t === 'events' && frame.events.some(({ kind }) => kind === 'left'));
    await sleep(100);
    expect(
      socket.events
        .map((event) => (event.kind === 'sealed' ? event.message.id : event.kind))
        .filter((it) => it !== 'account'),
    ).toEqual(['joined', 'member', inside, 'chain', 'left']);
    const params = { channelId: group.channel };
    for (const route of ['sealedMessages', 'groupChain'] as const)
      expect((await server.call(route, { token: cat.accessToken, params })).code).toBe('not_found');
  });

  it('leaves nothing that was encrypted in the log', async () => {
    const body = sealedBytes(60);
    const cat = await person();
    const group = await Conversation.group(ann, [cat]);
    await group.say(ann, { body });
    await server.run(ann.device, { kind: 'envelopes.send', envelopes: [{ account: cat.id, device: 1, body }] });
    await queue(cat);
    // The control: it is in the database, so it did pass through all of this.
    const files = readdirSync(server.data).map((name) => readFileSync(path.join(server.data, name)).toString('latin1'));
    expect(files.some((text) => text.includes(body))).toBe(true);
    expect(server.logged.join('\n')).not.toContain(body);
    expect(server.logged.length).toBeGreaterThan(10);
  });
});

describe('a device that is revoked while others write', () => {
  it('I12 gets nothing later than the end, its sockets close within 2 s, and no queue of its is ever filled again', async () => {
    const cat = await person();
    const stolen = await cat.addDevice();
    await cat.setDevices([cat.device, stolen]);
    const group = await Conversation.group(ann, [ben, cat]);
    const pair = await Conversation.direct(ben, cat);
    const socket = await connect(stolen);
    let isOver = false;
    const refusals = new Set<string>();
    const writers = [ann, ben].map(async (from) => {
      while (!isOver) {
        const conversation = from === ann ? group : pair;
        try {
          await conversation.say(from);
        } catch (error) {
          refusals.add((error as Error).message);
        }
      }
    });
    await socket.until((frame) => frame.t === 'events' && frame.events.some(({ kind }) => kind === 'sealed'));
    const { seq } = await cat.setDevices([cat.device]);
    const answeredAt = Date.now();
    await socket.closed;
    expect(Date.now() - answeredAt).toBeLessThan(2_000);
    const heard = socket.frames.length;
    await sleep(300);
    isOver = true;
    await Promise.all(writers);
    expect(socket.frames).toHaveLength(heard);
    const late = socket.events.filter((event) => event.seq > seq);
    expect(late).toEqual([]);
    // Those that crossed the revocation were told to encrypt again, and nothing else went wrong.
    expect([...refusals].filter((message) => !message.includes('devices_changed'))).toEqual([]);
    expect((await server.call('toDevice', { token: stolen.accessToken })).code).toBe('session_revoked');
    const { first, head } = await queue(cat);
    expect(head).toBeGreaterThanOrEqual(first - 1);
    const to = { account: cat.id, device: stolen.number, body: sealedBytes() };
    expect((await server.run(ann.device, { kind: 'envelopes.send', envelopes: [to] })).code).toBe('devices_changed');
    expect((await server.run(stolen, pair.message(cat, {}, stolen))).code).toBe('session_revoked');
  });
});

describe('how much one account may put into queues', () => {
  it('is counted by envelopes, whatever they come in', async () => {
    // A twentieth of the usual: about a hundred at once.
    await using fixture = await RealtimeFixture.open({ rateScale: 0.05 });
    const member = await fixture.person();
    const send = (many: number) =>
      fixture
        .run(member, {
          kind: 'envelopes.send',
          envelopes: Array.from({ length: many }, () => ({ account: ben.id, device: 1, body: sealedBytes() })),
        })
        .catch((error: unknown) => (error as SkerryError).code);
    // What passes is refused for what it is: this session has no device.
    expect(await send(100)).toBe('no_device');
    expect(await send(100)).toBe('rate_limited');
    expect(await send(1)).toBe('no_device');
  });
});

describe('what a server says it can', () => {
  it('includes encrypted conversations', async () => {
    expect((await server.ask('info')).capabilities).toEqual(expect.arrayContaining(['keys', 'sealed']));
  });
});
