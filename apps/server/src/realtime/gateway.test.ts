import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { mentionOf, uuidv7, type ChannelId, type CommandId, type MessageId, type Position } from '@skerry/protocol';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { RealtimeFixture, type Member } from '../testing/realtime-fixture.ts';
import { SocketClient } from '../testing/socket-client.ts';

let fixture: RealtimeFixture;
let ann: Member;
let bob: Member;
beforeAll(async () => {
  fixture = await RealtimeFixture.open();
});
afterAll(() => fixture[Symbol.asyncDispose]());
beforeEach(async () => {
  ann = await fixture.person();
  bob = await fixture.person();
});
afterEach(() => fixture.hangUp());

const newId = <Id extends string = CommandId>() => uuidv7<Id>(Date.now(), randomBytes(10));
const message = (text: string, channel: ChannelId = fixture.general) =>
  ({ kind: 'message.send', channel, text, replyTo: null }) as const;
const enter = async (member: Member, resume: Position | null = null) => {
  const client = await fixture.connect();
  const welcome = await client.signIn(member.token, resume);
  return { client, welcome };
};
const texts = (client: SocketClient) =>
  client.events.flatMap((event) => (event.kind === 'message' ? [event.message.text] : []));
const lastMark = (client: SocketClient): Position => {
  const marks = client.frames.flatMap((frame) => (frame.t === 'mark' ? [{ seq: frame.seq, tag: frame.tag }] : []));
  const last = marks.at(-1);
  if (last === undefined) throw new Error('no mark came');
  return last;
};

describe('a channel that hides what came before', () => {
  it('L-14 tells live members each what they may see, in numbers without a hole', async () => {
    const { client: onAnn } = await enter(ann);
    const { client: onBob } = await enter(bob);
    const channel = newId<ChannelId>();
    await onAnn.run(
      { kind: 'channel.create', name: 'closed', topic: '', visibility: 'public', history: 'joined' },
      channel as string as CommandId,
    );
    const old = newId();
    await onAnn.run(message('the old secret', channel), old);
    await onBob.run({ kind: 'channel.join', channel });
    await onAnn.run({ kind: 'message.edit', message: old as string as MessageId, text: 'the old secret, edited' });
    const { seq } = await onAnn.run(message('new', channel));
    await onBob.marked(seq);
    await onAnn.marked(seq);
    const told = (client: SocketClient) =>
      client.events.filter(({ stream }) => stream === channel).map(({ kind, n }) => `${n} ${kind}`);
    expect(told(onBob)).toEqual(['3 member', '4 hidden', '5 message']);
    expect(JSON.stringify(onBob.frames)).not.toContain('secret');
    expect(texts(onAnn)).toContain('the old secret, edited');
  });
});

describe('connecting', () => {
  it('goes hello, proof, auth, welcome, reset, full presence, and then live', async () => {
    const { client, welcome } = await enter(ann);
    expect(client.frames.map((frame) => frame.t)).toEqual(['proof', 'welcome', 'reset', 'presence']);
    expect(client.frames[2]).toEqual({ t: 'reset', reason: 'new' });
    expect(welcome).toMatchObject({
      account: ann.account,
      resumed: false,
      heartbeatMs: 25_000,
      limits: { frameUpBytes: 65_536, inFlight: 16, messageText: 8_000 },
    });
    expect(client.frames[3]).toMatchObject({ full: true, accounts: expect.arrayContaining([[ann.account, 'online']]) });
    const { seq } = await client.run(message('hello'));
    await client.marked(seq);
    expect(texts(client)).toEqual(['hello']);
  });

  it('closes a socket that says something else than hello first, or that says nothing', async () => {
    const rude = await fixture.connect();
    rude.send({ t: 'auth', token: ann.token, resume: null });
    expect(await rude.closed).toMatchObject({ code: 4400 });
    const silent = await fixture.connect();
    expect(await silent.closed).toMatchObject({ code: 4408 });
  }, 15_000);

  it('says which side is too old and closes', async () => {
    const client = await fixture.connect();
    client.send({ t: 'hello', v: { min: 7, max: 9 }, device: 'd', nonce: 'n'.repeat(22), origin: 'http://x' });
    expect(await client.next('fail')).toMatchObject({
      id: null,
      error: { code: 'incompatible', message: 'The server is too old.' },
    });
    expect(await client.closed).toMatchObject({ code: 4400 });
  });

  it('refuses a token nobody has with 4401, and tells it nothing', async () => {
    const client = await fixture.connect();
    await client.hello();
    client.send({ t: 'auth', token: 'x'.repeat(43), resume: null });
    expect(await client.next('fail')).toMatchObject({ error: { code: 'unauthorized' } });
    expect(await client.closed).toMatchObject({ code: 4401 });
    expect(client.frames.map((frame) => frame.t)).toEqual(['proof', 'fail']);
  });

  it('a newer socket of the same session takes the place of the older one', async () => {
    const { client: older } = await enter(ann);
    const { client: newer } = await enter(ann);
    expect(await older.closed).toMatchObject({ code: 4409 });
    await newer.marked((await newer.run(message('still here'))).seq);
  });

  it.each([
    ['a foreign path', '/api/elsewhere', {}, '404'],
    ['a token in the address', '/api/socket?token=abc', {}, '400'],
    ['the origin null', '/api/socket', { Origin: 'null' }, '403'],
  ])('refuses %s before the switch of protocols', async (_what, path, headers, status) => {
    await expect(SocketClient.open(fixture.url.replace('/api/socket', path), headers)).rejects.toThrow(
      `Unexpected server response: ${status}`,
    );
  });
});

