import { FakeServer, settle } from '@skerry/core/testing';
import type { EntryId, ServerHandle } from '@skerry/core';
import { fireEvent, render, screen, within } from '@testing-library/svelte';
import { flushSync, type Component } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import JoinFlow from '../features/join/JoinFlow.svelte';
import MembersPanel from '../features/members/MembersPanel.svelte';
import type { ServerVerbs } from '../features/rail/server-menu.ts';
import ServerRail from '../features/rail/ServerRail.svelte';
import RenameDialog from '../features/servers/RenameDialog.svelte';
import ServersPage from '../features/servers/ServersPage.svelte';
import SettingsTop from '../features/settings/SettingsTop.svelte';
import StatusPopover from '../features/status/StatusPopover.svelte';
import DevicesSection from '../features/identity/DevicesSection.svelte';
import YouSection from '../features/settings/YouSection.svelte';
import { KeysDoor } from '../state/keys-door.svelte.ts';
import { joinAnother, liveServer, type LiveServer } from '../testing/live-server.ts';
import PartProbe from '../testing/PartProbe.svelte';
import { Overlays } from '../ui/overlays.svelte.ts';

/** Parts that are loaded late come through the compiler first. */
const LATE = { timeout: 15_000 };

/** What every screen shows of the list of servers, above the real core with two of them. */
let live: LiveServer;
let pier: Awaited<ReturnType<typeof joinAnother>>;
let overlays: Overlays;

beforeEach(async () => {
  overlays = new Overlays();
  live = await liveServer();
  await live.handle.update({ label: 'harbour' });
  pier = await joinAnother(live, 'https://pier.example:8443');
});
afterEach(async () => {
  await live.client[Symbol.asyncDispose]();
});

type AnyPart = Component<Record<string, unknown>>;

function show<Props extends Record<string, unknown>>(part: Component<Props>, props: Props): void {
  document.body.replaceChildren();
  const given = { client: live.client, door: new KeysDoor(), overlays, part: part as unknown as AnyPart, props };
  render(PartProbe, { props: given });
  flushSync();
}
const words = (node: Element | null | undefined): string => node?.textContent?.replace(/\s+/g, ' ').trim() ?? '';
async function pierGoesAway(): Promise<void> {
  pier.server.lies.refuseUpgrade = true;
  pier.server.closeAll(1006);
  await settle();
}

describe('the rail', () => {
  const onstatus = vi.fn();
  const places = {
    server: (id: EntryId) => `#/s/${id}`,
    inbox: '#/inbox',
    add: '#/add',
    settings: '#/settings',
    assistants: '#/assistants',
    agents: '#/agents',
  };
  function rail(current: ServerHandle): void {
    const { client } = live;
    show(ServerRail, {
      servers: client.servers.get(),
      fleet: client.fleet.get(),
      current: current.id,
      place: undefined,
      inboxCount: client.fleet.get().mentions,
      agentsCount: 0,
      verbs: {} as ServerVerbs,
      links: places,
      showDigits: false,
      digitKeys: String,
      onstatus,
      statusOpen: false,
    });
  }
  const links = (): HTMLElement[] => within(screen.getByRole('list')).getAllByRole('link');

  it('S0.4, S0.32, S0.33: lists every server, marks the one in view alone, and ends in a way to add one', () => {
    rail(pier.handle);
    expect(links().map((link) => [link.getAttribute('aria-label'), link.getAttribute('href')])).toEqual([
      ['harbour', `#/s/${live.handle.id}`],
      ['pier', `#/s/${pier.handle.id}`],
      ['Add a server', '#/add'],
    ]);
    expect(links().map((link) => link.getAttribute('aria-current'))).toEqual([null, 'page', null]);
  });

  it('S0.5: says of each server what is unread and what asks for the person, also where nobody looks', async () => {
    const say = (text: string) =>
      live.as(live.bob, { kind: 'message.send', channel: live.general, text, replyTo: null });
    await say('news');
    rail(pier.handle);
    expect(links()[0]?.getAttribute('aria-label')).toBe('harbour, unread messages');
    await say(`hello <@${live.anna}>`);
    rail(pier.handle);
    expect(links()[0]?.getAttribute('aria-label')).toBe('harbour, 1 mention');
    expect(links()[1]?.getAttribute('aria-label')).toBe('pier');
    expect(screen.getByRole('link', { name: 'Inbox, 1 item for you' })).toBeTruthy();
  });

  it('S1.20, S2.44: always shows how many are connected, green only when all are, and opens the list of them', async () => {
    const count = (): Element | null | undefined => status().querySelector('.count');
    const status = (): HTMLElement => screen.getByRole('button', { name: /^Connections/ });
    rail(live.handle);
    expect(status().getAttribute('aria-label')).toBe('Connections: 2 of 2 connected');
    expect(count()?.textContent).toBe('2/2');
    expect(count()?.classList.contains('all')).toBe(true);
    await pierGoesAway();
    rail(live.handle);
    expect(status().getAttribute('aria-label')).toBe('Connections: 1 of 2 connected');
    expect(count()?.textContent).toBe('1/2');
    expect(count()?.classList.contains('all')).toBe(false);
    status().click();
    expect(onstatus).toHaveBeenCalledWith(status());
  });
});

