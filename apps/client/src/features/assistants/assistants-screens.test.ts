import type { EntryId, ServerHandle } from '@skerry/core';
import { lines, ModelAssistants, settle } from '@skerry/core/testing';
import { type AssistantAction, type GuildConfig, SkerryError } from '@skerry/protocol';
import { fireEvent, render, screen, within } from '@testing-library/svelte';
import { flushSync } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Router } from '../../shell/router.svelte.ts';
import AssistantsProbe from '../../testing/AssistantsProbe.svelte';
import { joinAnother, liveServer, type LiveServer } from '../../testing/live-server.ts';
import { Overlays } from '../../ui/overlays.svelte.ts';
import { hrefOfPlace, type Place } from './places.ts';

vi.setConfig({ testTimeout: 30_000 });

let live: LiveServer;
let model: ModelAssistants;
let other: { handle: ServerHandle; model: ModelAssistants };
let overlays: Overlays;
let leaving: AbortController;
let signedIn: EntryId[];
let quay: GuildConfig;

beforeEach(async () => {
  live = await liveServer();
  model = new ModelAssistants(live.server);
  const second = await joinAnother(live, 'https://lighthouse.example');
  other = { handle: second.handle, model: new ModelAssistants(second.server) };
  overlays = new Overlays();
  leaving = new AbortController();
  signedIn = [];
  quay = model.addGuild('Quay', { botName: 'Coral', botActive: true, messagesSentCount: 4, messagesReceivedCount: 11 });
});
afterEach(async () => {
  leaving.abort();
  await live.client[Symbol.asyncDispose]();
  history.replaceState(null, '', '/');
});

async function until(isSo: () => boolean): Promise<void> {
  for (let turn = 0; turn < 600 && !isSo(); turn += 1) {
    await settle();
    await new Promise((resolve) => setTimeout(resolve, 5));
    flushSync();
  }
  expect(isSo()).toBe(true);
}

async function show(place: Place): Promise<void> {
  history.replaceState(null, '', `/${hrefOfPlace(place)}`);
  const router = new Router(window, leaving.signal);
  const onsignin = (entry: EntryId): void => void signedIn.push(entry);
  render(AssistantsProbe, { props: { client: live.client, router, overlays, onsignin } });
  await until(() => screen.queryByRole('heading', { level: 1 }) !== null);
}

const guild = () => ({ entry: live.handle.id, serverId: quay.serverId });
const says = (text: string | RegExp): boolean => screen.queryAllByText(text).length > 0;
const button = (name: string | RegExp): HTMLElement => screen.getByRole('button', { name });
const field = (name: string): HTMLTextAreaElement => screen.getByRole('textbox', { name });
const row = (server: string) => within(screen.getByRole('group', { name: server }));
const refuse = (): never => {
  throw new SkerryError('internal');
};

describe('the overview of assistants', () => {
  it('says of each server how it stands, and shows the guilds of the others (S3.29, S3.30)', async () => {
    other.model.enabled = false;
    await show({ at: 'overview' });
    const lighthouse = (): ReturnType<typeof row> => row(other.handle.view.get().label);
    await until(() => lighthouse().queryByText(/has switched assistants off/) !== null);
    expect(screen.getByRole('article', { name: 'Coral in Quay' }).textContent).toContain('No bot connected');
    await other.handle.pause();
    await until(() => lighthouse().queryByText('You have paused this server.') !== null);
    await other.handle.resume();
    await other.handle.signOut('keep');
    await until(() => lighthouse().queryByRole('button', { name: /Sign in/ }) !== null);
    await fireEvent.click(lighthouse().getByRole('button', { name: /Sign in/ }));
    expect(signedIn).toEqual([other.handle.id]);
    await live.setReachable(false);
    await until(() => says('Not known now'));
    expect(says(/These figures are not complete: .* as of/)).toBe(true);
  });

  it('shows a switch at once, and puts it back and says so when the server refuses', async () => {
    await show({ at: 'overview' });
    await until(() => screen.queryByRole('switch') !== null);
    const toggle = (): HTMLInputElement => screen.getByRole('switch');
    const told = vi.spyOn(overlays, 'toast');
    let answer: () => void = () => undefined;
    model.before = ({ name }) =>
      name === 'updateGuild' ? new Promise<void>((resolve) => (answer = resolve)).then(refuse) : undefined;
    await fireEvent.click(toggle());
    await until(() => !toggle().checked && model.asked.includes('updateGuild'));
    answer();
    await until(() => toggle().checked);
    expect(told.mock.calls[0]?.[0]).toMatchObject({ text: 'The assistant in Quay is as it was.', tone: 'danger' });
  });

  it('says how many assistants stop before it disconnects the bot', async () => {
    const token = 'x'.repeat(59);
    model.bot = model.addBot(token, 'Helper');
    await show({ at: 'overview' });
    const harbour = live.handle.view.get().label;
    await until(() => row(harbour).queryByText(/Bot “Helper” is connected/) !== null);
    await fireEvent.click(row(harbour).getByRole('button', { name: `${harbour}: more about its assistants` }));
    await until(() => overlays.menu !== undefined);
    const entries = overlays.menu?.spec.entries ?? [];
    const disconnect = entries.find((entry) => entry.kind === 'action' && entry.label === 'Disconnect');
    if (disconnect?.kind === 'action') disconnect.onselect();
    await until(() => overlays.question !== undefined);
    expect(overlays.question?.spec).toMatchObject({ danger: true, title: 'Disconnect “Helper”?' });
    expect(overlays.question?.spec.text).toContain('1 assistant stops answering');
    overlays.question?.settle(true);
    await until(() => model.bot === null && row(harbour).queryByText(/No bot is connected/) !== null);
  });
});