describe('what happens live', () => {
  it('every member gets the same message once, numbered without a hole, and then a mark', async () => {
    const { client: a } = await enter(ann);
    const { client: b } = await enter(bob);
    const sent: string[] = [];
    let seq = 0;
    for (let i = 0; i < 20; i++) {
      sent.push(`message ${i}`);
      seq = (await (i % 2 === 0 ? a : b).run(message(`message ${i}`))).seq;
    }
    for (const client of [a, b]) {
      await client.marked(seq);
      expect(texts(client)).toEqual(sent);
      const numbers = client.events.filter((event) => event.stream === fixture.general).map((event) => event.n);
      expect(numbers).toEqual(numbers.map((_, i) => (numbers[0] ?? 0) + i));
      expect(client.frames.at(-1)?.t).toBe('mark');
    }
  });

  it('answers before it tells, and both only after the commit', async () => {
    const { client } = await enter(ann);
    const id = newId();
    await client.run(message('x'), id);
    await client.next('events');
    const kinds = client.frames.map((frame) => frame.t);
    expect(kinds.indexOf('ok')).toBeLessThan(kinds.indexOf('events'));
    const page = JSON.parse(
      new TextDecoder().decode(
        await fixture.db.read('messages.one', { account: ann.account, message: id as string as MessageId }),
      ),
    );
    expect(page).toMatchObject({ id, text: 'x' });
  });

  it('who is no member hears nothing of a private channel, and a joiner only from its joining on', async () => {
    const { client: a } = await enter(ann);
    const { client: b } = await enter(bob);
    const secret = newId();
    await a.run(
      { kind: 'channel.create', name: 'secret', topic: '', visibility: 'private', history: 'joined' },
      secret,
    );
    const channel = secret as string as ChannelId;
    // Sent without waiting, so that they share batches: what comes before the joining must not slip through.
    const all = [
      message('before', channel),
      { kind: 'channel.add', channel, account: bob.account } as const,
      message('between', channel),
      { kind: 'channel.remove', channel, account: bob.account } as const,
      message('after', channel),
    ];
    const results = await Promise.all(all.map((command) => a.run(command)));
    await a.marked(Math.max(...results.map(({ seq }) => seq)));
    await b.until((frame) => frame.t === 'events' && frame.events.some((event) => event.kind === 'left'));
    await a.marked((await b.run(message('fence'))).seq);
    await b.until(
      (frame) =>
        frame.t === 'events' &&
        frame.events.some((event) => event.kind === 'message' && event.message.text === 'fence'),
    );
    expect(texts(b)).toEqual(['between', 'fence']);
    expect(b.events.filter(({ stream }) => stream === channel).map(({ kind }) => kind)).toEqual(['member', 'message']);
    expect(texts(a)).toEqual(['before', 'between', 'after', 'fence']);
  });

  it('a mention reaches the account stream of the mentioned alone', async () => {
    const { client: a } = await enter(ann);
    const { client: b } = await enter(bob);
    const { seq } = await a.run(message(`hi ${mentionOf(bob.account)}`));
    await b.marked(seq + 1);
    await a.marked(seq);
    expect(b.events.filter(({ stream }) => stream === 'account').map((event) => event.kind)).toEqual(['inbox']);
    expect(a.events.filter(({ stream }) => stream === 'account')).toEqual([]);
  });

  it('typing reaches the other members, nothing of it the log', async () => {
    const outsider = await fixture.person();
    await fixture.run(outsider, { kind: 'channel.leave', channel: fixture.general });
    const [{ client: a }, { client: b }, { client: c }] = await Promise.all([enter(ann), enter(bob), enter(outsider)]);
    const before = await fixture.db.read('log.position', null);
    c.send({ t: 'typing', channel: fixture.general });
    a.send({ t: 'typing', channel: fixture.general });
    expect(await b.next('typing')).toEqual({ t: 'typing', channel: fixture.general, account: ann.account });
    expect(await fixture.db.read('log.position', null)).toEqual(before);
    a.send({ t: 'ping', n: 7 });
    expect(await a.next('pong')).toMatchObject({ n: 7 });
    expect(a.frames.some((frame) => frame.t === 'typing')).toBe(false);
    expect(b.frames.filter((frame) => frame.t === 'typing')).toHaveLength(1);
  });

  it('presence is online while one socket is, away when all are, and offline at the end', async () => {
    const { client: watcher } = await enter(ann);
    const second = await fixture.signIn(bob);
    const [{ client: one }, { client: two }] = await Promise.all([enter(bob), enter(second)]);
    const told = (state: string) =>
      watcher.until(
        (frame) =>
          frame.t === 'presence' &&
          !frame.full &&
          frame.accounts.some(([account, now]) => account === bob.account && now === state),
      );
    await told('online');
    one.send({ t: 'presence', state: 'away' });
    two.send({ t: 'presence', state: 'away' });
    await told('away');
    one[Symbol.dispose]();
    two[Symbol.dispose]();
    await told('offline');
  });
});

