import { randomUUID } from 'node:crypto';
import { cp, rename, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AskEnd, MachinePlatform } from '@skerry/core/machine';
import { MemoryDisk } from '@skerry/core/testing';
import type { Answer, Ask, DeviceList } from '@skerry/protocol';
import type { AgentCall, AskContent, RunLine, RunMeta } from '@skerry/protocol/agents';
import { parts } from '@skerry/server';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { newId } from '../harness/raw-client.ts';
import { PairedMachine } from './paired-machine.ts';
import { PersonDevice, salt, sha256 } from './person-device.ts';

const { KeyedAccount, TestServer } = parts;

let server: parts.TestServer;
let ada: parts.KeyedAccount;
let laptop: PersonDevice;
let phone: PersonDevice;
let studio: PairedMachine;

beforeAll(async () => {
  server = await TestServer.start({ machines: true });
  ada = await KeyedAccount.withKey(server, 'ada');
  laptop = await PersonDevice.create(ada, ada.who);
  phone = await PersonDevice.create(ada);
  await ada.setDevices([laptop.device, phone.device]);
  studio = await PairedMachine.create(ada);
});
afterAll(() => server[Symbol.asyncDispose]());
afterEach(() => server.closeSockets());

const soon = (holds: () => unknown): Promise<unknown> => vi.waitFor(holds, { timeout: 8_000, interval: 20 });
const meta: RunMeta = {
  v: 1,
  kind: 'agent',
  title: 'Fix the parser',
  folder: '/people/ada/parser',
  agent: 'plain',
  branch: 'main',
  mode: null,
  modes: [],
};
const line = (text: string): RunLine => ({
  v: 1,
  at: 1,
  cut: false,
  entry: { kind: 'said', as: 'answer', text },
});
const permission = (): AskContent => ({
  v: 1,
  salt: salt(),
  kind: 'permission',
  folder: '/people/ada/parser',
  subject: { kind: 'command', command: 'rm', args: ['-r', 'build'], cwd: '/people/ada/parser', env: [] },
  choices: [
    { id: 'yes', name: 'Allow', kind: 'allow_once' },
    { id: 'no', name: 'Reject', kind: 'reject_once' },
  ],
  cut: false,
});

/** A link with a run, whose ends and calls are kept. */
async function working(machine = studio, lies?: Parameters<PairedMachine['start']>[0]) {
  const link = await machine.start(lies);
  const ends: AskEnd[] = [];
  const calls: { call: AgentCall; from: number }[] = [];
  link.onAskEnd((end) => {
    ends.push(end);
    return Promise.resolve();
  });
  link.onCall((call, from) => {
    calls.push({ call, from });
    return Promise.resolve({ v: 1, did: 'yes' });
  });
  const run = randomUUID();
  await link.createRun(run, meta);
  const opened = async (waitMs = 60_000): Promise<string> => {
    const id = randomUUID();
    await link.openAsk({ id, run, kind: 'permission', content: permission(), expiresAt: Date.now() + waitMs });
    return id;
  };
  return {
    link,
    ends,
    calls,
    run,
    opened,
    [Symbol.asyncDispose]: () => link[Symbol.asyncDispose](),
  };
}

const soonest = (): number => Date.now() + 60_000;
const askPlace = (run: string, ask: string) => ({ machine: studio.number, body: { use: 'ask', run, ask } }) as const;

/** The person's list as it is, but for what is given. */
const list = (changes: { machines?: DeviceList['machines'] } = {}) =>
  ada.setDevices(ada.devices, ada.key, { machines: ada.list?.machines, ...changes });

/** Takes a device off the list. */
async function leave({ device }: PersonDevice): Promise<void> {
  ada.devices.splice(ada.devices.indexOf(device), 1);
  await list();
}

/** Waits until a device has the keys of a run. */
const keys = (run: string, device = phone) =>
  soon(async () => {
    await device.takeKeys();
    expect(device.keysOf(run).length).toBeGreaterThan(0);
  });

/** What a server would show of an ask that was answered so. */
function answered(ask: Ask, given: Awaited<ReturnType<PersonDevice['answering']>>, device: number): Ask {
  const { decision, body, signature } = given;
  return {
    ...ask,
    state: 'answered',
    closedAt: Date.now(),
    answer: { device, at: Date.now(), decision, body, signature },
  };
}