describe('the page of the servers', () => {
  const onadd = vi.fn();
  const page = (): void => {
    show(ServersPage, { expanded: undefined, onadd, onimport: vi.fn(), onsignin: vi.fn() });
  };
  const lines = (): HTMLElement[] => screen.getAllByRole('listitem');

  it('S2.40: says of each its label, its address and whether it is there', async () => {
    await pierGoesAway();
    page();
    expect(screen.getByText(/1 of 2 connected/)).toBeTruthy();
    expect(words(lines()[0])).toMatch(/harbour harbour\.example @anna Live/);
    expect(words(lines()[1])).toMatch(/pier pier\.example:8443 @anna Trying again in/);
  });

  it('S2.42: offers to add one, also when there is none', async () => {
    page();
    screen.getByRole('button', { name: 'Add a server' }).click();
    expect(onadd).toHaveBeenCalledOnce();
    for (const handle of [live.handle, pier.handle]) await handle.remove({ signOutThere: false });
    await settle();
    page();
    screen.getByRole('button', { name: 'Add a server' }).click();
    expect(onadd).toHaveBeenCalledTimes(2);
  });

  it('S2.41: names it as the person likes, on this device alone', async () => {
    show(RenameDialog, { server: pier.handle, onclose: vi.fn() });
    const field = await screen.findByRole<HTMLInputElement>('textbox', { name: 'Label' }, LATE);
    expect(field.value).toBe('pier');
    const sent = live.platform.network.sent.length;
    await fireEvent.input(field, { target: { value: ' Home port ' } });
    await fireEvent.submit(document.querySelector('#rename-server') as HTMLFormElement);
    await settle();
    expect(pier.handle.view.get().label).toBe('Home port');
    expect(live.platform.network.sent).toHaveLength(sent);
  });

  it('S2.41: a finger that draws a line to the left is asked whether to remove it; nothing is gone before', async () => {
    page();
    const line = lines()[1]?.querySelector('.server-line') as HTMLElement;
    const finger = (type: string, clientX: number): boolean =>
      line.dispatchEvent(
        new PointerEvent(type, { pointerId: 1, pointerType: 'touch', isPrimary: true, clientX, clientY: 0 }),
      );
    finger('pointerdown', 300);
    for (const x of [270, 240, 220]) finger('pointermove', x);
    finger('pointerup', 220);
    const question = await screen.findByRole('alertdialog', { name: 'Remove pier from this device?' }, LATE);
    expect(live.client.servers.get()).toHaveLength(2);
    within(question).getByRole('button', { name: 'Remove' }).click();
    await settle();
    expect(live.client.servers.get().map(({ label }) => label)).toEqual(['harbour']);
  });
});

it('S1.21, S2.44: the list of connections holds every server with its state, and what is wrong with it', async () => {
  const quay = await joinAnother(live, 'https://quay.example');
  const anchor = document.body.appendChild(document.createElement('button'));
  await quay.handle.pause();
  await pierGoesAway();
  show(StatusPopover, { anchor, onclose: vi.fn(), onsignin: vi.fn() });
  const dialog = await screen.findByRole('dialog', { name: 'Connections' }, LATE);
  expect(within(dialog).getByRole('heading', { name: /^1 of 2 connected/ })).toBeTruthy();
  expect(words(within(dialog).getByRole('link', { name: /harbour/ }))).toMatch(/^H harbour Live/);
  expect(words(within(dialog).getByRole('link', { name: /quay/ }))).toMatch(/^Q quay Paused by you/);
  const trouble = within(dialog).getByRole('region', { name: 'pier' });
  expect(words(trouble)).toContain('pier.example');
  expect(within(trouble).getByRole('button', { name: 'Try now' })).toBeTruthy();
});