describe('the end of a session', () => {
  it('closes its sockets with 4401 as soon as it is saved, and tells them nothing more', async () => {
    const { client: a } = await enter(ann);
    const { client: b } = await enter(bob);
    await fixture.db.write('auth.revokeSession', { account: ann.account, session: ann.session });
    expect(await a.closed).toMatchObject({ code: 4401 });
    await b.marked((await b.run(message('secret from now on'))).seq);
    expect(texts(a)).toEqual([]);
  });

  it('disabling an account closes all its sockets and refuses commands that are under way', async () => {
    const second = await fixture.signIn(ann);
    const [{ client: one }, { client: two }] = await Promise.all([enter(ann), enter(second)]);
    const disabling = fixture.run(fixture.owner, { kind: 'account.disable', account: ann.account, disabled: true });
    const late = fixture.run(ann, message('too late'));
    await disabling;
    await expect(late).rejects.toMatchObject({ code: 'session_revoked' });
    expect((await Promise.all([one.closed, two.closed])).map(({ code }) => code)).toEqual([4401, 4401]);
  });

  it('a session that ends while its socket is being let in does not get in', async () => {
    for (let i = 0; i < 10; i++) {
      const session = await fixture.signIn(ann);
      const client = await fixture.connect();
      await client.hello();
      client.send({ t: 'auth', token: session.token, resume: null });
      await fixture.db.write('auth.revokeSession', { account: session.account, session: session.session });
      expect(await client.closed).toMatchObject({ code: 4401 });
    }
  });
});

