import { type CommandId, type MessageId, SkerryError, TIMES } from '@skerry/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SignedOutError } from '../errors.ts';
import { DialSlots } from '../fleet/dial-slots.ts';
import { connectionRig, type Rig } from '../testing/connection-rig.ts';
import { settle } from '../testing/manual-clock.ts';
import { memoryPlatform } from '../testing/memory-platform.ts';
import { FakeServer } from '../testing/fake-server.ts';

const kind = ({ connection }: Rig): string => connection.state.get().kind;
const dials = ({ platform }: Rig): number => platform.network.sent.filter((sent) => sent.kind === 'dial').length;
const framesOf = ({ platform }: Rig, t: string): unknown[] =>
  platform.network.sent
    .flatMap((sent) => (sent.kind === 'frame' ? [JSON.parse(sent.text)] : []))
    .filter((frame) => frame.t === t);

test('P-19: dials, proves, signs in, syncs and is live; the history says so', async () => {
  const rig = await connectionRig();
  await settle();
  expect(kind(rig)).toBe('live');
  expect(rig.sync.calls).toEqual(['welcomed', 'reset new', 'presence']);
  expect(rig.connection.history.get().map(({ what }) => what)).toEqual([
    'connecting',
    'authenticating',
    'syncing',
    'live',
  ]);
  expect(rig.connection.latencyMs.get()).toBe(0);
  expect(framesOf(rig, 'hello')).toMatchObject([
    { origin: 'https://a.example', device: 'Test', v: { min: 1, max: 1 } },
  ]);
});

test('says that the person is away and is back, and says it again to the next socket', async () => {
  const rig = await connectionRig();
  await settle();
  expect(framesOf(rig, 'presence')).toEqual([]);
  rig.platform.setIdle(true);
  expect(framesOf(rig, 'presence')).toEqual([{ t: 'presence', state: 'away' }]);
  for (const peer of [...rig.server.peers]) peer.close(1011);
  await rig.platform.clock.advance(10_000);
  expect(kind(rig)).toBe('live');
  expect(framesOf(rig, 'presence')).toHaveLength(2);
  rig.platform.setIdle(false);
  expect(framesOf(rig, 'presence').at(-1)).toEqual({ t: 'presence', state: 'online' });
  // Whoever is there needs no frame: the server takes everybody who comes for being there.
  for (const peer of [...rig.server.peers]) peer.close(1011);
  await rig.platform.clock.advance(10_000);
  expect(framesOf(rig, 'presence')).toHaveLength(3);
});

test('a paused entry tells nobody whether the person is away', async () => {
  const rig = await connectionRig();
  await settle();
  rig.connection.disable();
  await settle();
  rig.platform.setIdle(true);
  rig.platform.setIdle(false);
  await rig.platform.clock.advance(60_000);
  expect(framesOf(rig, 'presence')).toEqual([]);
});

test('T11: a wrong key gets no token, and is not asked again until the person accepts it', async () => {
  const rig = await connectionRig();
  rig.server.rotate({ silently: true });
  await rig.platform.clock.advance(0);
  expect(rig.connection.state.get()).toMatchObject({
    kind: 'identityChanged',
    seenKey: rig.server.key,
    seenWords: rig.server.words,
  });
  expect(framesOf(rig, 'auth')).toEqual([]);
  rig.platform.wake('online');
  rig.connection.tryNow();
  await rig.platform.clock.advance(3_600_000);
  expect(dials(rig)).toBe(1);
});

test('S1.12, C-4: keeps trying a server that is gone, ever more slowly, and says why and when', async () => {
  const rig = await connectionRig();
  rig.platform.network.down = true;
  const waits: number[] = [];
  for (let attempt = 1; attempt <= 12; attempt++) {
    await settle();
    const state = rig.connection.state.get();
    if (state.kind !== 'waiting') throw new Error(state.kind);
    expect(state).toMatchObject({ attempt, cause: { kind: 'unreachable' } });
    waits.push(state.nextAt - state.since);
    await rig.platform.clock.advance(state.nextAt - rig.platform.clock.now());
  }
  expect(waits.slice(0, 4)).toEqual([1_000, 1_500, 2_500, 4_500]);
  expect(Math.max(...waits)).toBeLessThanOrEqual(300_000);
  rig.platform.network.down = false;
  await rig.platform.clock.advance(300_000);
  expect(kind(rig)).toBe('live');
});

