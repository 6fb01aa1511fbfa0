import type { AskView, EntryId } from '@skerry/core';
import { settle } from '@skerry/core/testing';
import { SkerryError } from '@skerry/protocol';
import type { AskContent } from '@skerry/protocol/agents';
import { fireEvent, render, screen } from '@testing-library/svelte';
import { flushSync } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Shortcuts } from '../../shell/shortcuts.svelte.ts';
import { askView, runView } from '../../testing/agents-views.ts';
import { FleetStandIn } from '../../testing/fleet-stand-in.ts';
import InboxProbe from '../../testing/InboxProbe.svelte';
import { joinAnother, liveServer, type LiveServer } from '../../testing/live-server.ts';
import { Overlays } from '../../ui/overlays.svelte.ts';
import { Inbox } from './inbox.svelte.ts';

let live: LiveServer;
let lighthouse: EntryId;
let fleet: FleetStandIn;
let inbox: Inbox;
let overlays: Overlays;
let leaving: AbortController;

const asking = (content: Partial<Extract<AskContent, { kind: 'question' | 'report' }>> = {}): AskContent => ({
  v: 1,
  salt: 'AAAAAAAAAAAAAAAAAAAAAA',
  kind: 'question',
  text: 'Keep the old route as an alias,\nor drop it?',
  choices: ['Keep it', 'Drop it'],
  folder: '/srv/web',
  agent: 'Codex',
  ...content,
});
const question = (more: Partial<AskView> = {}): AskView =>
  askView({
    entryId: lighthouse,
    serverLabel: 'lighthouse',
    kind: 'question',
    content: asking(),
    openedAt: live.platform.clock.now() + 60_000,
    ...more,
  });

beforeEach(async () => {
  live = await liveServer();
  lighthouse = (await joinAnother(live, 'https://lighthouse.example')).handle.id;
  fleet = new FleetStandIn();
  vi.spyOn(live.client, 'machines').mockResolvedValue(fleet);
  const text = `<@${live.anna}> look at this`;
  await live.as(live.bob, { kind: 'message.send', channel: live.general, text, replyTo: null });
  inbox = new Inbox(live.client);
  overlays = new Overlays();
  leaving = new AbortController();
});
afterEach(async () => {
  leaving.abort();
  await live.client[Symbol.asyncDispose]();
});

async function show(...asks: AskView[]): Promise<void> {
  fleet.show({ asks });
  await inbox.loadAsks();
  render(InboxProbe, {
    props: { client: live.client, inbox, overlays, shortcuts: new Shortcuts(window, leaving.signal) },
  });
  flushSync();
  await settle();
}

const detail = (): HTMLElement => screen.getByRole('main');
const says = (text: string): boolean => detail().textContent?.replaceAll(/\s+/g, ' ').includes(text) ?? false;
const press = (key: string): Promise<unknown> => {
  const row = document.querySelector<HTMLElement>('[aria-current=true]');
  row?.focus();
  return fireEvent.keyDown(row ?? window, { key, code: /\d/.test(key) ? `Digit${key}` : key });
};
const given = (): unknown[] => fleet.asked.map(({ what, entry, given: decision }) => [what, entry, decision]);