describe('wrong input', () => {
  it('an unknown kind of frame is answered and does not close the socket', async () => {
    const { client } = await enter(ann);
    client.socket.send('{"t":"nonsense"}');
    expect(await client.next('fail')).toMatchObject({ id: null, error: { code: 'bad_frame', retry: 'change' } });
    await client.marked((await client.run(message('goes on'))).seq);
  });

  it.each([
    ['no JSON', '{'],
    ['no object', '[]'],
    ['nothing', 'null'],
    ['a deep one', `{"t":${'['.repeat(40)}${']'.repeat(40)}}`],
  ])('%s is a bad frame', async (_what, text) => {
    const { client } = await enter(ann);
    client.socket.send(text);
    expect(await client.next('fail')).toMatchObject({ id: null, error: { code: 'bad_frame' } });
  });

  it('a command with a wrong field is refused under its id and changes nothing', async () => {
    const { client } = await enter(ann);
    const before = await fixture.db.read('log.position', null);
    const id = newId();
    client.socket.send(JSON.stringify({ t: 'cmd', id, command: { ...message('x'), extra: 1 } }));
    expect(await client.next('fail')).toMatchObject({ id, error: { code: 'bad_request' } });
    expect(await fixture.db.read('log.position', null)).toEqual(before);
  });

  it('many bad frames end in 4400, and so does a binary one', async () => {
    const { client } = await enter(ann);
    for (let i = 0; i < 25; i++) client.socket.send('{}');
    expect(await client.closed).toMatchObject({ code: 4400 });
    const { client: binary } = await enter(bob);
    binary.socket.send(Buffer.from('{"t":"ping","n":1}'), { binary: true });
    expect(await binary.closed).toMatchObject({ code: 4400 });
  });

  it('a frame of exactly 64 KiB is read, one byte more closes with 4413', async () => {
    const { client } = await enter(ann);
    client.socket.send(`{"t":"ping","n":1}`.padEnd(65_536));
    expect(await client.next('pong')).toMatchObject({ n: 1 });
    client.socket.send(`{"t":"ping","n":2}`.padEnd(65_537));
    expect(await client.closed).toMatchObject({ code: 4413 });
  });

  it('a frame that announces a gibibyte is refused at its header', async () => {
    const { client } = await enter(ann);
    const raw = (client.socket as unknown as { _socket: { write(bytes: Buffer): void } })._socket;
    const header = Buffer.alloc(14);
    header[0] = 0x81;
    header[1] = 0xff;
    header.writeBigUInt64BE(1n << 30n, 2);
    raw.write(header);
    expect(await client.closed).toMatchObject({ code: 4413 });
  });

  it('a message in endless fragments is cut off', async () => {
    const { client } = await enter(ann);
    const raw = (client.socket as unknown as { _socket: { write(bytes: Buffer): void } })._socket;
    const piece = (first: boolean) => Buffer.from([first ? 0x01 : 0x00, 0x81, 0, 0, 0, 0, 0x20]);
    raw.write(Buffer.concat(Array.from({ length: 200 }, (_, i) => piece(i === 0))));
    expect(await client.closed).toMatchObject({ code: 4400 });
  });

  it('more than 16 commands in flight are refused one by one', async () => {
    const { client } = await enter(ann);
    const outcomes = await Promise.allSettled(Array.from({ length: 200 }, (_, i) => client.run(message(`${i}`))));
    const codes = outcomes.map((outcome) =>
      outcome.status === 'fulfilled' ? 'ok' : (outcome.reason as Error).message,
    );
    expect(codes.filter((code) => code === 'ok').length).toBeGreaterThanOrEqual(16);
    expect(new Set(codes)).toEqual(new Set(['ok', 'rate_limited']));
    await client.run(message('later it passes'));
  });
});

describe('resuming', () => {
  it('brings exactly what was missed and then a mark, and nothing at all when nothing was', async () => {
    const { client: a } = await enter(ann);
    const { client: b } = await enter(bob);
    await b.marked((await a.run(message('seen'))).seq);
    const from = lastMark(b);
    b[Symbol.dispose]();
    const { seq } = await a.run(message('missed one'));
    await a.run(message('missed two'));
    const { client: back, welcome } = await enter(bob, from);
    expect(welcome.resumed).toBe(true);
    expect(back.frames.map((frame) => frame.t)).toEqual(['proof', 'welcome', 'events', 'mark', 'presence']);
    expect(texts(back)).toEqual(['missed one', 'missed two']);
    expect(back.events[0]?.seq).toBe(seq);
    const here = lastMark(back);
    back[Symbol.dispose]();
    const { client: again } = await enter(bob, here);
    expect(again.frames.map((frame) => frame.t)).toEqual(['proof', 'welcome', 'mark', 'presence']);
    expect(lastMark(again)).toEqual(here);
  });

  it('is refused with the reason when the log has another tag there, or does not reach that far', async () => {
    const { client } = await enter(ann);
    await client.marked((await client.run(message('x'))).seq);
    const { seq, tag } = lastMark(client);
    for (const resume of [
      { seq, tag: 'f'.repeat(16) },
      { seq: seq - 1, tag },
      { seq: seq + 1, tag },
    ]) {
      const { client: other, welcome } = await enter(await fixture.signIn(ann), resume);
      expect(welcome.resumed).toBe(false);
      expect(await other.next('reset')).toEqual({ t: 'reset', reason: 'diverged' });
    }
  });

  it('is refused as too far after more than 1,000 events, or when they are no longer kept', async () => {
    const start = await fixture.db.read('log.position', null);
    await Promise.all(Array.from({ length: 1_000 }, (_, i) => fixture.run(ann, message(`${i}`))));
    const { client: just } = await enter(bob, start);
    expect(texts(just)).toHaveLength(1_000);
    await fixture.run(ann, message('one more'));
    const { client: far } = await enter(await fixture.signIn(bob), start);
    expect(await far.next('reset')).toEqual({ t: 'reset', reason: 'too_far' });
    const near = await fixture.db.read('log.position', null);
    await fixture.run(ann, message('last'));
    await fixture.db.write('log.prune', { before: Date.now() + 60_000, most: 100_000 });
    const { client: pruned } = await enter(await fixture.signIn(bob), near);
    expect(await pruned.next('reset')).toEqual({ t: 'reset', reason: 'too_far' });
  });

  it('loses and repeats nothing while others keep writing, wherever it is cut', async () => {
    const { client: a } = await enter(ann);
    const writing = (async () => {
      for (let i = 0; i < 150; i++) await a.run(message(`m${i}`));
    })();
    const seen: string[] = [];
    let resume: Position = await fixture.db.read('log.position', null);
    const before = resume.seq;
    for (let cut = 0; cut < 12; cut++) {
      const { client: b } = await enter(await fixture.signIn(bob), resume);
      await b.until((frame) => frame.t === 'mark' && frame.seq > resume.seq, 1_000).catch(() => undefined);
      // Only what a mark confirmed counts as seen; the rest comes again.
      resume = lastMark(b);
      const confirmed = b.frames.slice(
        0,
        b.frames.findLastIndex((frame) => frame.t === 'mark'),
      );
      for (const frame of confirmed)
        if (frame.t === 'events')
          for (const event of frame.events)
            if (event.kind === 'message' && event.seq > before) seen.push(event.message.text);
      b[Symbol.dispose]();
    }
    await writing;
    const { client: last } = await enter(await fixture.signIn(bob), resume);
    seen.push(...texts(last));
    expect(seen).toEqual(Array.from({ length: 150 }, (_, i) => `m${i}`));
  });
});

