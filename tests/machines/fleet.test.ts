import { randomBytes } from 'node:crypto';
import type { AskView, EntryId, FleetMachines, Platform, ServerHandle } from '@skerry/core';
import type { RunContent } from '@skerry/protocol/agents';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId, signUp } from '../harness/raw-client.ts';
import { type RealServer, startReal } from '../harness/real-server.ts';
import { eventually, until } from '../harness/watch.ts';
import { Keyed } from '../sealed/keyed-member.ts';
import { COMMAND, type Computer, META } from './computer.ts';
import { paired } from './person-side.ts';

const salt = (): string => randomBytes(16).toString('base64url');
const said = (text: string): RunContent => ({ kind: 'said', as: 'answer', text });
const textOf = (content: RunContent | undefined): string | undefined =>
  content?.kind === 'said' ? content.text : undefined;

/** Rewrites what servers answer before the client reads it: as one would that lies. */
type Lie = (url: string, body: Record<string, unknown>) => void;

/** One person with two devices and a computer on each of two servers, for all that follows. */
describe('Machines of two servers', () => {
  let harbour: RealServer;
  let lighthouse: RealServer;
  let laptop: Keyed;
  let phone: Keyed;
  let atHarbour: ServerHandle;
  let atLighthouse: ServerHandle;
  let machines: FleetMachines;
  let onPhone: FleetMachines;
  let studio: Computer;
  let attic: Computer;
  let lie: Lie = () => undefined;

  const lying = (platform: Platform): Platform => ({
    ...platform,
    http: {
      request: async (request) => {
        const answer = await platform.http.request(request);
        if (answer.status !== 200 || answer.text === '') return answer;
        const body = JSON.parse(answer.text) as Record<string, unknown>;
        lie(request.url, body);
        return { ...answer, text: JSON.stringify(body) };
      },
    },
  });
  const phoneEntry = (server: RealServer): EntryId => phone.member.at(server.origin).id;
  const askOf = (fleet: FleetMachines, id: string, entry: EntryId): AskView | undefined => {
    const { asks, closed } = fleet.view.get();
    return [...asks, ...closed].find((ask) => ask.id === id && ask.entryId === entry);
  };
  const whenAsk = async (
    fleet: FleetMachines,
    [id, entry]: readonly [string, EntryId],
    wanted: (ask: AskView) => boolean,
  ): Promise<AskView> => {
    const isIt = (): boolean => {
      const ask = askOf(fleet, id, entry);
      return ask !== undefined && wanted(ask);
    };
    await until(fleet.view, isIt);
    return askOf(fleet, id, entry) as AskView;
  };
  const named = (fleet: FleetMachines, label: string) => fleet.view.get().machines.find(({ name }) => name === label);

  beforeAll(async () => {
    [harbour, lighthouse] = await Promise.all([startReal(['--machines', 'on']), startReal(['--machines', 'on'])]);
    await Promise.all([harbour, lighthouse].map(({ origin, setupCode }) => signUp(origin, 'owner', setupCode)));
    laptop = await Keyed.create({ platform: lying });
    [atHarbour, atLighthouse] = await Promise.all([
      laptop.register(harbour.origin, 'anna'),
      laptop.register(lighthouse.origin, 'anna'),
    ]);
    phone = await laptop.another();
    await Promise.all([phone.signIn(harbour.origin, 'anna'), phone.signIn(lighthouse.origin, 'anna')]);
    machines = await laptop.member.client.machines();
    [studio, attic] = await Promise.all([
      paired(machines, atHarbour.id, harbour.origin, 'studio'),
      paired(machines, atLighthouse.id, lighthouse.origin, 'attic'),
    ]);
    onPhone = await phone.member.client.machines();
  });
  afterAll(async () => {
    studio?.[Symbol.dispose]();
    attic?.[Symbol.dispose]();
    await phone?.[Symbol.asyncDispose]();
    await laptop?.[Symbol.asyncDispose]();
    await Promise.all([harbour, lighthouse].map((server) => server?.[Symbol.asyncDispose]()));
  });

  it('keys are taken though nobody looks, and read after a restart; without them nothing is (M-14)', async () => {
    await studio.describe({ v: 1, root: '/home/p', agents: [{ id: 'a', name: 'Tester' }], recent: [] });
    const run = await studio.createRun();
    await studio.sendKeys([1]);
    await until(machines.view, ({ runs }) => runs.find(({ id }) => id === run)?.meta?.title === 'Tidy up');
    await until(machines.view, () => named(machines, 'studio')?.info?.root === '/home/p');
    // The phone has not got them: it sees that there is a machine and a run, asks once, and reads neither.
    await until(onPhone.view, ({ runs }) => runs.some(({ id }) => id === run));
    expect(onPhone.view.get().runs.find(({ id }) => id === run)).toMatchObject({ meta: null, machineName: 'studio' });
    await until(onPhone.view, () => named(onPhone, 'studio')?.online === true);
    expect(named(onPhone, 'studio')).toMatchObject({ standing: 'locked', info: null });
    await eventually('the keys are asked for', () => studio.askedForKeys.filter((from) => from === 2).length === 1);

    phone = new Keyed(await phone.member.restart());
    await Promise.all([studio.sendKeys([2]), attic.sendKeys([2])]);
    const acked = (server: RealServer): boolean =>
      phone.member.wire.lines.some((line) => line.way === 'http' && line.url === `${server.origin}/api/to-device/ack`);
    await eventually('both queues are read', () => acked(harbour) && acked(lighthouse));
    // Nobody has looked at machines since it was started.
    phone = new Keyed(await phone.member.restart());
    onPhone = await phone.member.client.machines();
    await until(onPhone.view, ({ runs }) => runs.find(({ id }) => id === run)?.meta?.title === 'Tidy up');
    await until(onPhone.view, (view) => view.machines.length === 2);
    expect(onPhone.view.get().machines.map(({ standing }) => standing)).toEqual(['ready', 'ready']);
  });

  it('S2.25, S2.26: equal ids of two servers are two runs and two asks, and an answer reaches its own server alone (S1.29)', async () => {
    const [run, ask] = [newId(), newId()];
    const content = {
      v: 1,
      salt: salt(),
      kind: 'question',
      text: 'Which?',
      choices: ['a', 'b'],
      folder: '/',
      agent: 'x',
    } as const;
    for (const computer of [studio, attic]) {
      await computer.createRun(META, run);
      await computer.sendKeys([1, 2]);
      await computer.openAsk(run, { ...content, choices: [...content.choices] }, undefined, ask);
    }
    expect(studio.number).toBe(attic.number);
    await whenAsk(machines, [ask, atHarbour.id], (one) => one.content !== null);
    await whenAsk(machines, [ask, atLighthouse.id], (one) => one.content !== null && one.runTitle === 'Tidy up');
    expect(machines.view.get().runs.filter(({ id }) => id === run)).toHaveLength(2);
    const keys = machines.view.get().asks.map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);

    laptop.member.client.focus(atHarbour.id);
    const before = laptop.member.wire.lines.length;
    const at = { entryId: atLighthouse.id, id: ask };
    await expect(machines.answer(at, { choice: 'c', text: null })).rejects.toMatchObject({ code: 'bad_request' });
    await machines.answer(at, { choice: 'b', text: 'since you ask' });
    const told = await whenAsk(onPhone, [ask, phoneEntry(lighthouse)], (one) => one.answer?.content != null);
    expect(told).toMatchObject({ state: 'answered', answer: { device: 1, isThis: false, content: { choice: 'b' } } });
    await whenAsk(
      machines,
      [ask, atLighthouse.id],
      (one) => one.answer?.isThis === true && one.progress.kind === 'none',
    );
    expect(askOf(machines, ask, atHarbour.id)).toMatchObject({ state: 'open', answer: null });
    const up = laptop.member.wire.lines.slice(before).filter(({ way }) => way !== 'down');
    const toHarbour = up.filter(({ url }) => url.includes(new URL(harbour.origin).host));
    expect(JSON.stringify(toHarbour)).not.toContain(ask);
    const { answer } = await attic.askRow(ask);
    expect(attic.opened(run, ask, answer?.body ?? '')).toMatchObject({ choice: 'b', text: 'since you ask' });
    await attic.run({ kind: 'ask.taken', ask });
    await whenAsk(machines, [ask, atLighthouse.id], (one) => one.takenAt !== null);
  });

  it('S2.23: a transcript comes in pages, goes on as it is written, over a cut too, and ends when it is erased', async () => {
    const run = await studio.createRun();
    await studio.sendKeys([1]);
    const entries = Array.from({ length: 130 }, (_, at) => studio.entry(run, said(`line ${at + 1}`)));
    for (const at of [0, 64, 128]) await studio.run({ kind: 'run.append', run, entries: entries.slice(at, at + 64) });
    using handle = machines.run(atHarbour.id, run);
    const texts = (): (string | undefined)[] => handle.transcript.get().entries.map(({ line }) => textOf(line?.entry));
    await until(handle.transcript, ({ live, entries: shown }) => live && shown.at(-1)?.n === 130);
    const { length } = handle.transcript.get().entries;
    expect(length).toBeLessThan(130);
    expect(handle.transcript.get().hasOlder).toBe(true);
    while (handle.transcript.get().hasOlder) await handle.loadOlder();
    expect(texts()).toEqual(Array.from({ length: 130 }, (_, at) => `line ${at + 1}`));
    await studio.append(run, said('live'));
    await until(handle.transcript, ({ entries: shown }) => shown.length === 131);
    laptop.member.wire.cut(harbour.origin);
    await studio.append(run, said('while away'), said('and more'));
    await until(handle.transcript, ({ entries: shown, live }) => live && shown.length === 133, 20_000);
    expect(texts().slice(-3)).toEqual(['live', 'while away', 'and more']);
    await machines.erase(atHarbour.id, run);
    await until(handle.transcript, ({ ended, entries: shown }) => ended === 'erased' && shown.length === 0);
    using none = machines.run(atHarbour.id, newId());
    await until(none.transcript, ({ ended }) => ended === 'gone');
  });

  it('S2.21, S2.22, S2.31: calls reach the machine of their own server, are refused in its words, and are one wish however often they are made (M-12, M-15)', async () => {
    const at = { entry: atHarbour.id, machine: studio.number };
    studio.reply = ({ wish }) =>
      wish.do === 'folders'
        ? {
            v: 1,
            did: 'listed',
            path: '/home/p',
            parent: null,
            folders: [{ name: 'src', repository: true }],
            cut: false,
          }
        : { v: 1, did: 'no', problem: 'outside', say: 'not there' };
    await until(machines.view, () => named(machines, 'studio')?.online === true);
    expect(await machines.folders(at, null)).toMatchObject({ path: '/home/p', folders: [{ name: 'src' }] });
    const wish = { agent: 'a', folder: '/etc', mode: null, prompt: null };
    await expect(machines.start(at, wish)).rejects.toMatchObject({ problem: 'outside', say: 'not there' });
    studio.reply = undefined;
    const calls = studio.calls.length;
    const controller = new AbortController();
    const first = machines.start(at, wish, controller.signal);
    await eventually('it is called', () => studio.calls.length === calls + 1);
    controller.abort(new Error('the person went away'));
    await expect(first).rejects.toThrow('went away');
    const run = newId();
    studio.reply = () => ({ v: 1, did: 'started', run });
    expect(await machines.start(at, wish)).toBe(run);
    const [lost, again] = studio.calls.slice(calls);
    expect(again?.op).toBe(lost?.op);
    expect(await machines.start(at, wish)).toBe(run);
    expect(studio.calls.at(-1)?.op).not.toBe(lost?.op);
    expect(attic.calls).toEqual([]);
    studio.reply = () => ({ v: 1, did: 'yes' });
    studio.disconnect();
    await until(machines.view, () => named(machines, 'studio')?.online === false);
    await expect(machines.folders(at, null)).rejects.toMatchObject({ code: 'machine_offline' });
    await studio.connect();
    await until(machines.view, () => named(machines, 'studio')?.online === true);
    // A stop whose answer was lost is not what the next one means: by then something else goes on.
    using of = machines.run(atHarbour.id, await studio.createRun());
    studio.reply = undefined;
    const stops = studio.calls.length;
    const stopped = of.cancel();
    await eventually('it is called', () => studio.calls.length === stops + 1);
    studio.disconnect();
    await expect(stopped).rejects.toMatchObject({ code: 'machine_offline' });
    await studio.connect();
    await until(machines.view, () => named(machines, 'studio')?.online === true);
    studio.reply = () => ({ v: 1, did: 'yes' });
    await of.cancel();
    expect(studio.calls.at(-1)?.op).not.toBe(studio.calls[stops]?.op);
  });

  it('M-10: of two devices one answers, the other is told whose answer it was; late and cancelled ones are said to be so', async () => {
    const run = await studio.createRun();
    await studio.sendKeys([1, 2]);
    for (let turn = 0; turn < 6; turn++) {
      const ask = await studio.openAsk(run, { ...COMMAND, salt: salt() });
      await whenAsk(machines, [ask, atHarbour.id], ({ content }) => content !== null);
      await whenAsk(onPhone, [ask, phoneEntry(harbour)], ({ content }) => content !== null);
      const given = await Promise.allSettled([
        machines.answer({ entryId: atHarbour.id, id: ask }, { choice: 'yes', text: null }),
        onPhone.answer({ entryId: phoneEntry(harbour), id: ask }, { choice: 'no', text: null }),
      ]);
      const isWon = given.map(({ status }) => status === 'fulfilled');
      expect(isWon.filter(Boolean)).toHaveLength(1);
      const winner = isWon[0] === true ? 1 : 2;
      const choice = winner === 1 ? 'yes' : 'no';
      const { answer } = await studio.askRow(ask);
      expect(answer?.device).toBe(winner);
      expect(studio.opened(run, ask, answer?.body ?? '').choice).toBe(choice);
      const both = [
        [machines, atHarbour.id, 1],
        [onPhone, phoneEntry(harbour), 2],
      ] as const;
      for (const [fleet, entry, self] of both) {
        const seen = await whenAsk(fleet, [ask, entry], (one) => one.answer?.content != null);
        expect(seen.answer).toMatchObject({ device: winner, isThis: winner === self, content: { choice } });
        expect(seen.answer?.deviceName).not.toBeNull();
        const { progress } = seen;
        expect(progress.kind === 'failed' ? progress.problem : progress.kind).toBe(winner === self ? 'none' : 'closed');
      }
      const lost = given.find(({ status }) => status === 'rejected') as PromiseRejectedResult;
      expect(lost.reason).toMatchObject({ code: 'ask_closed' });
    }
    const cancelled = await studio.openAsk(run);
    await whenAsk(machines, [cancelled, atHarbour.id], ({ content }) => content !== null);
    await studio.run({ kind: 'ask.cancel', ask: cancelled });
    const seen = await whenAsk(machines, [cancelled, atHarbour.id], ({ state }) => state === 'cancelled');
    await expect(machines.answer(seen, { choice: 'yes', text: null })).rejects.toMatchObject({ code: 'ask_closed' });
    const short = await studio.openAsk(run, { ...COMMAND, salt: salt() }, Date.now() + 1_500);
    await whenAsk(machines, [short, atHarbour.id], ({ state }) => state === 'expired');
    // M-16
    const cut = await studio.openAsk(run, { ...COMMAND, salt: salt(), cut: true });
    const shown = await whenAsk(machines, [cut, atHarbour.id], ({ content }) => content !== null);
    await expect(machines.answer(shown, { choice: 'yes', text: null })).rejects.toMatchObject({ code: 'bad_request' });
    await machines.answer(shown, { choice: 'no', text: null });
  });

  it('a server that lies, and a machine that does, make nothing of theirs believed and nothing of others unreadable (T17, T18, M-13)', async () => {
    const run = await studio.createRun();
    const other = await studio.createRun({ ...META, title: 'Other' });
    await studio.sendKeys([1]);
    // Keys in another machine's name, and for another server.
    const junk = randomBytes(32).toString('base64url');
    await studio.sendKeys([1], studio.keysContent({ machine: 1, keys: [{ run: null, n: 2, key: junk }] }));
    await studio.sendKeys([1], studio.keysContent({ server: lighthouse.serverId, keys: [{ run, n: 2, key: junk }] }));
    // A number is one key for good.
    await studio.sendKeys([1], studio.keysContent({ keys: [{ run, n: 1, key: junk }] }));
    await studio.append(run, said('one'), said('two'));
    const [a, b, done] = [await studio.openAsk(run), await studio.openAsk(run), await studio.openAsk(run)];
    await whenAsk(machines, [done, atHarbour.id], ({ content }) => content !== null);
    await machines.answer({ entryId: atHarbour.id, id: done }, { choice: 'no', text: null });

    type Row = Record<string, unknown>;
    const swap = (one: Row | undefined, two: Row | undefined, field: string): void => {
      if (one === undefined || two === undefined) return;
      [one[field], two[field]] = [two[field], one[field]];
    };
    lie = (url, body) => {
      if (url.endsWith('/api/machines')) {
        const find = (rows: unknown, id: string) => (rows as Row[]).find((row) => row['id'] === id);
        swap(find(body['asks'], a), find(body['asks'], b), 'body');
        const closed = find(body['asks'], done);
        if (closed !== undefined) closed['answer'] = { ...(closed['answer'] as object), device: 2 };
        const theirs = find(body['runs'], other)?.['meta'];
        const mine = find(body['runs'], run);
        if (mine !== undefined && theirs !== undefined) mine['meta'] = theirs;
      }
      if (url.includes(`/api/runs/${run}/entries`)) {
        const [one, two] = body['entries'] as Row[];
        swap(one, two, 'body');
      }
    };
    laptop = new Keyed(await laptop.member.restart());
    [atHarbour, atLighthouse] = [laptop.member.at(harbour.origin), laptop.member.at(lighthouse.origin)];
    machines = await laptop.member.client.machines();
    await until(machines.view, ({ parts }) => parts.every(({ state }) => state === 'fresh'), 20_000);
    await until(machines.view, ({ runs }) => runs.find(({ id }) => id === other)?.meta?.title === 'Other');
    await until(machines.view, () => named(machines, 'attic')?.standing === 'ready');
    expect(machines.view.get().runs.find(({ id }) => id === run)?.meta).toBeNull();
    expect([a, b].map((id) => askOf(machines, id, atHarbour.id)?.content)).toEqual([null, null]);
    await expect(
      machines.answer({ entryId: atHarbour.id, id: a }, { choice: 'yes', text: null }),
    ).rejects.toMatchObject({ code: 'bad_request' });
    expect(askOf(machines, done, atHarbour.id)).toMatchObject({ state: 'answered', answer: null });
    using handle = machines.run(atHarbour.id, run);
    await until(handle.transcript, ({ entries }) => entries.length === 2);
    expect(handle.transcript.get().entries.map(({ line }) => line)).toEqual([null, null]);
    lie = () => undefined;
    laptop.member.wire.cut(harbour.origin);
    // Told the truth again, it reads all of it: no key was replaced by what the machine sent besides.
    await whenAsk(machines, [a, atHarbour.id], ({ content }) => content !== null);
    await until(machines.view, ({ runs }) => runs.find(({ id }) => id === run)?.meta?.title === 'Tidy up');
    using truly = machines.run(atHarbour.id, run);
    await until(truly.transcript, ({ entries }) => textOf(entries[1]?.line?.entry) === 'two');
  });

  it('S2.28, S2.49, S2.56: a server that signs the person out, or is gone, takes nothing from the other', async () => {
    const run = await attic.createRun();
    await attic.sendKeys([2]);
    const ask = await attic.openAsk(run);
    await whenAsk(onPhone, [ask, phoneEntry(lighthouse)], ({ content }) => content !== null);
    await atHarbour.keys.revoke(2);
    const gone = phone.member.at(harbour.origin);
    await phone.member.when(gone, 'signedOut');
    const partOf = (server: RealServer) =>
      onPhone.view.get().parts.find(({ entryId }) => entryId === phoneEntry(server));
    await until(onPhone.view, () => partOf(harbour)?.state !== 'fresh');
    expect(partOf(lighthouse)).toMatchObject({ state: 'fresh' });
    const open = askOf(onPhone, ask, phoneEntry(lighthouse));
    expect(open).toMatchObject({ state: 'open', stale: false, machineOnline: true });
    await onPhone.answer({ entryId: phoneEntry(lighthouse), id: ask }, { choice: 'no', text: null });
    phone.member.wire.sever();
    await lighthouse[Symbol.asyncDispose]();
    await until(machines.view, ({ parts }) => parts.some(({ state }) => state === 'stale'));
    expect(
      machines.view
        .get()
        .parts.map(({ state }) => state)
        .sort(),
    ).toEqual(['fresh', 'stale']);
    expect(named(machines, 'attic')).toMatchObject({ online: null });
    expect(named(machines, 'studio')).toMatchObject({ online: true });
    await atLighthouse.remove({ signOutThere: false });
    await until(machines.view, ({ parts }) => parts.length === 1);
    const { machines: left, runs, asks, closed } = machines.view.get();
    expect(left.map(({ name }) => name)).toEqual(['studio']);
    expect(new Set([...runs, ...asks, ...closed].map(({ entryId }) => entryId))).toEqual(new Set([atHarbour.id]));
  });
});