describe('asks of agents in the inbox', () => {
  it('stand among what needs the person, by age, counted and filtered with their server (S2.25)', async () => {
    const here = askView({ entryId: live.handle.id, serverLabel: 'harbour', openedAt: 1 });
    // Two servers may use the same id.
    const there = question({ id: here.id });
    fleet.show({ runs: [runView({ entryId: live.handle.id })] });
    await show(here, there);
    const rows = screen.getAllByRole('button', { current: true });
    expect([rows.length, inbox.rows.map(({ kind }) => kind), inbox.count('needs')]).toEqual([
      1,
      ['ask', 'message', 'ask'],
      3,
    ]);
    expect(
      screen.getByRole('button', { name: /Codex.*Asks you.*Keep the old route as an alias, or drop it\?/ }),
    ).toBeTruthy();
    const permission = screen.getByRole('button', {
      name: /Claude Code.*studio-mac · harbour.*Run pnpm db:migrate --env staging/,
    });
    expect(permission.querySelector('[aria-label="Asks for permission"]')?.getAttribute('class')).toContain(
      'text-warn',
    );
    inbox.filter = lighthouse;
    flushSync();
    expect(inbox.rows.map(({ entryId }) => entryId)).toEqual([lighthouse]);
    expect(inbox.chips.map(({ server, count }) => [server.entry.id, count])).toContainEqual([lighthouse, 1]);
  });

  it('are answered by keys alone, on their own server whatever is looked at (S1.22, S1.29)', async () => {
    live.client.focus(live.handle.id);
    // It was open when the person left the inbox.
    fleet.show({ asks: [question()] });
    await inbox.loadAsks();
    inbox.select(inbox.rows[0]);
    await show(question());
    await press('3');
    await press('2');
    expect(screen.getByRole('radio', { name: /Drop it/ }).getAttribute('aria-checked')).toBe('true');
    expect(fleet.asked).toEqual([]);
    await press('Enter');
    await settle();
    expect(given()).toEqual([[`answer ${question().id}`, lighthouse, { choice: 'Drop it', text: null }]]);
  });

  it('take words, with a choice or without, once', async () => {
    await show(question());
    const words = screen.getByRole('textbox');
    await fireEvent.keyDown(words, { key: 'Enter' });
    await fireEvent.input(words, { target: { value: ' Keep it a year ' } });
    await fireEvent.keyDown(words, { key: 'Enter' });
    await fireEvent.keyDown(words, { key: 'Enter' });
    await settle();
    expect(given()).toEqual([[`answer ${question().id}`, lighthouse, { choice: null, text: 'Keep it a year' }]]);
  });

  it('keep what was written while another row is looked at, and when it was not taken', async () => {
    const first = question();
    await show(first, question({ id: '0190a0a0-0000-7000-8000-0000000000a2', openedAt: 5 }));
    fleet.fails = new SkerryError('unavailable');
    await fireEvent.input(screen.getByRole('textbox'), { target: { value: 'Keep it' } });
    inbox.step(1);
    flushSync();
    expect(screen.getByRole<HTMLTextAreaElement>('textbox').value).toBe('');
    inbox.select(inbox.rows[0]);
    flushSync();
    await fireEvent.click(screen.getByRole('button', { name: 'Send answer' }));
    await settle();
    fleet.change(first.key, { progress: { kind: 'failed', problem: 'unavailable' } });
    flushSync();
    expect(screen.getByRole<HTMLTextAreaElement>('textbox').value).toBe('Keep it');
    expect(says('Your answer was not sent, and it will not be sent later by itself.')).toBe(true);
  });

  it('of the kind report are confirmed by a press, or go on with words', async () => {
    const report = asking({ kind: 'report', text: 'Scroll anchoring is done.', choices: ['Confirm', 'Continue'] });
    await show(question({ kind: 'report', content: report }));
    await fireEvent.input(screen.getByRole('textbox'), { target: { value: 'now the tests' } });
    await fireEvent.keyDown(screen.getByRole('textbox'), { key: 'Enter' });
    await settle();
    await fireEvent.input(screen.getByRole('textbox'), { target: { value: '' } });
    await fireEvent.click(screen.getByRole('button', { name: /^Confirm/ }));
    await settle();
    expect(given().map((one) => (one as unknown[])[2])).toEqual([
      { choice: 'Continue', text: 'now the tests' },
      { choice: 'Confirm', text: null },
    ]);
  });

  it('say what became of them, and stay in view until the person turns away', async () => {
    const ask = question();
    await show(ask);
    const at = Date.now();
    const answer = {
      device: 3,
      deviceName: 'Phone',
      isThis: false,
      at,
      content: { v: 1, salt: '', choice: 'Drop it', text: null },
    } as const;
    for (const [part, sentence] of [
      [{ progress: { kind: 'sending' } }, 'Sending to lighthouse…'],
      [{ machineOnline: false, progress: { kind: 'none' } }, 'studio-mac is offline. An answer waits on lighthouse'],
      [{ state: 'answered', answer }, 'Already answered by Phone'],
      [{ answer: { ...answer, isThis: true } }, 'Answered. studio-mac is offline'],
      [{ machineOnline: true }, 'studio-mac has not taken it yet'],
      [{ takenAt: at }, 'Confirmed by studio-mac'],
      [{ state: 'expired', closedAt: at, answer: null }, 'Expired without an answer'],
      [{ state: 'cancelled' }, 'Taken back by studio-mac'],
      [{ progress: { kind: 'failed', problem: 'closed' } }, 'Somebody was quicker.'],
    ] as const) {
      fleet.change(ask.key, part);
      flushSync();
      expect([sentence, says(sentence)]).toEqual([sentence, true]);
    }
    expect([inbox.count('needs'), inbox.rows.length, screen.queryByRole('textbox')]).toEqual([1, 2, null]);
    inbox.select(inbox.rows.find(({ kind }) => kind === 'message'));
    flushSync();
    expect(inbox.rows.map(({ kind }) => kind)).toEqual(['message']);
  });

  it('cannot be answered while their server is away, and nothing is kept for later; others can', async () => {
    const here = question({ entryId: live.handle.id, serverLabel: 'harbour', key: 'x' });
    await show(question(), here);
    const handle = live.client.server(lighthouse);
    await handle?.pause();
    flushSync();
    expect(says('lighthouse is not connected: an answer cannot be sent now')).toBe(true);
    await press('1');
    await press('Enter');
    await fireEvent.input(screen.getByRole('textbox'), { target: { value: 'Keep it' } });
    await fireEvent.keyDown(screen.getByRole('textbox'), { key: 'Enter' });
    expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Send answer' }).disabled).toBe(true);
    expect(fleet.asked).toEqual([]);
    inbox.select(inbox.rows.find((entry) => entry.key === `ask ${here.key}`));
    flushSync();
    await press('1');
    await press('Enter');
    await settle();
    expect(fleet.asked.map(({ entry }) => entry)).toEqual([live.handle.id]);
  });

  it('show the words of an agent as text and nothing else (T17, T18)', async () => {
    const text = '<b>x</b> [Allow](https://evil.example) \u202eevil';
    await show(question({ content: asking({ text, choices: [], agent: 'Skerry\u202e' }) }));
    const words = detail().querySelector('blockquote');
    expect([words?.textContent, words?.children.length]).toEqual(['<b>x</b> [Allow](https://evil.example) evil', 0]);
    fleet.change(question().key, { content: null });
    flushSync();
    expect(says('This device has no key for it.')).toBe(true);
    expect(screen.queryByRole('textbox')).toBeNull();
  });
});
