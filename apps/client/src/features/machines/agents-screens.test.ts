import { AgentRefusal, type EntryId, type FolderList } from '@skerry/core';
import { settle } from '@skerry/core/testing';
import { SkerryError } from '@skerry/protocol';
import { fireEvent, render, screen, within } from '@testing-library/svelte';
import { flushSync } from 'svelte';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Router } from '../../shell/router.svelte.ts';
import { askView, FOLDER, permission, runView } from '../../testing/agents-views.ts';
import AgentsProbe from '../../testing/AgentsProbe.svelte';
import { machineView } from '../../testing/fleet-stand-in.ts';
import { joinAnother, liveServer, type LiveServer } from '../../testing/live-server.ts';
import { RunsStandIn, withMachines } from '../../testing/runs-stand-in.ts';
import { Overlays } from '../../ui/overlays.svelte.ts';
import { hrefOfPlace, type Place } from './places.ts';

const INFO = { v: 1, root: '/people/ada', agents: [{ id: 'plain', name: 'Plain' }], recent: [FOLDER] } as const;

let live: LiveServer;
let home: EntryId;
let work: EntryId;
let stand: RunsStandIn;
let overlays: Overlays;
let leaving: AbortController;

beforeEach(async () => {
  live = await liveServer();
  await live.handle.update({ label: 'harbour' });
  const other = await joinAnother(live, 'https://work.example');
  [home, work] = [live.handle.id, other.handle.id];
  stand = new RunsStandIn();
  stand.show({
    parts: [
      { entryId: home, label: 'harbour', state: 'fresh', off: null },
      { entryId: work, label: 'work', state: 'fresh', off: null },
    ],
    machines: [
      machineView({
        entryId: work,
        serverLabel: 'work',
        info: { ...INFO, agents: [...INFO.agents], recent: [...INFO.recent] },
      }),
      machineView({ entryId: home, serverLabel: 'harbour', name: 'linux-box', online: false, device: 7 }),
    ],
  });
  overlays = new Overlays();
  leaving = new AbortController();
});
afterEach(async () => {
  leaving.abort();
  await live.client[Symbol.asyncDispose]();
  history.replaceState(null, '', '/');
});

async function until(isSo: () => boolean): Promise<void> {
  for (let turn = 0; turn < 400 && !isSo(); turn += 1) {
    await settle();
    await new Promise((resolve) => setTimeout(resolve, 5));
    flushSync();
  }
  expect(isSo()).toBe(true);
}

async function show(place: Place): Promise<void> {
  history.replaceState(null, '', `/${hrefOfPlace(place)}`);
  const router = new Router(window, leaving.signal);
  const client = withMachines(live.client, stand.fleet);
  render(AgentsProbe, { props: { client, router, overlays, onsignin: () => undefined } });
  await until(() => screen.queryAllByRole('heading', { level: 1 }).length > 0);
}
const says = (text: string | RegExp): boolean => screen.queryAllByText(text).length > 0;
const button = (name: string | RegExp): HTMLButtonElement => screen.getByRole('button', { name });
const asked = (what: string): unknown[] => stand.asked.filter((one) => one.what === what);
const choose = async (entry: string): Promise<void> => {
  await until(() => overlays.menu !== undefined);
  const found = overlays.menu?.spec.entries.find((one) => one.kind !== 'separator' && one.label === entry);
  if (found === undefined || found.kind === 'separator') throw new Error(`the menu has no ${entry}`);
  overlays.closeMenu();
  found.onselect();
};
const at = (id: string, entry = work): Place => ({ at: 'run', run: { entry, run: id } });
const A = '0190a0a0-0000-7000-8000-00000000000a';

