import { createHmac, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect, createServer } from 'node:net';
import type { AccountId, ChannelId, SessionId } from '@skerry/protocol';
import { afterEach, expect, it } from 'vitest';
import { freshId } from '../testing/test-server.ts';
import { VoicePeer } from '../testing/voice-peer.ts';
import { EmbeddedEngine } from './embedded-engine.ts';
import type { Stay } from './engine.ts';

const SAYS_ALL = { speaks: true, hears: true };
const room = freshId() as string as ChannelId;
const engines: EmbeddedEngine[] = [];
const peers: VoicePeer[] = [];
afterEach(async () => {
  for (const peer of peers.splice(0)) await peer[Symbol.asyncDispose]();
  for (const engine of engines.splice(0)) await engine[Symbol.asyncDispose]();
});

function engineOn(first: number, last: number): EmbeddedEngine {
  const quiet = () => undefined;
  const events = { connected: quiet, speaking: quiet, slots: quiet, grow: quiet };
  const engine = new EmbeddedEngine({
    ports: [first, last],
    addresses: ['127.0.0.1'],
    events,
    now: () => Date.now(),
  });
  engines.push(engine);
  return engine;
}

const newStay = (account = freshId()): Stay => ({
  id: freshId(),
  room,
  account: account as string as AccountId,
  session: freshId() as string as SessionId,
});

async function join(engine: EmbeddedEngine, stay: Stay): Promise<VoicePeer> {
  const peer = new VoicePeer();
  peers.push(peer);
  const grant = await engine.join(stay, { sdp: await peer.offer(2), rights: SAYS_ALL });
  if (grant.kind === 'webrtc') await peer.take(grant.sdp);
  await peer.connected();
  return peer;
}

it('V-10: no more people than ports; every port comes back', async () => {
  const engine = engineOn(24_200, 24_201);
  const stays = [newStay(), newStay(), newStay()] as const;
  await join(engine, stays[0]);
  await join(engine, stays[1]);
  await expect(join(engine, stays[2])).rejects.toMatchObject({ code: 'unavailable', retryAfterMs: 5_000 });
  expect((await engine.status()).opens).toEqual({ udp: false, tcp: false });
  // Another server that was given the same range has nothing left in it.
  const other = engineOn(24_200, 24_201);
  await expect(join(other, newStay())).rejects.toMatchObject({ code: 'unavailable' });
  expect((await other.status()).ports?.inUse).toBe(0);
  await engine.leave(stays[0]);
  await join(engine, stays[2]);
  await engine.leave(stays[1]);
  await engine.leave(stays[2]);
  expect(await engine.status()).toMatchObject({
    ports: { inUse: 0 },
    opens: { udp: true, tcp: true },
    reachedFrom: 'machine',
    streams: 0,
  });
});

it('V-1: two servers with the same rooms and people carry nothing to each other', async () => {
  const [one, two] = [engineOn(24_210, 24_219), engineOn(24_220, 24_229)];
  const [ann, bob] = [newStay(), newStay()];
  const annOnOne = await join(one, ann);
  await join(two, ann);
  const bobOnTwo = await join(two, bob);
  annOnOne.talk();
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(bobOnTwo.count()).toBe(0);
  expect(one.slotsOf(ann)).toEqual([]);
  await one.leave(bob);
  expect(two.slotsOf(ann)).toHaveLength(1);
});

it('V-10: a check that is not signed with what the client was told is not answered, and wins no connection', async () => {
  const engine = engineOn(24_240, 24_249);
  const stay = newStay();
  const peer = new VoicePeer();
  peers.push(peer);
  const grant = await engine.join(stay, { sdp: await peer.offer(1), rights: SAYS_ALL });
  if (grant.kind !== 'webrtc') throw new Error('no WebRTC');
  const [, ufrag = ''] = /a=ice-ufrag:(\S+)/.exec(grant.sdp) ?? [];
  const [, pwd = ''] = /a=ice-pwd:(\S+)/.exec(grant.sdp) ?? [];
  const stranger = createSocket('udp4');
  let answers = 0;
  stranger.on('message', () => (answers += 1));
  const sent = (bytes: Buffer): Promise<void> =>
    new Promise((resolve) => stranger.send(bytes, 24_240, '127.0.0.1', () => resolve()));
  await sent(check(`${ufrag}:abcd`, null));
  await sent(check(`${ufrag}:abcd`, 'a guess that is long enough'));
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(answers).toBe(0);
  await peer.take(grant.sdp);
  await peer.connected();
  expect((await engine.status()).reachedFrom).toBe('machine');
  // The same with the password is answered: what was dropped was well formed.
  await sent(check(`${ufrag}:abcd`, pwd));
  await expect.poll(() => answers).toBe(1);
  stranger.close();
});

