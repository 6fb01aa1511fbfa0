import { SkerryError, type ChannelId } from '@skerry/protocol';
import type { VoiceSay } from '@skerry/protocol/voice';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { RateLimits } from '../rate-limits.ts';
import { RealtimeFixture, type Member } from '../testing/realtime-fixture.ts';
import { freshId } from '../testing/test-server.ts';
import type { EngineEvents, Stay, VoiceEngine } from './engine.ts';
import { Voice, type Link } from './voice.ts';

/** Carries no sound: what the media do is said by the test. */
class SilentEngine implements VoiceEngine {
  readonly events: EngineEvents;
  readonly stays = new Set<Stay>();
  constructor(events: EngineEvents) {
    this.events = events;
  }
  async join(stay: Stay) {
    this.stays.add(stay);
    return { kind: 'webrtc' as const, sdp: 'v=0', slots: [] };
  }
  async renegotiate(): Promise<never> {
    throw new SkerryError('not_found');
  }
  slotsOf = () => [];
  setRights = () => undefined;
  async leave(stay: Stay) {
    this.stays.delete(stay);
  }
  async status(): Promise<never> {
    throw new SkerryError('not_found');
  }
  async [Symbol.asyncDispose]() {}
}

const GRACE_MS = 120;
const NOW = { now: () => Date.now() };
let fixture: RealtimeFixture;
let voice: Voice;
let engine: SilentEngine;
let room: ChannelId;

beforeAll(async () => {
  fixture = await RealtimeFixture.open();
  voice = new Voice({
    db: fixture.db,
    limits: new RateLimits(NOW, 1_000),
    clock: NOW,
    relay: { urls: ['turn:turn.example.org'], secret: 'shared' },
    engine: (events) => (engine = new SilentEngine(events)),
    onFault: (fault) => expect.fail(String(fault)),
    graceMs: GRACE_MS,
  });
  room = await makeRoom();
});
afterAll(async () => {
  await voice[Symbol.asyncDispose]();
  await fixture[Symbol.asyncDispose]();
});

async function makeRoom(): Promise<ChannelId> {
  const id = freshId();
  const json = JSON.stringify({
    kind: 'channel.create',
    name: 'lounge',
    topic: '',
    visibility: 'public',
    history: 'all',
    voice: { people: 0 },
  });
  await fixture.db.write('command.run', { ...fixture.owner, id, json });
  return id as string as ChannelId;
}

type Told = Link & { readonly said: VoiceSay[]; readonly failed: string[] };

function linkOf({ account, session }: Member): Told {
  const said: VoiceSay[] = [];
  const failed: string[] = [];
  return {
    account,
    session,
    said,
    failed,
    isMember: () => true,
    say: (_id, say) => said.push(say),
    fail: (_id, error) => failed.push(error.code),
  };
}

async function join(link: Told): Promise<Stay> {
  const id = freshId();
  voice.receive(link, { id, ask: { kind: 'join', channel: room, sdp: 'v=0', muted: false, deaf: false } });
  await expect.poll(() => link.said.some(({ kind }) => kind === 'joined')).toBe(true);
  const stay = [...engine.stays].find((one) => one.id === id);
  if (stay === undefined) throw new Error('it did not join');
  return stay;
}

const endOf = (link: Told): unknown => link.said.find(({ kind }) => kind === 'ended');
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const away = (link: Told): boolean[] =>
  link.said.flatMap((say) => (say.kind === 'room' ? [say.people.some((person) => person.away)] : []));

it('V-7: media that never come, or go and do not come back, end the stay after the grace; others see who is away', async () => {
  const link = linkOf(await fixture.person());
  const never = await join(link);
  await expect.poll(() => endOf(link)).toEqual({ kind: 'ended', stay: never.id, channel: room, why: 'lost' });
  expect(engine.stays.size).toBe(0);

  const second = linkOf(fixture.owner);
  const stay = await join(second);
  engine.events.connected(stay, true);
  await pause(GRACE_MS * 1.5);
  engine.events.connected(stay, false);
  await pause(GRACE_MS / 2);
  engine.events.connected(stay, true);
  await pause(GRACE_MS * 1.5);
  expect(endOf(second)).toBeUndefined();
  expect(away(second).slice(-3)).toEqual([false, true, false]);
  engine.events.connected(stay, false);
  await expect.poll(() => endOf(second)).toMatchObject({ stay: stay.id, why: 'lost' });
});

it('V-7: a socket that is gone and does not come back ends the stay after the grace, and the room is empty', async () => {
  const link = linkOf(fixture.owner);
  const watching = linkOf(await fixture.person());
  voice.receive(watching, { id: freshId(), ask: { kind: 'watch', on: true } });
  const stay = await join(link);
  engine.events.connected(stay, true);
  voice.gone(link);
  await pause(GRACE_MS / 2);
  expect(engine.stays).toContain(stay);
  const next = linkOf(fixture.owner);
  voice.receive(next, { id: freshId(), ask: { kind: 'resume', stay: stay.id } });
  await expect.poll(() => next.said.map(({ kind }) => kind)).toContain('resumed');
  await pause(GRACE_MS * 1.5);
  expect(engine.stays).toContain(stay);
  voice.gone(next);
  await expect.poll(() => engine.stays.size).toBe(0);
  await expect.poll(() => watching.said.at(-1)).toEqual({ kind: 'room', channel: room, people: [] });
  expect(endOf(next)).toBeUndefined();
});

it('V-7: a stay is resumed by its own session alone, ids of two people may be equal', async () => {
  const link = linkOf(fixture.owner);
  const stay = await join(link);
  engine.events.connected(stay, true);
  const other = linkOf(await fixture.person());
  const elsewhere = linkOf(await fixture.signIn(fixture.owner));
  for (const stranger of [other, elsewhere]) {
    voice.receive(stranger, { id: freshId(), ask: { kind: 'resume', stay: stay.id } });
    voice.receive(stranger, { id: freshId(), ask: { kind: 'leave', stay: stay.id } });
    await expect.poll(() => stranger.failed).toEqual(['not_found', 'not_found']);
  }
  const ask = { kind: 'join', channel: room, sdp: 'v=0', muted: false, deaf: false } as const;
  voice.receive(other, { id: stay.id, ask });
  await expect.poll(() => engine.stays.size).toBe(2);
  voice.receive(other, { id: freshId(), ask: { kind: 'leave', stay: stay.id } });
  await expect.poll(() => [...engine.stays]).toEqual([stay]);
  voice.receive(link, { id: freshId(), ask: { kind: 'leave', stay: stay.id } });
  await expect.poll(() => engine.stays.size).toBe(0);
});

it('V-12: who joins gets credentials of the relay that end by themselves', async () => {
  const link = linkOf(fixture.owner);
  await join(link);
  const joined = link.said.find((say) => say.kind === 'joined');
  const [server] = joined?.iceServers ?? [];
  const [until = '', account] = (server?.username ?? '').split(':');
  expect({ urls: server?.urls, account }).toEqual({ urls: ['turn:turn.example.org'], account: link.account });
  expect(Number(until) * 1_000 - Date.now()).toBeGreaterThan(11 * 3_600_000);
  expect(server?.credential).toMatch(/^[A-Za-z0-9+/]{27}=$/);
  await voice.stop();
  expect(endOf(link)).toMatchObject({ why: 'stopped' });
  voice.receive(link, { id: freshId(), ask: { kind: 'watch', on: true } });
  await expect.poll(() => link.failed).toEqual(['unavailable']);
});