describe('readers that do not read', () => {
  it('are closed with 4429 and do not slow down the others', async () => {
    await expect.poll(() => fixture.gateway.size).toBe(0);
    fixture.closes.length = 0;
    const { client: a } = await enter(ann);
    const port = Number(new URL(fixture.url).port);
    const slow = connect({ port, host: '127.0.0.1' });
    slow.write(
      `GET /api/socket HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`,
    );
    const say = (frame: unknown) => {
      const payload = Buffer.from(JSON.stringify(frame));
      const header =
        payload.length < 126
          ? Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0])
          : Buffer.from([0x81, 0xfe, payload.length >> 8, payload.length & 255, 0, 0, 0, 0]);
      slow.write(Buffer.concat([header, payload]));
    };
    const heard = (text: string) =>
      new Promise<void>((resolve) => {
        let all = '';
        const listen = (bytes: Buffer) => {
          all += bytes.toString('latin1');
          if (!all.includes(text)) return;
          slow.off('data', listen);
          resolve();
        };
        slow.on('data', listen);
      });
    const proved = heard('"t":"proof"');
    say({ t: 'hello', v: { min: 1, max: 1 }, device: 'slow', nonce: 'n'.repeat(22), origin: 'http://x' });
    await proved;
    const welcomed = heard('"t":"presence"');
    say({ t: 'auth', token: bob.token, resume: null });
    await welcomed;
    slow.pause();
    const text = 'x'.repeat(7_900);
    let seq = 0;
    // Whoever is dropped is no longer here.
    const isDropped = () =>
      a.frames.some(
        (frame) =>
          frame.t === 'presence' && frame.accounts.some(([id, now]) => id === bob.account && now === 'offline'),
      );
    let sent = 0;
    for (; sent < 5_000 && !isDropped(); sent++) ({ seq } = await a.run(message(text)));
    await a.marked(seq);
    expect(texts(a)).toHaveLength(sent);
    const got: Buffer[] = [];
    slow.on('data', (bytes: Buffer) => got.push(bytes));
    slow.resume();
    await expect.poll(() => fixture.closes, { timeout: 8_000 }).toEqual([4429]);
    const all = Buffer.concat(got);
    // What was left in the buffers ends in a close frame that says why.
    expect(all.subarray(-8)).toEqual(Buffer.from([0x88, 6, 4429 >> 8, 4429 & 255, ...Buffer.from('slow')]));
    expect(fixture.gateway.size).toBe(1);
    slow.destroy();
  }, 30_000);
});

describe('stopping', () => {
  it('answers what was accepted, then closes with 4503 and how long to wait, and takes nobody new', async () => {
    const { client } = await enter(ann);
    const pending = Array.from({ length: 10 }, (_, i) => client.run(message(`last ${i}`)));
    await new Promise((resolve) => setTimeout(resolve, 5));
    const closing = fixture.gateway.close(1_234);
    const outcomes = await Promise.allSettled(pending);
    expect(await client.closed).toEqual({ code: 4503, reason: '1234' });
    await closing;
    await expect(fixture.connect()).rejects.toThrow('503');
    const answered = outcomes.filter((outcome) => outcome.status === 'fulfilled').length;
    expect(texts(client)).toHaveLength(answered);
  });
});