it('S1.18: whoever is there says which server they are of, when pointed at and when opened', async () => {
  show(MembersPanel, { server: live.handle, channel: live.general, onmention: undefined });
  const bob = await screen.findByRole('button', { name: /bob$/ });
  await fireEvent.pointerEnter(bob);
  const tip = await screen.findByRole('tooltip');
  expect(tip.textContent).toBe('bob@bob · harbour\nharbour.example');
  bob.click();
  expect(overlays.menu?.spec.header).toEqual({ title: 'bob', detail: '@bob · harbour · Member' });
});

it('S0.38, S0.40: fills in the name the server gives itself, and leads to the door of that very server', async () => {
  const quay = new FakeServer('https://quay.example', { now: () => live.platform.clock.now() });
  quay.person('anna');
  const update = { kind: 'server.update', name: 'The quay', description: 'Boats', registration: 'open' } as const;
  quay.model.run(quay.model.account('otto', 'owner'), quay.model.id(), update);
  live.platform.network.serve(quay.origin, quay);
  const onentry = vi.fn<(entry: EntryId) => void>();
  show(JoinFlow, { input: undefined, onentry, onclose: vi.fn() });
  const field = await screen.findByRole('textbox', { name: 'Server address or invite link' }, LATE);
  await fireEvent.input(field, { target: { value: 'quay.example' } });
  await fireEvent.submit(document.querySelector('#add-server') as HTMLFormElement);
  const card = await screen.findByRole('region', { name: 'The quay' }, LATE);
  expect(within(card).getByText(/quay\.example/)).toBeTruthy();
  for (const word of quay.words) expect(card.textContent).toContain(word);

  screen.getByRole('button', { name: 'Continue' }).click();
  const door = await screen.findByRole('region', { name: 'Sign in on The quay' }, LATE);
  expect(within(door).getByRole('heading', { name: 'The quay' })).toBeTruthy();
  expect(within(door).getByRole('button', { name: 'Create an account' })).toBeTruthy();
  await fireEvent.input(within(door).getByRole('textbox', { name: 'Name' }), { target: { value: 'anna' } });
  await fireEvent.input(within(door).getByLabelText('Password'), { target: { value: 'correct horse' } });
  within(door).getByRole('button', { name: 'Sign in' }).click();
  await vi.waitFor(() => expect(onentry).toHaveBeenCalledOnce());
  const added = live.client.server(onentry.mock.calls[0]?.[0] as EntryId)?.view.get();
  expect(added).toMatchObject({ label: 'The quay', host: 'quay.example', entry: { label: null } });
});

describe('the settings', () => {
  it('S1.20, S2.44: say on a phone as well how many are connected', async () => {
    const chip = (): HTMLElement => screen.getByRole('link', { name: /^Servers/ });
    show(SettingsTop, { route: { kind: 'settings', section: 'you' } });
    expect(words(chip())).toBe('Servers, 2/2 servers connected2/2');
    await pierGoesAway();
    flushSync();
    expect(words(chip())).toBe('Servers, 1/2 servers connected1/2');
  });

  it('S2.45: say of every device and session on which server it is', async () => {
    show(DevicesSection, { entry: undefined });
    const regions = screen.getAllByRole('region');
    expect(regions.map((region) => words(region.querySelector('header')))).toEqual([
      'H harbour harbour.example · @anna',
      'P pier pier.example:8443 · @anna',
    ]);
    show(YouSection, {});
    const chips = within(screen.getByRole('group')).getAllByRole('button');
    expect(chips.map((chip) => [words(chip), chip.getAttribute('aria-pressed')])).toEqual([
      ['H harbour', 'true'],
      ['P pier', 'false'],
    ]);
  });

  it('tell a list without a sign-in from an empty one', async () => {
    const titles = (): string[] => {
      show(YouSection, {});
      const title = words(screen.getByRole('heading', { level: 2 }));
      show(DevicesSection, { entry: undefined });
      return [title, words(screen.getByRole('heading', { level: 2 }))];
    };
    for (const handle of [live.handle, pier.handle]) await handle.remove({ signOutThere: false });
    await settle();
    expect(titles()).toEqual(['No servers yet.', 'No servers yet.']);
    const found = await live.client.probe('https://harbour.example', {
      allowPlain: false,
      signal: new AbortController().signal,
      onStep: () => undefined,
    });
    if (!found.ok) throw new Error(found.step);
    await live.client.addSignedOut(found.found);
    expect(titles()).toEqual(['You are signed in nowhere', 'You are signed in nowhere']);
  });

  it('S2.50: ask a person with one server nothing about which one', async () => {
    await pier.handle.remove({ signOutThere: false });
    await settle();
    show(YouSection, {});
    expect(screen.getByRole('region', { name: 'Signed-in devices' })).toBeTruthy();
    expect(screen.queryByRole('group')).toBeNull();
  });
});