describe('the list of runs', () => {
  it('stands under the machines of all servers, each with its own server even where ids are equal (S2.25)', async () => {
    stand.add(runView({ id: A, entryId: work, serverLabel: 'work' }));
    stand.add(
      runView({
        id: A,
        entryId: home,
        serverLabel: 'harbour',
        machineName: 'linux-box',
        machineOnline: false,
        state: 'idle',
      }),
    );
    stand.show({ asks: [askView({ entryId: work, run: A })] });
    await show({ at: 'overview' });
    const mac = within(screen.getByRole('region', { name: 'studio-mac' })).getByRole('link', {
      name: /Fix invoice rounding/,
    });
    const box = within(screen.getByRole('region', { name: 'linux-box' })).getByRole('link', {
      name: /Fix invoice rounding/,
    });
    expect([mac.textContent, box.textContent].map((text) => /asks to run a command/.test(text))).toEqual([true, false]);
    expect([mac.getAttribute('href'), box.getAttribute('href')]).toEqual([
      hrefOfPlace(at(A)),
      hrefOfPlace(at(A, home)),
    ]);
    await fireEvent.click(button('harbour'));
    flushSync();
    expect(screen.queryByRole('region', { name: 'studio-mac' })).toBeNull();
  });

  it('says of each server what is missing, and leaves the others as they are (S2.27, S2.49)', async () => {
    stand.add(runView({ id: A, entryId: work, serverLabel: 'work' }));
    stand.show({
      parts: [
        { entryId: home, label: 'harbour', state: 'stale', off: null },
        { entryId: work, label: 'work', state: 'fresh', off: null },
        { entryId: 'x' as EntryId, label: 'lab', state: 'off', off: 'no_keys' },
        { entryId: 'y' as EntryId, label: 'quay', state: 'off', off: 'unsupported' },
      ],
    });
    await show({ at: 'overview' });
    expect(says(/harbour can’t be reached\. Its runs are shown as they were/)).toBe(true);
    expect(says(/This device has no keys on lab/)).toBe(true);
    expect(says('quay has machines switched off.')).toBe(true);
    expect(screen.queryAllByRole('link', { name: /Fix invoice rounding/ }).length).toBeGreaterThan(0);
  });

  it('says how to begin where there is nothing', async () => {
    stand.show({ machines: [], parts: [{ entryId: work, label: 'work', state: 'fresh', off: null }] });
    await show({ at: 'overview' });
    expect(says('No agents on work')).toBe(true);
    expect(screen.getAllByRole('link', { name: 'Pair a machine' })[0]?.getAttribute('href')).toBe('#/pair');
  });

  it('fetches older runs of one server when they are wanted, each once', async () => {
    stand.add(runView({ id: A, entryId: work, serverLabel: 'work', state: 'ended' }));
    stand.add(runView({ id: A, entryId: home, serverLabel: 'harbour', state: 'failed' }));
    const old = runView({ id: 'old', entryId: work, serverLabel: 'work', state: 'ended' });
    stand.older = { runs: [old], more: true };
    await show({ at: 'overview' });
    const more = (): HTMLElement => screen.getByRole('button', { name: 'Older runs on work' });
    await fireEvent.click(more());
    const found = (): number =>
      within(screen.getByRole('region', { name: 'Older runs on work' })).queryAllByRole('link').length;
    await until(() => found() === 1);
    await fireEvent.click(more());
    await until(() => screen.queryByRole('button', { name: 'Older runs on work' }) === null);
    expect(found()).toBe(1);
  });
});