/** A server that says what it likes, by a platform that brings it. */
class Lies {
  isDeaf = false;
  changes: (list: DeviceList) => DeviceList = (list) => list;
  #hear: (frame: string) => void = () => undefined;

  readonly platform = (platform: MachinePlatform): MachinePlatform => ({
    ...platform,
    openTransport: (url, options, handlers) => {
      this.#hear = (frame) => handlers.frame(frame);
      const frame = (text: string): void => {
        if (!this.isDeaf) handlers.frame(text);
      };
      return platform.openTransport(url, options, { ...handlers, frame });
    },
    http: {
      request: async (asked) => {
        const answer = await platform.http.request(asked);
        if (!asked.url.endsWith('/api/keys/lists')) return answer;
        const told = JSON.parse(answer.text) as Answer<'deviceLists'>;
        const accounts = told.accounts.map((one) => ({ ...one, lists: one.lists.map(this.changes) }));
        return { ...answer, text: JSON.stringify({ ...told, accounts }) };
      },
    },
  });

  say(ask: Ask): void {
    const event = { seq: 1, n: 1, kind: 'machines', item: { kind: 'ask', ask } };
    this.#hear(JSON.stringify({ t: 'events', stream: 'account', events: [event] }));
  }
}

const entriesOf = async (run: string) =>
  (await server.ask('runEntries', { token: laptop.device.accessToken, params: { runId: run }, query: { after: '0' } }))
    .entries;