test('I9: a server that accepts and then closes is tried within the budget, since being live for a moment resets nothing', async () => {
  const rig = await connectionRig();
  const hour = 3_600_000;
  // So that dials and closes do not fall on the same millisecond.
  rig.platform.fraction = () => 0.377;
  const flap = (): void => {
    rig.server.closeAll(1011);
    rig.platform.clock.after(50, flap);
  };
  rig.platform.clock.after(50, flap);
  await rig.platform.clock.advance(hour);
  expect(dials(rig)).toBeLessThan(40);
  expect(dials(rig)).toBeGreaterThan(12);
});

test('I9: after a minute of being live the next wait is short again', async () => {
  const rig = await connectionRig();
  rig.platform.network.down = true;
  await rig.platform.clock.advance(600_000);
  rig.platform.network.down = false;
  rig.connection.tryNow();
  await rig.platform.clock.advance(61_000);
  expect(kind(rig)).toBe('live');
  rig.server.closeAll(1011);
  await settle();
  expect(rig.connection.state.get()).toMatchObject({
    kind: 'waiting',
    attempt: 1,
    cause: { kind: 'closed', code: 1011 },
  });
});

test('P-8: a restarting server is given the time it asked for; only the person may shorten that', async () => {
  const rig = await connectionRig();
  await settle();
  for (const peer of rig.server.peers)
    peer.send({ t: 'fail', id: null, error: new SkerryError('unavailable', { retryAfterMs: 20_000 }).toBody() });
  rig.server.closeAll(4503);
  await settle();
  const state = rig.connection.state.get();
  expect(state).toMatchObject({ kind: 'waiting', cause: { kind: 'restarting' } });
  rig.platform.wake('online');
  rig.connection.wake('focused');
  await rig.platform.clock.advance(19_000);
  expect(dials(rig)).toBe(1);
  rig.connection.tryNow();
  await settle();
  expect(dials(rig)).toBe(2);
});

test('P-8: the wait may also stand in the reason of the close', async () => {
  const rig = await connectionRig();
  await settle();
  for (const peer of [...rig.server.peers]) peer.close(4503, '30000');
  await settle();
  await rig.platform.clock.advance(29_900);
  expect(dials(rig)).toBe(1);
  await rig.platform.clock.advance(16_000);
  expect(kind(rig)).toBe('live');
});

test('P-8: two that throw each other out of the same place do not fight for it', async () => {
  const rig = await connectionRig();
  await settle();
  rig.server.closeAll(4409);
  await rig.platform.clock.advance(120_000);
  expect(dials(rig)).toBe(1);
  rig.connection.wake('focused');
  await rig.platform.clock.advance(3_000);
  expect(kind(rig)).toBe('live');
});

test('waking up leads to a try within three seconds, and to one only in ten', async () => {
  const rig = await connectionRig();
  rig.platform.network.down = true;
  await rig.platform.clock.advance(1_200_000);
  const before = dials(rig);
  rig.connection.wake('focused');
  rig.connection.wake('online');
  rig.connection.wake('opened');
  await rig.platform.clock.advance(3_000);
  expect(dials(rig)).toBe(before + 1);
  rig.connection.wake('focused');
  await rig.platform.clock.advance(3_000);
  expect(dials(rig) - before).toBeLessThanOrEqual(3);
});

