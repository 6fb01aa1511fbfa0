import { SkerryError } from '@skerry/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createClient } from '../client.ts';
import type { ServerHandle, SkerryClient } from '../face.ts';
import { FakeServer, json } from '../testing/fake-server.ts';
import { settle } from '../testing/manual-clock.ts';
import { memoryPlatform, type MemoryPlatform } from '../testing/memory-platform.ts';
import { lines, ModelAssistants } from '../testing/model-assistants.ts';
import type { AssistantsHandle, FleetAssistants } from './face.ts';

type Place = {
  readonly server: FakeServer;
  readonly model: ModelAssistants;
  readonly handle: ServerHandle;
  readonly assistants: AssistantsHandle;
};

let platform: MemoryPlatform;
let client: SkerryClient;
let fleet: FleetAssistants;
let a: Place;
let b: Place;
let stop: () => void;

/** Parts are loaded in between, which takes turns of the real event loop. */
async function until(isSo: () => boolean): Promise<void> {
  for (let turn = 0; turn < 400 && !isSo(); turn += 1) {
    await settle();
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  expect(isSo()).toBe(true);
}

async function join(origin: string): Promise<Place> {
  const server = new FakeServer(origin, { now: () => platform.clock.now() });
  const model = new ModelAssistants(server);
  server.person('anna');
  platform.network.serve(origin, server);
  const probed = await client.probe(origin, {
    allowPlain: false,
    signal: new AbortController().signal,
    onStep: () => undefined,
  });
  if (!probed.ok) throw new Error(probed.step);
  const id = await client.join(probed.found, { kind: 'signIn', username: 'anna', password: 'correct horse' });
  const handle = client.server(id);
  if (handle === undefined) throw new Error('not there');
  await until(() => handle.state.get().kind === 'live');
  return { server, model, handle, assistants: await handle.assistants() };
}

const standings = () => fleet.view.get().servers.map(({ view }) => view.standing);
const names = () =>
  fleet.view.get().guilds.map(({ guild, entryId }) => `${guild.guildName}@${entryId === a.handle.id ? 'a' : 'b'}`);
const guildOn = (place: Place, at = 0) => {
  const guild = place.assistants.view.get().guilds[at];
  if (guild === undefined) throw new Error('no such guild');
  return guild;
};
const refuse = (code: 'internal' | 'forbidden') => () => {
  throw new SkerryError(code);
};

beforeEach(async () => {
  platform = memoryPlatform();
  client = await createClient(platform, { mode: 'hub' });
  a = await join('https://a.example');
  b = await join('https://b.example');
  fleet = await client.assistants();
});
afterEach(async () => {
  stop?.();
  await client[Symbol.asyncDispose]();
});

async function look(): Promise<void> {
  stop = fleet.watch();
  await until(() => standings().length === 2 && standings().every((one) => one !== 'loading'));
}

describe('assistants over all servers (S3.29, S3.49)', () => {
  it('adds up what each of them tells, and keeps equal ids of two servers apart', async () => {
    const quay = a.model.addGuild('Quay', {
      botActive: true,
      messagesSentCount: 3,
      messagesReceivedCount: 9,
      websiteCount: 2,
    });
    b.model.addGuild('Mill', { ...quay, id: quay.id, guildName: 'Mill', messagesSentCount: 4 });
    await look();
    await until(() => fleet.view.get().totals.sentToday === 7);
    const { guilds, totals, missing } = fleet.view.get();
    expect(names()).toEqual(['Mill@b', 'Quay@a']);
    expect(new Set(guilds.map(({ guild }) => guild.serverId)).size).toBe(1);
    expect(new Set(guilds.map(({ key }) => key)).size).toBe(2);
    expect(totals).toEqual({ guilds: 2, active: 2, sent: 7, received: 18, websites: 4, sentToday: 7, bots: 0 });
    expect(missing).toEqual([]);
    // What is done to one of the twins is not done to the other.
    await a.assistants.setActive(quay.serverId, false);
    expect([guildOn(a).botActive, guildOn(b).botActive, b.model.guilds[0]?.botActive]).toEqual([false, true, true]);
  });

  it('says which server has them switched off, is signed out of or paused, and goes on with the others', async () => {
    a.model.addGuild('Quay');
    b.model.enabled = false;
    await look();
    expect(standings()).toEqual(['ready', 'off']);
    expect(names()).toEqual(['Quay@a']);
    expect(fleet.view.get().missing).toEqual([]);
    await b.handle.signOut('keep');
    await until(() => standings()[1] === 'signedOut');
    await a.handle.pause();
    await until(() => standings()[0] === 'paused');
    expect(names()).toEqual(['Quay@a']);
  });

  it('keeps what it heard of a server that goes away, says that it is old, and asks again when it is back', async () => {
    a.model.addGuild('Quay');
    b.model.addGuild('Mill', { messagesSentCount: 1 });
    await look();
    b.server.lies.refuseUpgrade = true;
    b.server.closeAll(1001);
    await until(() => standings()[1] === 'away');
    expect(standings()[0]).toBe('ready');
    expect(fleet.view.get().guilds.map(({ stale }) => stale)).toEqual([true, false]);
    expect(fleet.view.get().missing.map(({ entryId }) => entryId)).toEqual([b.handle.id]);
    b.model.addGuild('Weir');
    b.server.lies.refuseUpgrade = false;
    b.handle.tryNow();
    await until(() => standings()[1] === 'ready' && names().length === 3);
    expect(fleet.view.get().missing).toEqual([]);
  });

  it('shows the others while one is slow, and none of the nonsense of one that lies', async () => {
    a.model.addGuild('Quay', { messagesSentCount: 2 });
    const held: (() => void)[] = [];
    b.model.before = () => new Promise<void>((resolve) => void held.push(resolve));
    stop = fleet.watch();
    await until(() => standings()[0] === 'ready');
    expect(standings()[1]).toBe('loading');
    expect(fleet.view.get().totals.sent).toBe(2);
    b.model.before = ({ name }) => (name === 'guilds' ? json(200, { servers: [{ guildName: 'Not one' }] }) : undefined);
    for (const answer of held) answer();
    await until(() => standings()[1] === 'ready');
    await b.assistants.refresh();
    expect(standings()[1]).toBe('away');
    expect(b.assistants.view.get().problem).toContain('makes no sense');
    expect(names()).toEqual(['Quay@a']);
    // The same guild twice, and counts that would make the sum unusable.
    const mill = b.model.addGuild('Mill', { messagesSentCount: Number.MAX_SAFE_INTEGER });
    b.model.before = ({ name }) => (name === 'guilds' ? json(200, { servers: [mill, mill] }) : undefined);
    await b.assistants.refresh();
    expect(names()).toEqual(['Mill@b', 'Quay@a']);
    expect(fleet.view.get().totals.sent).toBe(Number.MAX_SAFE_INTEGER);
  });

  it('asks nobody while nobody looks', async () => {
    await look();
    stop();
    await settle();
    const before = a.model.asked.length;
    await platform.clock.advance(120_000);
    expect(a.model.asked).toHaveLength(before);
    stop = fleet.watch();
    await until(() => a.model.asked.length > before);
  });

  it('takes new counts over while somebody looks', async () => {
    const quay = a.model.addGuild('Quay');
    await look();
    a.model.guilds[0] = { ...quay, messagesSentCount: 5 };
    await platform.clock.advance(20_000);
    await until(() => fleet.view.get().totals.sent === 5);
    await until(() => fleet.view.get().totals.sentToday === 5);
  });
});

describe('the assistants of one server (S3.30, S3.31)', () => {
  it('shows a switch at once, takes it back when the server refuses, and holds on to the last wish', async () => {
    const { serverId } = a.model.addGuild('Quay');
    await look();
    let answer: () => void = () => undefined;
    a.model.before = ({ name }) =>
      name === 'updateGuild' ? new Promise<void>((resolve) => (answer = resolve)) : undefined;
    const turned = a.assistants.setActive(serverId, true);
    expect(guildOn(a).botActive).toBe(true);
    // An answer of before does not turn it back meanwhile.
    await a.assistants.refresh();
    expect(guildOn(a).botActive).toBe(true);
    const back = a.assistants.setActive(serverId, false);
    expect(guildOn(a).botActive).toBe(false);
    await until(() => a.model.asked.includes('updateGuild'));
    a.model.before = () => undefined;
    answer();
    await Promise.all([turned, back]);
    expect([guildOn(a).botActive, a.model.guilds[0]?.botActive]).toEqual([false, false]);

    a.model.before = ({ name }) => (name === 'updateGuild' ? refuse('internal')() : undefined);
    const failing = a.assistants.setActive(serverId, true);
    expect(guildOn(a).botActive).toBe(true);
    await expect(failing).rejects.toMatchObject({ code: 'internal' });
    expect(guildOn(a).botActive).toBe(false);
  });

  it('shows at once what was added, changed and removed, whatever an older answer says', async () => {
    await look();
    const added = await a.assistants.addGuild({ guildId: '100000000000000007', guildName: 'Quay' });
    expect(names()).toEqual(['Quay@a']);
    await expect(a.assistants.addGuild({ guildId: '100000000000000007', guildName: 'Quay' })).rejects.toMatchObject({
      code: 'already_exists',
    });
    let answer: () => void = () => undefined;
    a.model.before = async ({ name }) => {
      if (name !== 'guilds') return undefined;
      const old = json(200, { servers: [...a.model.guilds] });
      a.model.before = () => undefined;
      await new Promise<void>((resolve) => (answer = resolve));
      return old;
    };
    const refreshing = a.assistants.refresh();
    await until(() => a.model.asked.filter((name) => name === 'guilds').length === 2);
    await a.assistants.update(added.serverId, { information: 'Open at nine.' });
    answer();
    await refreshing;
    expect(guildOn(a).information).toBe('Open at nine.');
    await a.assistants.removeGuild(added.serverId);
    expect(names()).toEqual([]);
  });

  it('connects a bot by a token that goes to that server alone and is not kept here', async () => {
    const token = 'x'.repeat(59);
    a.model.addBot(token, 'Helper');
    await look();
    await expect(a.assistants.connectBot('y'.repeat(59))).rejects.toMatchObject({ code: 'bot_refused' });
    await a.assistants.connectBot(token);
    expect(a.assistants.view.get().bot?.botName).toBe('Helper');
    expect(fleet.view.get().totals.bots).toBe(1);
    const holding = platform.network.sent.filter((sent) => JSON.stringify(sent).includes(token));
    expect(holding.map((sent) => sent.url)).toEqual(['https://a.example/api/discord/token']);
    expect(JSON.stringify([...platform.disk.secrets, a.assistants.view.get()])).not.toContain(token);
    await a.assistants.disconnectBot();
    expect(a.assistants.view.get().bot).toBeNull();
  });

  it('tells how far the reading of a website is, and what came of it', async () => {
    const { serverId } = a.model.addGuild('Quay');
    await look();
    const website = await a.assistants.addWebsite(serverId, 'https://quay.example/');
    expect(guildOn(a).websiteCount).toBe(1);
    const steps: string[] = [];
    const read = await a.assistants.fetchWebsite(serverId, website.id, { onStep: ({ step }) => steps.push(step) });
    expect([steps, read.status]).toEqual([['robots', 'reading'], 'ready']);
    await a.assistants.removeWebsite(serverId, website.id);
    expect([guildOn(a).websiteCount, await a.assistants.websites(serverId)]).toEqual([0, []]);
  });

  it('gives an answer on as it comes, and fails when it ends too soon', async () => {
    const { serverId } = a.model.addGuild('Quay');
    await look();
    const group = await a.assistants.addChatGroup(serverId, null);
    const { id } = await a.assistants.addConversation(group.id, null);
    const heard: string[] = [];
    const answer = await a.assistants.say(id, 'hello', { onText: (piece) => heard.push(piece) });
    expect([heard, answer.text]).toEqual([['You ', 'said hello'], 'You said hello']);
    a.model.before = ({ name }) => (name === 'say' ? lines([{ t: 'text', text: 'half' }]) : undefined);
    await expect(a.assistants.say(id, 'again')).rejects.toMatchObject({ code: 'unavailable' });
    // An older server, or one in between, gives it whole.
    const whole = { ...answer, text: 'Whole.' };
    a.model.before = ({ name }) => (name === 'say' ? json(200, { message: whole }) : undefined);
    expect(await a.assistants.say(id, 'once more')).toEqual(whole);
  });

  it('ends with its server: what is on its way is let go of', async () => {
    const { serverId } = a.model.addGuild('Quay');
    await look();
    let answer: () => void = () => undefined;
    a.model.before = ({ name }) =>
      name === 'guildStats' ? new Promise<void>((resolve) => (answer = resolve)) : undefined;
    const asked = a.assistants.stats(serverId, 30);
    await until(() => a.model.asked.includes('guildStats'));
    const ended = expect(asked).rejects.toThrow('disposed');
    await a.handle.remove({ signOutThere: false });
    answer();
    await ended;
    await until(() => fleet.view.get().servers.length === 1);
    expect(fleet.view.get().servers[0]?.entryId).toBe(b.handle.id);
  });
});