describe('the link of a machine', () => {
  it('brings two devices the keys of what it says, which nobody else reads (M-13, M-14)', async () => {
    await using here = await working();
    const { link, run } = here;
    expect(await link.append(run, [{ id: randomUUID(), line: line('first') }])).toBe(1);
    await link.describe({ v: 1, root: '/people/ada', agents: [], recent: [] });
    for (const device of [laptop, phone]) {
      await soon(async () => {
        await device.takeKeys();
        expect([device.keysOf(null), device.keysOf(run)]).toEqual([[1], [1]]);
      });
      const [entry] = await entriesOf(run);
      const machine = studio.number;
      const place = { machine, body: { use: 'entry', run, entry: entry?.id ?? '' } } as const;
      expect(await device.open(entry?.body ?? '', place)).toMatchObject({ entry: { text: 'first' } });
      const elsewhere = { machine, body: { use: 'entry', run, entry: randomUUID() } } as const;
      await expect(device.open(entry?.body ?? '', elsewhere)).rejects.toThrow('no key');
      const { machines, runs } = await server.ask('machines', { token: device.device.accessToken });
      expect(await device.open(machines[0]?.info ?? '', { machine, body: { use: 'info' } })).toMatchObject({
        root: '/people/ada',
      });
      const kept = runs.find(({ id }) => id === run)?.meta ?? '';
      expect(await device.open(kept, { machine, body: { use: 'meta', run } })).toEqual(meta);
    }
  });

  it('keeps an entry once, however often it is sent, also over a restart and under a key that came since (M-9)', async () => {
    const ids = [randomUUID(), randomUUID()];
    const lines = ids.map((id, i) => ({ id, line: line(`line ${i}`) }));
    const run = randomUUID();
    {
      await using here = await working();
      await here.link.createRun(run, meta);
      expect(await here.link.append(run, lines)).toBe(2);
      expect(await here.link.append(run, lines)).toBe(2);
    }
    {
      await using link = await studio.start();
      const third = { id: randomUUID(), line: line('line 2') };
      expect(await link.append(run, [...lines, third])).toBe(3);
      expect(await link.append(run, lines)).toBe(3);
      expect(await link.append(run, [{ id: randomUUID(), line: line('line 3') }])).toBe(4);
    }
    const entries = await entriesOf(run);
    expect(entries.slice(0, 2).map(({ id }) => id)).toEqual(ids);
    expect(entries).toHaveLength(4);
  });

  it('has a listing awaited, and is over when the list no longer names it (M-1, M-8)', async () => {
    const attic = await PairedMachine.create(ada, { listed: false });
    await using link = await attic.start();
    await soon(() => expect(link.state.get()).toEqual({ kind: 'unlisted' }));
    const waits = link.describe({ v: 1, root: '/', agents: [], recent: [] });
    const others = ada.list?.machines ?? [];
    await list({ machines: [...others, attic.machine.listed()] });
    await waits;
    expect(link.state.get()).toEqual({ kind: 'live' });
    expect(attic.saved.length).toBeGreaterThan(0);
    await list({ machines: others });
    await soon(() => expect(link.state.get()).toEqual({ kind: 'revoked' }));
    await expect(link.createRun(randomUUID(), meta)).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('sends nothing to another server at its address (P-13)', async () => {
    const { identity } = studio;
    const sent: string[] = [];
    const watched = (platform: MachinePlatform): MachinePlatform => ({
      ...platform,
      http: {
        request: (asked) => {
          sent.push(JSON.stringify([asked.url, asked.headers, asked.body]));
          return platform.http.request(asked);
        },
      },
    });
    const another = { ...identity, serverKey: identity.accountKey };
    await using link = await studio.start(watched, { identity: another, disk: new MemoryDisk() });
    await soon(() => expect(link.state.get()).toMatchObject({ kind: 'refused', why: 'identity' }));
    expect(sent.join()).not.toContain('Bearer');
    expect(sent.join()).not.toContain('refresh');
  });

  it('brings a device that is listed later all keys, and new ones to those that stay when one leaves (M-14)', async () => {
    await using here = await working();
    const { link, run } = here;
    await link.append(run, [{ id: randomUUID(), line: line('before') }]);
    const tablet = await PersonDevice.create(ada);
    await list();
    await soon(async () => {
      await tablet.takeKeys();
      expect([tablet.keysOf(null), tablet.keysOf(run)]).toEqual([[1], [1]]);
    });
    expect(tablet.runs()).toBeGreaterThan(1);
    await leave(tablet);
    await soon(async () => {
      await phone.takeKeys();
      expect(phone.keysOf(null)).toEqual([2, 1]);
    });
    await link.append(run, [{ id: randomUUID(), line: line('after') }]);
    await soon(async () => {
      await phone.takeKeys();
      expect([phone.keysOf(null), phone.keysOf(run)]).toEqual([
        [2, 1],
        [2, 1],
      ]);
    });
    const machine = studio.number;
    const [, second] = await entriesOf(run);
    const place = { machine, body: { use: 'entry', run, entry: second?.id ?? '' } } as const;
    expect(await phone.open(second?.body ?? '', place)).toMatchObject({ entry: { text: 'after' } });
    await expect(tablet.open(second?.body ?? '', place)).rejects.toThrow('no key');
    // Under the key that the one who left has as well.
    expect(await phone.call(machine, { do: 'cancel', run }, { old: 1 })).toBeNull();
    expect(here.calls).toEqual([]);
    expect(await phone.call(machine, { do: 'cancel', run })).toMatchObject({ did: 'yes' });
    expect(here.calls).toMatchObject([{ call: { wish: { do: 'cancel', run } }, from: phone.number }]);
  });

  it('hands on calls of a listed device that are new and whole, and sends keys again where they lack (M-12, M-14, M-15)', async () => {
    await using here = await working();
    const machine = studio.number;
    await soon(async () => {
      await laptop.takeKeys();
      expect(laptop.keysOf(here.run)).toEqual([1]);
    });
    const wish = { do: 'prompt', run: here.run, text: 'go on' } as const;
    const stale = { v: 1, did: 'no', problem: 'stale' };
    expect(await laptop.call(machine, wish, { at: Date.now() - 11 * 60_000 })).toMatchObject(stale);
    expect(await laptop.call(machine, wish, { at: Date.now() + 11 * 60_000 })).toMatchObject(stale);
    expect(await laptop.call(machine, { ...wish, text: 'x'.repeat(8_001) })).toMatchObject({ problem: 'bad_call' });
    expect(await laptop.call(machine, { do: 'erase everything' } as never)).toMatchObject({ problem: 'bad_call' });
    expect(await laptop.send(machine, { id: newId(), body: 'AAAA' })).toBeNull();
    expect(here.calls).toEqual([]);
    // What could not be read was answered with the keys once more; a minute has not passed.
    await soon(async () => expect(await laptop.takeKeys()).toBeGreaterThan(1));
    expect(await laptop.call(machine, null)).toBeNull();
    expect(await laptop.call(machine, wish)).toMatchObject({ did: 'yes' });
    expect(await laptop.takeKeys()).toBe(0);
    const stranger = await PersonDevice.create(ada);
    ada.devices.splice(ada.devices.indexOf(stranger.device), 1);
    expect(await stranger.call(machine, null).catch(({ message }: Error) => message)).not.toMatchObject({ did: 'yes' });
    expect(await stranger.takeKeys()).toBe(0);
    here.link.onCall(() => Promise.reject(new Error('the agent is gone')));
    expect(await laptop.call(machine, wish)).toMatchObject({ did: 'no', problem: 'bad_call' });
    expect(here.calls).toHaveLength(1);
  });
});

describe('asks of a machine', () => {
  it('are answered by the first device, cancelled, or expire, and each end is told (M-10, M-11)', async () => {
    await using here = await working();
    const { link, ends } = here;
    await keys(here.run);
    await keys(here.run, laptop);
    const first = await here.opened();
    expect(await phone.open((await phone.ask(first)).body ?? '', askPlace(here.run, first))).toMatchObject({
      subject: { command: 'rm' },
    });
    expect((await phone.answer(first, 'yes')).status).toBe(200);
    expect(await laptop.answer(first, 'no')).toMatchObject({ status: 409, code: 'ask_closed' });
    await soon(() =>
      expect(ends).toMatchObject([
        { ask: first, run: here.run, kind: 'answered', by: phone.number, answer: { choice: 'yes' } },
      ]),
    );
    await link.taken(first);
    expect((await phone.ask(first)).takenAt).not.toBeNull();
    expect(await link.cancelAsk(first)).toBe('closed');
    await expect(
      link.openAsk({ id: first, run: here.run, kind: 'permission', content: permission(), expiresAt: soonest() }),
    ).rejects.toMatchObject({ code: 'ask_closed' });
    const second = await here.opened();
    expect(await link.cancelAsk(second)).toBe('cancelled');
    expect((await phone.ask(second)).state).toBe('cancelled');
    const third = await here.opened(1_200);
    await soon(() =>
      expect(ends.slice(1)).toMatchObject([
        { ask: second, kind: 'cancelled' },
        { ask: third, kind: 'expired' },
      ]),
    );
  });

  it('are acted on for no answer that a listed device did not give to what was asked (M-11, T18, T19)', async () => {
    const lies = new Lies();
    await using here = await working(studio, lies.platform);
    await keys(here.run);
    const other = randomUUID();
    await here.link.createRun(other, meta);
    await keys(other);
    const gone = await PersonDevice.create(ada);
    await list();
    await keys(here.run, gone);
    await leave(gone);
    const { key, number } = studio.machine;
    type Forging = (ask: Ask) => Promise<Ask>;
    const by =
      (
        device: PersonDevice,
        said: Parameters<PersonDevice['answering']>[2] = {},
        signer: Parameters<PersonDevice['answering']>[3] = device.device.key,
      ): Forging =>
      async (ask) =>
        answered(ask, await device.answering(ask, 'yes', said, signer), said.device ?? device.number);
    const forgeries: Record<string, [why: string, Forging]> = {
      'a signature of nobody': ['signature', by(phone, {}, { sign: () => 'A'.repeat(86) })],
      'the machine, as itself': ['signer', by(phone, { device: number }, key)],
      'the machine, as the phone': ['signature', by(phone, {}, key)],
      'another server': ['signature', by(phone, { serverId: other })],
      'another run': ['signature', by(phone, { run: other })],
      'another ask': ['signature', by(phone, { ask: other })],
      'what was not asked': ['signature', by(phone, { digest: sha256(Buffer.from('something else')) })],
      'another end': ['signature', by(phone, { expiresAt: Date.now() + 999_999 })],
      'a device that left': ['signer', by(gone)],
      'another decision than was signed': [
        'decision',
        async (ask) => {
          const yes = await by(phone)(ask);
          const no = await phone.answering(ask, 'no');
          return yes.answer === null ? yes : { ...yes, answer: { ...yes.answer, body: no.body } };
        },
      ],
      'no answer at all': ['decision', (ask) => Promise.resolve({ ...ask, state: 'answered', answer: null })],
    };
    for (const [title, [why, forge]] of Object.entries(forgeries)) {
      const id = await here.opened();
      lies.say(await forge(await phone.ask(id)));
      await soon(() => expect(here.ends.at(-1), title).toMatchObject({ ask: id, kind: 'unverified', why }));
      // What comes for it from then on is not heard any more.
      lies.say(await by(phone)(await phone.ask(id)));
    }
    const held = await here.opened();
    lies.say({ ...(await phone.ask(held)), state: 'cancelled' });
    await soon(() => expect(here.ends.at(-1)).toMatchObject({ ask: held, kind: 'cancelled' }));
    expect((await phone.answer(held, 'yes')).status).toBe(200);
    const late = await here.opened(1_100);
    const was = await phone.ask(late);
    const answer = await by(phone)(was);
    lies.isDeaf = true;
    await sleep(1_200);
    lies.say(answer);
    await soon(() => expect(here.ends.at(-1)).toMatchObject({ ask: late, kind: 'unverified', why: 'late' }));
    expect(here.ends).toHaveLength(Object.keys(forgeries).length + 2);
    expect(here.ends.some(({ kind }) => kind === 'answered')).toBe(false);
  });

  it('wait while the list that the server shows does not follow, and nothing is believed until it does (E-3, T35)', async () => {
    const lies = new Lies();
    await using here = await working(studio, lies.platform);
    await keys(here.run);
    const id = await here.opened();
    const tablet = await PersonDevice.create(ada);
    lies.changes = (list) => ({ ...list, devices: list.devices.slice(1) });
    await list();
    await soon(() => expect(here.link.state.get()).toEqual({ kind: 'refused', why: 'list', list: 'signature_wrong' }));
    expect((await phone.answer(id, 'yes')).status).toBe(200);
    await expect(here.opened()).rejects.toMatchObject({ code: 'unavailable' });
    expect(await phone.call(studio.number, { do: 'cancel', run: here.run })).toBeNull();
    expect([here.ends, here.calls]).toEqual([[], []]);
    lies.changes = (list) => list;
    await leave(tablet);
    await soon(() => expect(here.ends).toMatchObject([{ ask: id, kind: 'answered', by: phone.number }]));
    expect(here.link.state.get()).toEqual({ kind: 'live' });
  });

  it('end as they ended while the machine was away, and are told until they are taken, over a restart too (T19)', async () => {
    const ids: Record<string, string> = {};
    {
      await using here = await working();
      await keys(here.run);
      for (const name of ['answered', 'untold', 'expired', 'open'])
        ids[name] = await here.opened(name === 'expired' ? 1_500 : 60_000);
      here.link.onAskEnd(() => Promise.reject(new Error('the disk is full')));
      expect((await phone.answer(ids['untold'] ?? '', 'no')).status).toBe(200);
      await sleep(200);
    }
    expect((await phone.answer(ids['answered'] ?? '', 'yes')).status).toBe(200);
    await sleep(1_500);
    await using link = await studio.start();
    const ends: AskEnd[] = [];
    let refusals = 2;
    link.onAskEnd(async (end) => {
      if (refusals-- > 0) throw new Error('not yet');
      ends.push(end);
    });
    await soon(() =>
      expect(ends.map(({ ask, kind }) => [ask, kind]).sort()).toEqual(
        [
          [ids['answered'], 'answered'],
          [ids['untold'], 'answered'],
          [ids['expired'], 'expired'],
        ].sort(),
      ),
    );
    expect((await phone.answer(ids['open'] ?? '', 'yes')).status).toBe(200);
    await soon(() => expect(ends.at(-1)).toMatchObject({ ask: ids['open'], kind: 'answered' }));
    expect(ends).toHaveLength(4);
  });
});

describe('two servers', () => {
  it('with the same ids are two, and one that stops takes nothing from the other; what was on its way arrives once (S2.49, S2.56)', async () => {
    await using elsewhere = await TestServer.start({ machines: true });
    const eve = await KeyedAccount.withKey(elsewhere, 'ada');
    const tablet = await PersonDevice.create(eve, eve.who);
    await eve.setDevices([tablet.device]);
    const attic = await PairedMachine.create(eve);
    await using here = await working();
    await using there = await working(attic);
    const { run } = here;
    await there.link.createRun(run, meta);
    await keys(run);
    await soon(async () => {
      await tablet.takeKeys();
      expect(tablet.keysOf(run)).toEqual([1]);
    });
    const ask = { id: randomUUID(), run, kind: 'permission', content: permission(), expiresAt: soonest() } as const;
    await Promise.all([here.link.openAsk(ask), there.link.openAsk(ask)]);
    expect((await phone.answer(ask.id, 'yes')).status).toBe(200);
    await soon(() => expect(here.ends).toHaveLength(1));
    expect([there.ends, (await tablet.ask(ask.id)).state]).toEqual([[], 'open']);
    const { port } = new URL(elsewhere.running.url);
    await elsewhere.stop();
    await soon(() => expect(there.link.state.get().kind).toBe('waiting'));
    const lines = [{ id: randomUUID(), line: line('while it is away') }];
    const pending = [there.link.append(run, lines), there.link.setRun(run, { state: 'working' })];
    const opening = there.opened();
    await sleep(100);
    const given = { ...ask, id: randomUUID() };
    const opened = there.link.openAsk(given);
    await sleep(100);
    const cancelling = there.link.cancelAsk(given.id);
    expect(await here.link.append(run, lines)).toBe(1);
    await elsewhere.start({ port: Number(port) });
    expect((await tablet.answer(ask.id, 'no')).status).toBe(200);
    await Promise.all([...pending, opened]);
    expect(await cancelling).toBe('cancelled');
    expect((await tablet.ask(given.id)).state).toBe('cancelled');
    expect((await tablet.ask(await opening)).state).toBe('open');
    await soon(() =>
      expect(there.ends.find((end) => end.ask === ask.id)).toMatchObject({
        answer: { choice: 'no' },
        by: tablet.number,
      }),
    );
    expect(there.ends.map(({ kind }) => kind).sort()).toEqual(['answered', 'cancelled']);
    const kept = await elsewhere.ask('runEntries', { token: tablet.device.accessToken, params: { runId: run } });
    expect(kept.entries.map(({ id }) => id)).toEqual(lines.map(({ id }) => id));
    expect(here.ends).toHaveLength(1);
  });

  it('that was put back to an earlier day gets an open ask again; while it has no machines nothing is sent to it (M-10)', async () => {
    await using elsewhere = await TestServer.start({ machines: true });
    const eve = await KeyedAccount.withKey(elsewhere, 'eve');
    const tablet = await PersonDevice.create(eve, eve.who);
    await eve.setDevices([tablet.device]);
    const attic = await PairedMachine.create(eve);
    await using there = await working(attic);
    await soon(async () => {
      await tablet.takeKeys();
      expect(tablet.keysOf(there.run)).toEqual([1]);
    });
    const port = Number(new URL(elsewhere.running.url).port);
    await elsewhere.stop();
    const copy = `${elsewhere.data}-copy`;
    await cp(elsewhere.data, copy, { recursive: true });
    await elsewhere.start({ port });
    const id = await there.opened();
    const before = await tablet.ask(id);
    await elsewhere.stop();
    await rm(elsewhere.data, { recursive: true });
    await rename(copy, elsewhere.data);
    await elsewhere.start({ port, machines: false });
    await soon(() => expect(there.link.state.get()).toMatchObject({ kind: 'refused', why: 'unsupported' }));
    await expect(there.opened()).rejects.toMatchObject({ code: 'unavailable' });
    await elsewhere.stop();
    await elsewhere.start({ port });
    await soon(async () => expect(await tablet.ask(id)).toMatchObject({ state: 'open', digest: before.digest }));
    expect((await tablet.answer(id, 'yes')).status).toBe(200);
    await soon(() => expect(there.ends).toMatchObject([{ ask: id, kind: 'answered', by: tablet.number }]));
  });
});
