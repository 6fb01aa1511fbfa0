import { settle } from '@skerry/core/testing';
import { WORD_LIST } from '@skerry/protocol/words';
import { fireEvent, render, screen } from '@testing-library/svelte';
import { flushSync, type Component } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { KeysDoor } from '../../state/keys-door.svelte.ts';
import { liveServer, type LiveServer } from '../../testing/live-server.ts';
import PartProbe from '../../testing/PartProbe.svelte';
import { Overlays } from '../../ui/overlays.svelte.ts';
import EnterWords from './EnterWords.svelte';
import ForgetDialog from './ForgetDialog.svelte';
import KeysSection from './KeysSection.svelte';
import PhraseCheck from './PhraseCheck.svelte';
import PhraseWords from './PhraseWords.svelte';

// Keys are made and packages of cryptography loaded: that takes a while on a busy machine.
vi.setConfig({ testTimeout: 30_000 });

let live: LiveServer;
let door: KeysDoor;
let overlays: Overlays;

beforeEach(async () => {
  live = await liveServer();
  door = new KeysDoor();
  overlays = new Overlays();
  await waitFor(() => live.client.person.state.get().kind === 'none');
});
afterEach(async () => {
  await live.client[Symbol.asyncDispose]();
});

async function waitFor(isSo: () => boolean): Promise<void> {
  for (let turn = 0; turn < 600 && !isSo(); turn += 1) {
    await settle();
    await new Promise((resolve) => setTimeout(resolve, 5));
    flushSync();
  }
  expect(isSo()).toBe(true);
}

type AnyPart = Component<Record<string, unknown>>;

function show<Props extends Record<string, unknown>>(part: Component<Props>, props: Props): void {
  const given = { client: live.client, door, overlays, part: part as unknown as AnyPart, props };
  render(PartProbe, { props: given });
  flushSync();
}

const button = (name: string | RegExp): HTMLElement => screen.getByRole('button', { name });

/** A phrase whose checksum is right, made by the core itself. */
async function makeWords(): Promise<readonly string[]> {
  await live.client.person.create();
  return live.client.person.words();
}

describe('the place of the keys', () => {
  it('says to who has none why encrypted conversations wait, and leads to each way of getting some', async () => {
    show(KeysSection, {});
    expect(screen.getByText(/Encrypted conversations do not: there is nothing/)).toBeTruthy();
    for (const [name, kind] of [
      [/^Make your keys/, 'make'],
      [/^Enter your 24 words/, 'enter'],
      [/^Let another device send them/, 'link'],
    ] as const) {
      await fireEvent.click(button(name));
      expect(door.open).toBe(kind);
    }
  });

  it('warns as long as nobody has shown that the words are written down, and no longer', async () => {
    const words = await makeWords();
    show(KeysSection, {});
    expect(screen.getByText('You have not shown yet that your 24 words are written down')).toBeTruthy();
    expect(await live.client.person.checkWords([{ position: 3, word: words[2] ?? '' }])).toBe(true);
    flushSync();
    expect(screen.queryByText('You have not shown yet that your 24 words are written down')).toBeNull();
    expect(document.body.textContent).not.toContain(words.join(' '));
  });

  it('says what forgetting costs, and does it only for who has the words or another device', async () => {
    await makeWords();
    let agreed = false;
    const { person } = live.client;
    show(ForgetDialog, {
      forgetting: person.forgetting(),
      onagree: () => (agreed = true),
      onclose: () => undefined,
    });
    await waitFor(() => screen.queryByRole('checkbox') !== null);
    expect(screen.getByText(/they are gone for good/)).toBeTruthy();
    const forget = (): HTMLButtonElement => button('Forget the keys') as HTMLButtonElement;
    expect(forget().disabled).toBe(true);
    await fireEvent.click(screen.getByRole('checkbox'));
    expect(forget().disabled).toBe(false);
    await fireEvent.click(forget());
    expect(agreed).toBe(true);
  });
});

describe('the 24 words on the screen', () => {
  it('are not in the page before the person asks for them, and gone when they hide them', async () => {
    const words = await makeWords();
    show(PhraseWords, { words, onshown: () => undefined });
    const shown = (): boolean => words.some((word) => screen.queryAllByText(word).length > 0);
    expect(shown()).toBe(false);
    await fireEvent.click(button('Show the words'));
    expect(words.every((word) => screen.queryAllByText(word).length > 0)).toBe(true);
    await fireEvent.click(button('Hide the words'));
    expect(shown()).toBe(false);
  });

  it('are copied only after a warning', async () => {
    const words = await makeWords();
    show(PhraseWords, { words, onshown: () => undefined });
    await fireEvent.click(button('Copy'));
    expect(overlays.question?.spec.text).toContain('Other programs can read');
    overlays.question?.settle(false);
  });
});