test('I10, S4.13: however wake-ups, timers, pauses and closes race, there is never a second socket', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(
        fc.constantFrom(
          'online',
          'focused',
          'opened',
          'resumed',
          'tryNow',
          'disable',
          'enable',
          'close',
          'redial',
          'down',
          'up',
          'late',
        ),
        { minLength: 5, maxLength: 25 },
      ),
      async (scheduler, steps) => {
        const rig = await connectionRig();
        const act = async (step: string): Promise<void> => {
          if (step === 'tryNow') rig.connection.tryNow();
          else if (step === 'disable') rig.connection.disable();
          else if (step === 'enable') rig.connection.enable();
          else if (step === 'redial') rig.connection.redial();
          else if (step === 'close') rig.server.closeAll(1006);
          else if (step === 'down' || step === 'up') rig.platform.network.down = step === 'down';
          else if (step === 'late') await rig.platform.clock.sleepThrough(120_000);
          else rig.connection.wake(step as 'online');
        };
        for (const step of steps) {
          void scheduler.schedule(Promise.resolve(step), step).then(act);
          void scheduler.schedule(Promise.resolve()).then(() => rig.platform.clock.advance(700));
        }
        await scheduler.waitAll();
        await settle();
        expect(rig.platform.network.mostAtOnce.get('https://a.example') ?? 0).toBeLessThanOrEqual(1);
        await rig.connection[Symbol.asyncDispose]();
      },
    ),
    { numRuns: 60 },
  );
}, 30_000);

test('4401 leads to one renewal; refused again, the sign-in is over and nothing is tried any more', async () => {
  const rig = await connectionRig();
  await settle();
  rig.server.expireAccess();
  rig.server.closeAll(4401);
  await rig.platform.clock.advance(5_000);
  expect(rig.refused).toHaveLength(1);
  expect(kind(rig)).toBe('live');

  rig.server.lies.frame = (frame, peer) => {
    if (frame.t === 'auth') peer.close(4401);
    return frame.t === 'auth';
  };
  rig.server.closeAll(4401);
  await rig.platform.clock.advance(60_000);
  expect(rig.connection.state.get()).toMatchObject({ kind: 'signedOut', why: 'expired' });
  const before = dials(rig);
  await rig.platform.clock.advance(3_600_000);
  expect(dials(rig)).toBe(before);
});

test('a sign-in that is gone, or locked, stops before anything is dialled', async () => {
  const rig = await connectionRig({ enabled: false });
  rig.token = () => Promise.reject(new SignedOutError('revoked'));
  rig.connection.enable();
  await settle();
  expect(rig.connection.state.get()).toMatchObject({ kind: 'signedOut', why: 'revoked' });
  expect(framesOf(rig, 'auth')).toEqual([]);
});

test('T34: bad JSON, unknown kinds, unsafe numbers and what comes out of turn end this connection and nothing else', async () => {
  const texts = [
    '{',
    '[]',
    '{"t":"nothing"}',
    '{"t":"mark","seq":9007199254740993,"tag":""}',
    '{"t":"mark","seq":-1,"tag":""}',
    '{"t":"mark","seq":1.5,"tag":""}',
    '{"t":"welcome"}',
    'null',
  ];
  for (const text of texts) {
    const rig = await connectionRig();
    await settle();
    for (const peer of rig.server.peers) peer.sendText(text);
    await settle();
    expect(rig.connection.state.get(), text).toMatchObject({ kind: 'waiting', cause: { kind: 'protocol' } });
    expect(rig.sync.calls.at(-1)).toBe('unlinked');
  }
  const early = await connectionRig();
  early.server.lies.frame = (frame, peer) => {
    if (frame.t === 'hello') peer.send({ t: 'mark', seq: 1, tag: '' });
    return frame.t === 'hello';
  };
  await settle();
  expect(early.connection.state.get()).toMatchObject({ kind: 'waiting', cause: { kind: 'protocol' } });
});

test('what makes the kept state throw is a fault of that frame, and the connection starts anew', async () => {
  const rig = await connectionRig();
  await settle();
  rig.sync.mark = () => {
    throw new RangeError('a hole');
  };
  for (const peer of rig.server.peers) peer.send({ t: 'mark', seq: 1, tag: 'x' });
  await settle();
  expect(rig.connection.state.get()).toMatchObject({ kind: 'waiting', cause: { kind: 'protocol' } });
});

test('P-13: a socket that says nothing for 55 s is dead', async () => {
  const rig = await connectionRig();
  await settle();
  rig.server.lies.frame = (frame) => frame.t === 'ping';
  await rig.platform.clock.advance(TIMES.silenceMs + 100);
  expect(
    rig.connection.history.get().at(-1)?.cause ??
      rig.connection.history.get().find(({ cause }) => cause?.kind === 'silent')?.cause,
  ).toEqual({ kind: 'silent' });
});