describe('one guild', () => {
  it('lets nothing be saved that the server would refuse, and saves what was changed alone (S3.18)', async () => {
    await show({ at: 'guild', guild: guild(), section: 'config' });
    const save = (): HTMLButtonElement => button('Save changes') as HTMLButtonElement;
    expect(save().disabled).toBe(true);
    await fireEvent.input(field('Rules'), { target: { value: 'x'.repeat(4_002) } });
    flushSync();
    expect([save().disabled, says('2 characters too many'), says('4,002 of 4,000')]).toEqual([true, true, true]);
    await fireEvent.input(field('Rules'), { target: { value: 'No prices.' } });
    flushSync();
    const sent: unknown[] = [];
    model.before = ({ name, body }) => void (name === 'updateGuild' && sent.push(body));
    await fireEvent.click(save());
    await until(() => model.guilds[0]?.rules === 'No prices.' && save().disabled);
    expect(sent).toEqual([{ rules: 'No prices.' }]);
  });

  it('keeps what was written when saving fails', async () => {
    await show({ at: 'guild', guild: guild(), section: 'config' });
    await fireEvent.input(field('Personality'), { target: { value: 'Dry.' } });
    model.before = ({ name }) => (name === 'updateGuild' ? refuse() : undefined);
    await fireEvent.click(button('Save changes'));
    await until(() => says('Something went wrong on the server.'));
    expect(field('Personality').value).toBe('Dry.');
  });

  it('says what goes with it before it is removed', async () => {
    await show({ at: 'guild', guild: guild(), section: 'config' });
    await fireEvent.click(button('Remove guild…'));
    await until(() => overlays.question !== undefined);
    expect(overlays.question?.spec.text).toContain('the figures of 4 answers and the log are deleted');
    overlays.question?.settle(false);
    await settle();
    expect(model.guilds).toHaveLength(1);
    await fireEvent.click(button('Remove guild…'));
    await until(() => overlays.question !== undefined);
    overlays.question?.settle(true);
    await until(() => model.guilds.length === 0 && location.hash === '#/assistants');
  });

  it('shows its figures as charts and as a table (S3.48)', async () => {
    await show({ at: 'guild', guild: guild(), section: 'stats' });
    await until(() => screen.queryAllByRole('img', { name: /in all, at most/ }).length === 2);
    expect(
      screen.getByRole('img', { name: /^Answers on each of the last 2 days: 4 in all, at most 4 a day/ }),
    ).toBeTruthy();
    expect(screen.queryByRole('table')).toBeNull();
    await fireEvent.click(button('Show as a table'));
    const cells = within(screen.getByRole('table'))
      .getAllByRole('row')
      .map((one) => one.textContent.replaceAll(/\s+/g, ' ').trim());
    expect(cells.slice(1)).toEqual([
      expect.stringMatching(/^2026-01-05 ?4 ?11$/),
      expect.stringMatching(/^2026-01-04 ?0 ?0$/),
    ]);
  });

  it('shows in the log the ten messages before an answer, all of it as plain text', async () => {
    const evil = '<img src=x onerror=alert(1)> **bold** https://evil.example';
    const action: AssistantAction = {
      id: '0190a0a0-0000-7000-8000-000000000009',
      kind: 'sent',
      at: '2026-01-05T07:00:00.000Z',
      channelId: '100000000000000001',
      channelName: 'general',
      messageId: '100000000000000002',
      text: evil,
      context: Array.from({ length: 10 }, (_, n) => ({
        id: `10000000000000010${n}`,
        authorId: '100000000000000003',
        authorName: `<b>name ${n}</b>`,
        by: 'person' as const,
        text: `asked ${n}`,
        at: 1_767_596_000_000 + n,
      })),
    };
    model.actions.set(quay.serverId, [action]);
    await show({ at: 'guild', guild: guild(), section: 'log' });
    await until(() => says('10 messages before it'));
    const entry = screen.getByRole('article');
    const details = entry.querySelector('details');
    if (details === null) throw new Error('nothing to open');
    details.open = true;
    await fireEvent(details, new Event('toggle'));
    await until(() => within(entry).queryAllByRole('listitem').length === 10);
    const before = within(entry).getAllByRole('listitem');
    expect(before[0]?.textContent).toContain('asked 0');
    expect(before[9]?.textContent).toContain('<b>name 9</b>');
    expect(within(entry).getByText(evil)).toBeTruthy();
    expect(entry.querySelector('img, b.name, a, strong')).toBeNull();
  });
});