describe('asking for three of them', () => {
  it('takes the right ones and no others', async () => {
    const words = await makeWords();
    let good = false;
    show(PhraseCheck, {
      person: live.client.person,
      list: WORD_LIST,
      ongood: () => (good = true),
      onagain: () => undefined,
    });
    const fields = screen.getAllByRole('combobox');
    const places = fields.map((field) =>
      Number((field as HTMLInputElement).labels?.[0]?.querySelector('[aria-hidden]')?.textContent),
    );
    expect(places).toHaveLength(3);
    for (const field of fields) await fireEvent.input(field, { target: { value: 'zoo' } });
    await fireEvent.click(button('Check'));
    await waitFor(() => screen.queryByRole('alert') !== null);
    expect(good).toBe(false);
    for (const [at, field] of fields.entries())
      await fireEvent.input(field, { target: { value: words[(places[at] ?? 0) - 1] } });
    await fireEvent.click(button('Check'));
    await waitFor(() => good);
    expect(live.client.person.state.get()).toMatchObject({ wordsChecked: true });
  });
});

describe('entering the 24 words', () => {
  it('names the word that is not in the list, and what is wrong when all of them are', async () => {
    const words = [...(await makeWords())];
    await live.client.person.forget();
    show(EnterWords, { person: live.client.person, list: WORD_LIST, onclose: () => undefined });
    const first = screen.getByRole('combobox', { name: 'Word 1' });
    await fireEvent.input(first, {
      target: { value: words.map((word, at) => (at === 8 ? 'skerrry' : word)).join(' ') },
    });
    expect(screen.getByText('Word 9, “skerrry”, is not in the list. Look at its letters again.')).toBeTruthy();
    expect(screen.getByRole('combobox', { name: 'Word 9' }).getAttribute('aria-invalid')).toBe('true');

    // The last word holds the checksum: of all words for its place, most do not fit.
    const wrong = WORD_LIST.filter((word) => word !== words[23]).slice(0, 3);
    let refused = 0;
    for (const last of wrong) {
      await fireEvent.input(first, { target: { value: [...words.slice(0, 23), last].join(' ') } });
      await fireEvent.click(button('Bring back my keys'));
      await settle();
      await new Promise((resolve) => setTimeout(resolve, 20));
      flushSync();
      if (live.client.person.state.get().kind === 'ready') await live.client.person.forget();
      else if (screen.queryByText(/together they do not fit/) !== null) refused += 1;
    }
    expect(refused).toBeGreaterThan(0);
  });

  it('goes by keyboard alone: arrows choose, Enter and space take and go on, Backspace goes back', async () => {
    show(EnterWords, { person: live.client.person, list: WORD_LIST, onclose: () => undefined });
    const field = (place: number): HTMLInputElement => screen.getByRole('combobox', { name: `Word ${place}` });
    const press = (place: number, key: string) => fireEvent.keyDown(field(place), { key });
    field(1).focus();
    await fireEvent.input(field(1), { target: { value: 'aba' } });
    expect(screen.getAllByRole('option').map((one) => one.textContent.trim())).toEqual(['abandon']);
    await press(1, 'ArrowDown');
    expect(field(1).getAttribute('aria-activedescendant')).toBe(screen.getByRole('option', { selected: true }).id);
    await press(1, 'Enter');
    await waitFor(() => document.activeElement === field(2));
    expect(field(1).value).toBe('abandon');
    await fireEvent.input(field(2), { target: { value: 'zebr' } });
    await press(2, ' ');
    await waitFor(() => document.activeElement === field(3));
    expect(field(2).value).toBe('zebra');
    await press(3, 'Backspace');
    await waitFor(() => document.activeElement === field(2));
  });

  it('brings back the same keys', async () => {
    const words = await makeWords();
    const before = live.client.person.state.get();
    await live.client.person.forget();
    show(EnterWords, { person: live.client.person, list: WORD_LIST, onclose: () => undefined });
    await fireEvent.input(screen.getByRole('combobox', { name: 'Word 1' }), { target: { value: words.join(' ') } });
    await fireEvent.click(button('Bring back my keys'));
    await waitFor(() => live.client.person.state.get().kind === 'ready');
    const after = live.client.person.state.get();
    expect([before.kind === 'ready' && before.words, after.kind === 'ready' && after.wordsChecked]).toEqual([
      after.kind === 'ready' && after.words,
      true,
    ]);
  });
});