describe('the screen of a run', () => {
  it('sends what is written to that run alone, and keeps it when it fails, with why (S1.29)', async () => {
    stand.add(runView({ id: A, entryId: home, serverLabel: 'harbour' }));
    stand.add(runView({ id: A, entryId: work, serverLabel: 'work' }));
    await show(at(A));
    await until(() => screen.queryByRole('textbox', { name: 'Tell Claude Code something' }) !== null);
    const area = screen.getByRole<HTMLTextAreaElement>('textbox', { name: 'Tell Claude Code something' });
    expect(screen.getByText('@anna').closest('.foot')?.textContent).toContain('work');
    stand.next = () => Promise.reject(new SkerryError('machine_offline'));
    await fireEvent.input(area, { target: { value: ' go on ' } });
    await fireEvent.keyDown(area, { key: 'Enter' });
    await until(() => says('The machine is not connected now. Nothing was done.'));
    expect(area.value).toBe(' go on ');
    stand.next = () => Promise.resolve();
    await fireEvent.keyDown(area, { key: 'Enter' });
    await until(() => area.value === '');
    expect(asked(`prompt ${A}`)).toEqual([
      { what: `prompt ${A}`, entry: work, given: 'go on' },
      { what: `prompt ${A}`, entry: work, given: 'go on' },
    ]);
  });

  it('queues nothing while its machine or its server is away', async () => {
    const run = stand.add(runView({ id: A, entryId: home, serverLabel: 'harbour', machineOnline: false }));
    await show(at(A, home));
    await until(() => says('studio-mac is not connected, so nothing can be sent. Nothing is queued.'));
    const area = screen.getByRole('textbox', { name: 'Tell Claude Code something' });
    await fireEvent.input(area, { target: { value: 'go' } });
    await fireEvent.keyDown(area, { key: 'Enter' });
    run.run.set(runView({ id: A, entryId: home, serverLabel: 'harbour' }));
    await live.setReachable(false);
    await until(() => says('harbour can’t be reached, so nothing can be sent. Nothing is queued.'));
    await fireEvent.keyDown(area, { key: 'Enter' });
    expect(asked(`prompt ${A}`)).toEqual([]);
  });

  it('pins what it asks above the composer, answers it on its own server, and says who was quicker (S1.22, S1.29)', async () => {
    stand.add(runView({ id: A, entryId: work, serverLabel: 'work' }));
    const ask = askView({ entryId: work, run: A });
    stand.show({ asks: [askView({ entryId: home, run: A, content: permission({ folder: '/other' }) }), ask] });
    await show(at(A));
    expect(document.querySelectorAll('[data-ask]')).toHaveLength(1);
    await until(() => button(/^Allow once/).getAttribute('aria-disabled') !== 'true');
    await fireEvent.click(button(/^Allow once/));
    expect(asked(`answer ${ask.id}`)).toEqual([
      { what: `answer ${ask.id}`, entry: work, given: { choice: 'allow', text: null } },
    ]);
    const content = { v: 1, salt: '', choice: 'refuse', text: null } as const;
    stand.change(ask.key, {
      state: 'answered',
      closedAt: Date.now(),
      answer: { device: 3, deviceName: 'Phone', isThis: false, at: Date.now(), content },
    });
    await until(() => says(/^Already answered by Phone .*: Denied/));
    expect(screen.queryByRole('button', { name: /Allow/ })).toBeNull();
  });

  it('hears Y only while nothing is written', async () => {
    stand.add(runView({ id: A, entryId: work, serverLabel: 'work' }));
    stand.show({ asks: [askView({ entryId: work, run: A })] });
    await show(at(A));
    await until(() => button(/^Allow once/).getAttribute('aria-disabled') !== 'true');
    const area = screen.getByRole('textbox', { name: 'Tell Claude Code something' });
    await fireEvent.input(area, { target: { value: 'yes' } });
    flushSync();
    await fireEvent.keyDown(document.body, { key: 'y' });
    await fireEvent.keyDown(area, { key: 'y' });
    expect(stand.asked.filter(({ what }) => what.startsWith('answer'))).toEqual([]);
    await fireEvent.input(area, { target: { value: '' } });
    flushSync();
    await fireEvent.keyDown(document.body, { key: 'y' });
    expect(stand.asked.filter(({ what }) => what.startsWith('answer'))).toHaveLength(1);
  });

  it('stops, changes its mode, ends, takes up again and erases, each after asking where something is lost', async () => {
    const run = stand.add(runView({ id: A, entryId: work, serverLabel: 'work' }));
    await show(at(A));
    await fireEvent.click(button('Stop'));
    await until(() => asked(`cancel ${A}`).length === 1);
    await fireEvent.click(screen.getByRole('radio', { name: 'Auto' }));
    await until(() => asked(`mode ${A}`).length === 1);
    await fireEvent.click(button('More'));
    await choose('End the agent');
    await until(() => overlays.question !== undefined);
    overlays.question?.settle(false);
    await settle();
    expect(asked(`end ${A}`)).toEqual([]);
    run.run.set(runView({ id: A, entryId: work, serverLabel: 'work', state: 'ended' }));
    await until(() => screen.queryByRole('button', { name: 'Resume' }) !== null);
    stand.next = () => Promise.reject(new AgentRefusal('agent_failed', 'no such \u001bprogram'));
    await fireEvent.click(button('Resume'));
    await until(() => says('The agent could not be started, or is gone.'));
    expect(document.querySelector('[data-foreign]')?.textContent).toBe(String.raw`no such \u001bprogram`);
    stand.next = () => Promise.resolve();
    await fireEvent.click(button('More'));
    await choose('Erase run…');
    await until(() => overlays.question !== undefined);
    expect(overlays.question?.spec).toMatchObject({ danger: true, title: 'Erase “Fix invoice rounding”?' });
    overlays.question?.settle(true);
    await until(() => asked(`erase ${A}`).length === 1 && location.hash === '#/agents');
    await until(() => asked(`left ${A}`).length === 1);
  });

  it('says that a run is gone, erased, or can’t be read here', async () => {
    await show(at('nowhere'));
    expect(says('This is not here any more')).toBe(true);
  });
});