describe('test chat', () => {
  async function begin(): Promise<void> {
    const assistants = await live.handle.assistants();
    const group = await assistants.addChatGroup(quay.serverId, null);
    const { id } = await assistants.addConversation(group.id, null);
    await show({ at: 'chat', guild: undefined, conversation: { entry: live.handle.id, conversationId: id } });
    await until(() => says('Ask what somebody in the guild would ask.'));
  }
  const say = async (text: string): Promise<void> => {
    const write = screen.getByRole('textbox', { name: /^Write to / });
    await fireEvent.input(write, { target: { value: text } });
    flushSync();
    await fireEvent.keyDown(write, { key: 'Enter' });
  };

  it('shows the answer and that it is quoted, and stands under its guild in the list (S3.32)', async () => {
    await begin();
    await say('hello');
    await until(() => says('You said hello') && says('Quoted, without a model'));
    expect(
      within(screen.getByRole('region', { name: `Quay, ${live.handle.view.get().label}` })).getAllByRole('link'),
    ).toHaveLength(1);
  });

  it('sends what was written before the conversation was there, once it is', async () => {
    const assistants = await live.handle.assistants();
    const group = await assistants.addChatGroup(quay.serverId, null);
    const { id } = await assistants.addConversation(group.id, null);
    let answer: () => void = () => undefined;
    model.before = ({ name }) =>
      name === 'conversation' ? new Promise<undefined>((resolve) => (answer = () => resolve(undefined))) : undefined;
    await show({ at: 'chat', guild: undefined, conversation: { entry: live.handle.id, conversationId: id } });
    await until(() => model.asked.includes('conversation'));
    await say('too early');
    expect(model.asked).not.toContain('say');
    model.before = () => undefined;
    answer();
    await until(() => says('You said too early'));
  });

  it('stops an answer that is being made (S3.33)', async () => {
    await begin();
    let answer: () => void = () => undefined;
    model.before = ({ name }) => (name === 'say' ? new Promise<void>((resolve) => (answer = resolve)) : undefined);
    await say('a long story');
    await until(() => says('Answering…') && model.asked.includes('say'));
    await fireEvent.click(button('Stop'));
    await until(() => model.asked.includes('stopAnswer'));
    answer();
    await until(() => screen.queryByRole('button', { name: 'Stop' }) === null);
  });

  it('renames a group, and deletes one conversation after asking', async () => {
    await begin();
    const choose = async (of: string, entry: string): Promise<void> => {
      await fireEvent.click(button(of));
      await until(() => overlays.menu !== undefined);
      const found = overlays.menu?.spec.entries.find((one) => one.kind === 'action' && one.label === entry);
      if (found?.kind !== 'action') throw new Error(`the menu has no ${entry}`);
      overlays.closeMenu();
      found.onselect();
    };
    // A part that is loaded late comes through the compiler first.
    await import('./RenameGroupDialog.svelte');
    await until(() => screen.queryByRole('button', { name: 'Actions: Quay' }) !== null);
    await choose('Actions: Quay', 'Rename group…');
    await until(() => screen.queryByRole('textbox', { name: 'Name of the group' }) !== null);
    await fireEvent.input(field('Name of the group'), { target: { value: 'Opening hours' } });
    const form = field('Name of the group').closest('form');
    if (form !== null) await fireEvent.submit(form);
    await until(() => screen.queryByRole('heading', { name: 'Opening hours' }) !== null);

    await choose(
      screen.getByRole('button', { name: /^Actions: Conversation of/ }).getAttribute('aria-label') ?? '',
      'Delete conversation…',
    );
    await until(() => overlays.question !== undefined);
    expect(model.asked).not.toContain('removeConversation');
    overlays.question?.settle(true);
    await until(() => model.asked.includes('removeConversation') && says('Choose a conversation, or begin one'));
    expect(screen.queryByRole('heading', { name: 'Opening hours' })).not.toBeNull();
    expect(screen.queryByRole('button', { name: /^Actions: Conversation of/ })).toBeNull();
  });

  it('gives the words back and says why when no answer comes', async () => {
    await begin();
    const error = { code: 'upstream_failed', message: 'told by the server', retry: 'later' };
    model.before = ({ name }) =>
      name === 'say'
        ? lines([
            { t: 'text', text: 'half' },
            { t: 'error', error },
          ])
        : undefined;
    await say('is anybody there');
    await until(() => says('A service this depends on did not answer as it should.'));
    expect(says('told by the server')).toBe(false);
    expect(field('Write to Coral').value).toBe('is anybody there');
  });
});