test('P-13: a socket that answers stays, and hears a ping about every 25 s', async () => {
  const rig = await connectionRig();
  await rig.platform.clock.advance(600_000);
  expect(kind(rig)).toBe('live');
  expect(dials(rig)).toBe(1);
  expect(framesOf(rig, 'ping').length).toBeGreaterThanOrEqual(20);
  expect(framesOf(rig, 'ping').length).toBeLessThanOrEqual(32);
});

test('after a sleep the old socket has five seconds to show that it lives', async () => {
  const rig = await connectionRig();
  await settle();
  rig.server.lies.frame = (frame) => frame.t === 'ping';
  await rig.platform.clock.sleepThrough(3_600_000);
  expect(kind(rig)).toBe('live');
  await rig.platform.clock.advance(5_000);
  expect(kind(rig)).not.toBe('live');
});

test('a change of the network asks a live socket for a sign of life', async () => {
  const rig = await connectionRig();
  await settle();
  const before = framesOf(rig, 'ping').length;
  rig.connection.wake('online');
  await settle();
  expect(framesOf(rig, 'ping')).toHaveLength(before + 1);
  expect(kind(rig)).toBe('live');
});

test('the addresses of an entry are tried in order, and one that works is enough', async () => {
  const rig = await connectionRig({ enabled: false });
  rig.origins = ['https://lan.example', 'https://a.example'];
  rig.connection.enable();
  await settle();
  expect(kind(rig)).toBe('live');
  expect(rig.platform.network.sent.filter((sent) => sent.kind === 'dial').map(({ url }) => url)).toEqual([
    'wss://lan.example/api/socket',
    'wss://a.example/api/socket',
  ]);
});

test('an address that is another server stops everything, though a further one would be the right one', async () => {
  const rig = await connectionRig({ enabled: false });
  rig.platform.network.serve('https://lan.example', new FakeServer('https://lan.example', { now: () => 0 }));
  rig.origins = ['https://lan.example', 'https://a.example'];
  rig.connection.enable();
  await settle();
  expect(kind(rig)).toBe('identityChanged');
});

test('too old a server, or too old a client, is said, not hammered, and looked at again when the device wakes', async () => {
  const rig = await connectionRig();
  rig.server.protocol = { min: 2, max: 3 };
  await settle();
  expect(rig.connection.state.get()).toMatchObject({ kind: 'incompatible', older: 'client' });
  await rig.platform.clock.advance(300_000);
  rig.connection.wake('focused');
  await rig.platform.clock.advance(10_000);
  expect(dials(rig)).toBe(1);
  rig.server.protocol = { min: 1, max: 1 };
  await rig.platform.clock.advance(300_000);
  rig.connection.wake('focused');
  await rig.platform.clock.advance(10_000);
  expect(kind(rig)).toBe('live');
});

test('a socket that does not open is explained by what else answers there', async () => {
  const refused = await connectionRig();
  refused.server.lies.refuseUpgrade = true;
  refused.server.lies.http = () => ({
    status: 403,
    contentType: 'application/json',
    text: JSON.stringify({ error: new SkerryError('origin_refused').toBody() }),
  });
  await settle();
  expect(refused.connection.state.get()).toMatchObject({ kind: 'waiting', cause: { kind: 'refusedOrigin' } });

  const other = await connectionRig();
  other.server.lies.refuseUpgrade = true;
  other.server.lies.http = () => ({ status: 200, contentType: 'text/html', text: '<!doctype html>' });
  await settle();
  expect(other.connection.state.get()).toMatchObject({ kind: 'waiting', cause: { kind: 'notSkerry' } });
});

test('pausing closes the socket at once and nothing wakes it; resuming dials', async () => {
  const rig = await connectionRig();
  await settle();
  rig.connection.disable();
  await settle();
  expect(rig.server.peers.size).toBe(0);
  expect(kind(rig)).toBe('disabled');
  rig.connection.wake('online');
  rig.connection.tryNow();
  await rig.platform.clock.advance(600_000);
  expect(dials(rig)).toBe(1);
  rig.connection.enable();
  await settle();
  expect(kind(rig)).toBe('live');
});