it('V-10: 200 mangled offers and garbage on the ports: it lives, and no port stays behind', async () => {
  const engine = engineOn(24_230, 24_239);
  const listener = newStay();
  const speaker = newStay();
  const heard = await join(engine, listener);
  const source = new VoicePeer();
  peers.push(source);
  const offer = await source.offer(2);
  const random = numbersFrom(1);
  let refused = 0;
  for (let round = 0; round < 200; round++) {
    const stay = newStay();
    await engine.join(stay, { sdp: mangled(offer, random), rights: SAYS_ALL }).catch((error: { code?: string }) => {
      expect(['bad_request', 'unavailable']).toContain(error.code);
      refused += 1;
    });
    await engine.leave(stay);
  }
  // Some are stopped by the reading of offers, others reach the library.
  expect(refused).toBeGreaterThan(50);
  expect(refused).toBeLessThan(180);
  const free: number[] = [];
  for (let port = 24_230; port <= 24_239; port++) if (await isFree(port)) free.push(port);
  expect(free).toHaveLength(9);
  const garbage = createSocket('udp4');
  for (let port = 24_230; port <= 24_239; port++)
    for (const first of [0, 1, 20, 63, 128, 200, 255])
      garbage.send(Buffer.from([first, ...Array.from({ length: 60 }, () => random() % 256)]), port, '127.0.0.1');
  const tcp = connect(24_230, '127.0.0.1', () => tcp.end(Buffer.alloc(3_000, 7)));
  tcp.on('error', () => undefined);
  expect((await engine.status()).ports?.inUse).toBe(1);
  const grant = await engine.join(speaker, { sdp: offer, rights: SAYS_ALL });
  if (grant.kind === 'webrtc') await source.take(grant.sdp);
  await source.connected();
  source.talk();
  await expect.poll(() => heard.count()).toBeGreaterThan(5);
  garbage.close();
  tcp.destroy();
});

/** Whether a port can be opened for UDP and for TCP. */
async function isFree(port: number): Promise<boolean> {
  const datagrams = createSocket('udp4');
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => datagrams.once('error', reject).bind(port, resolve));
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, resolve));
    return true;
  } catch {
    return false;
  } finally {
    datagrams.close();
    server.close();
  }
}

/** Small numbers that are the same on every run. */
function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 8;
  };
}

/** Lines dropped, doubled, swapped or cut, characters changed, candidates that point elsewhere. */
function mangled(sdp: string, random: () => number): string {
  const lines = sdp.split('\r\n');
  for (let times = 1 + (random() % 3); times > 0; times--) {
    const at = random() % lines.length;
    const line = lines[at] ?? '';
    switch (random() % 6) {
      case 0:
        lines.splice(at, 1);
        break;
      case 1:
        lines.splice(at, 0, line);
        break;
      case 2:
        lines[at] = line.slice(0, random() % (line.length + 1));
        break;
      case 3:
        lines[at] = line.replace(/\d+/, String(random()));
        break;
      case 4:
        lines[at] = `${line.slice(0, 3)}${String.fromCharCode(random() % 256)}${line.slice(4)}`;
        break;
      default:
        lines.splice(at, 0, 'a=candidate:1 1 udp 2122260223 198.51.100.7 9 typ host');
    }
  }
  return lines.join('\r\n');
}

/** A connectivity check that asks to be chosen, signed with a password or not. RFC 8445, RFC 8489. */
function check(username: string, password: string | null): Buffer {
  const attribute = (type: number, value: Buffer): Buffer => {
    const head = Buffer.alloc(4);
    head.writeUInt16BE(type, 0);
    head.writeUInt16BE(value.length, 2);
    return Buffer.concat([head, value, Buffer.alloc((4 - (value.length % 4)) % 4)]);
  };
  const attributes = Buffer.concat([
    attribute(0x0006, Buffer.from(username)),
    attribute(0x0024, Buffer.from([0x6e, 0, 1, 0xff])),
    attribute(0x802a, randomBytes(8)),
    attribute(0x0025, Buffer.alloc(0)),
  ]);
  const header = Buffer.alloc(20);
  header.writeUInt16BE(0x0001, 0);
  header.writeUInt16BE(attributes.length + (password === null ? 0 : 24), 2);
  header.writeUInt32BE(0x2112a442, 4);
  randomBytes(12).copy(header, 8);
  const message = Buffer.concat([header, attributes]);
  if (password === null) return message;
  return Buffer.concat([message, attribute(0x0008, createHmac('sha1', password).update(message).digest())]);
}