describe('a new run', () => {
  const folders = (path: string, parent: string | null, ...names: string[]): FolderList => ({
    v: 1,
    did: 'listed',
    path,
    parent,
    folders: names.map((name) => ({ name, repository: name === 'invoices' })),
    cut: false,
  });
  beforeEach(() => {
    stand.folderLists.set(null, folders('/people/ada', null, 'music', 'code'));
    stand.folderLists.set('/people/ada/code', folders('/people/ada/code', '/people/ada', 'invoices'));
    stand.folderLists.set(FOLDER, folders(FOLDER, '/people/ada/code'));
  });

  it('starts in the folder that was walked to by keyboard, on that machine’s own server (S1.29)', async () => {
    await show({ at: 'new', machine: undefined });
    await until(() => screen.queryByRole('list', { name: 'Folders on studio-mac' }) !== null);
    const list = screen.getByRole('list', { name: 'Folders on studio-mac' });
    within(list).getByRole('button', { name: 'music' }).focus();
    await fireEvent.keyDown(document.activeElement ?? list, { key: 'ArrowDown' });
    expect(document.activeElement?.textContent.trim()).toBe('code');
    await fireEvent.keyDown(document.activeElement ?? list, { key: 'ArrowRight' });
    await until(() => within(list).queryByRole('button', { name: /invoices/ }) !== null);
    expect(within(list).getByRole('button', { name: /invoices/ }).textContent).toContain('repository');
    await fireEvent.click(within(list).getByRole('button', { name: /invoices/ }));
    await until(() => says('No folders in here.'));
    await fireEvent.input(screen.getByRole('textbox', { name: /First message/ }), { target: { value: 'Round once.' } });
    flushSync();
    await fireEvent.click(button('Start the run'));
    await until(() => location.hash === hrefOfPlace({ at: 'run', run: { entry: work, run: 'started-run' } }));
    const what = { agent: 'plain', folder: FOLDER, mode: null, prompt: 'Round once.' };
    expect(asked('start 7')).toEqual([{ what: 'start 7', entry: work, given: what }]);
    expect(stand.asked.every(({ entry }) => entry === work)).toBe(true);
  });

  it('says why not, keeps what was written, and lets a folder be asked for again', async () => {
    stand.next = () => Promise.reject(new SkerryError('timed_out'));
    await show({ at: 'new', machine: undefined });
    await until(() => says(/did not answer in time/));
    expect(button('Start the run').disabled).toBe(true);
    stand.next = () => Promise.resolve();
    await fireEvent.click(button('Try again'));
    await until(() => !button('Start the run').disabled);
    await fireEvent.input(screen.getByRole('textbox', { name: /First message/ }), { target: { value: 'Hello' } });
    stand.next = () => Promise.reject(new AgentRefusal('outside', null));
    await fireEvent.click(button('Start the run'));
    await until(() => says('That is outside of the folder below which runs may be started there.'));
    expect(screen.getByRole<HTMLTextAreaElement>('textbox', { name: /First message/ }).value).toBe('Hello');
  });

  it('names the machines that can’t, and why', async () => {
    await show({ at: 'new', machine: undefined });
    expect(says(/linux-box \(harbour\): not connected/)).toBe(true);
    stand.show({ machines: [] });
    await until(() => says('No machine can start a run now'));
  });
});

describe('the page of a machine', () => {
  it('says what is the matter and what helps', async () => {
    stand.show({ machines: [machineView({ entryId: work, serverLabel: 'work', standing: 'unlisted' })] });
    await show({ at: 'machine', machine: { entry: work, machine: 7 } });
    expect(says(/No list signed by your devices names studio-mac, so nothing of it is believed/)).toBe(true);
    stand.show({ machines: [machineView({ entryId: work, standing: 'joining' })] });
    await until(() => says(/was approved and has not come yet/));
    stand.show({ machines: [machineView({ entryId: work, standing: 'locked' })] });
    await until(() => says(/The keys of studio-mac have not come to this device/));
  });

  it('is removed from its own server after saying what ends with it (S2.49)', async () => {
    stand.add(runView({ id: A, entryId: work, serverLabel: 'work' }));
    await show({ at: 'machine', machine: { entry: work, machine: 7 } });
    await fireEvent.click(button('Actions for studio-mac'));
    await choose('Remove…');
    await until(() => overlays.question !== undefined);
    expect(overlays.question?.spec.text).toContain('signed out of work at once, 1 run that goes on there');
    expect(asked('remove 7')).toEqual([]);
    overlays.question?.settle(true);
    await until(() => asked('remove 7').length === 1);
    expect(stand.asked.map(({ entry }) => entry)).toEqual([work]);
  });
});