test('a snapshot that cannot be had ends the connection, and it is tried again', async () => {
  const rig = await connectionRig();
  rig.sync.whenSynced = Promise.reject(new SkerryError('internal'));
  await settle();
  expect(rig.connection.state.get()).toMatchObject({ kind: 'waiting', cause: { kind: 'serverError' } });
  rig.sync.whenSynced = Promise.resolve();
  await rig.platform.clock.advance(5_000);
  expect(kind(rig)).toBe('live');
});

test('disposing ends the socket, the timers and the loop', async () => {
  const rig = await connectionRig();
  await settle();
  await rig.connection[Symbol.asyncDispose]();
  await settle();
  expect(rig.server.peers.size).toBe(0);
  expect(rig.platform.clock.waiting).toBe(0);
  expect(kind(rig)).toBe('offline');
});

test('S1.25: at most six servers are dialled at once, and a seventh follows when one is through', async () => {
  const platform = memoryPlatform();
  const slots = new DialSlots();
  const rigs: Rig[] = [];
  for (let i = 0; i < 9; i++) {
    const rig = await connectionRig({ platform, slots, origin: `https://s${i}.example` });
    // Takes the dial and never says a word.
    rig.server.lies.frame = () => true;
    rigs.push(rig);
  }
  await settle();
  expect(rigs.filter((rig) => kind(rig) === 'connecting')).toHaveLength(6);
  const [first] = rigs;
  first?.server.closeAll(1011);
  await settle();
  expect(rigs.filter((rig) => kind(rig) === 'connecting')).toHaveLength(6);
  expect(platform.network.sent.filter((sent) => sent.kind === 'dial')).toHaveLength(7);
});

test('a command of the send queue and one of the person share the socket, and each gets its own answer', async () => {
  const rig = await connectionRig();
  await settle();
  const id = (n: number): CommandId => `0197f3f4-0000-7000-8000-${n.toString().padStart(12, '0')}` as CommandId;
  const gone = '0197f3f4-0000-7000-8000-00000000ffff' as MessageId;
  expect(rig.sync.link?.command(id(1), { kind: 'message.delete', message: gone })).toBe(true);
  const made = rig.requests.run(
    id(2),
    { kind: 'channel.create', name: 'ops', topic: '', visibility: 'public', history: 'all' },
    new AbortController().signal,
  );
  await expect(made).resolves.toMatchObject({ seq: expect.any(Number) });
  await settle();
  expect(rig.sync.answers).toMatchObject([[id(1), { ok: false, error: { code: 'not_found' } }]]);
});

test('a request of the person that a cut interrupts goes out again under its own id', async () => {
  const rig = await connectionRig();
  await settle();
  rig.server.lies.frame = (frame, peer) => {
    if (frame.t === 'cmd') peer.close(1006);
    return frame.t === 'cmd';
  };
  const id = '0197f3f4-0000-7000-8000-000000000001' as CommandId;
  const done = rig.requests.run(id, { kind: 'profile.update', displayName: 'Anna' }, new AbortController().signal);
  await settle();
  delete rig.server.lies.frame;
  await rig.platform.clock.advance(5_000);
  await expect(done).resolves.toMatchObject({ seq: expect.any(Number) });
  expect(framesOf(rig, 'cmd')).toMatchObject([{ id }, { id }]);
});

test('what is not answered in time, or asked while not connected, fails with a reason', async () => {
  const rig = await connectionRig();
  const signal = new AbortController().signal;
  const id = '0197f3f4-0000-7000-8000-000000000001' as CommandId;
  await expect(rig.requests.run(id, { kind: 'profile.update', displayName: 'Anna' }, signal)).rejects.toMatchObject({
    code: 'unavailable',
  });
  await settle();
  rig.server.lies.frame = (frame) => frame.t === 'cmd';
  const slow = rig.requests.run(id, { kind: 'profile.update', displayName: 'Anna' }, signal);
  const failed = expect(slow).rejects.toMatchObject({ code: 'unavailable', reason: { kind: 'timeout' } });
  await rig.platform.clock.advance(15_000);
  await failed;
});
