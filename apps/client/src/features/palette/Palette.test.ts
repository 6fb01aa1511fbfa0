import { fireEvent, render, screen } from '@testing-library/svelte';
import { flushSync, tick } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { liveServer, type LiveServer } from '../../testing/live-server.ts';
import PaletteProbe from '../../testing/PaletteProbe.svelte';
import type { PaletteEntry } from './palette-search.ts';

let live: LiveServer;

beforeEach(async () => {
  live = await liveServer();
});
afterEach(async () => {
  await live.client[Symbol.asyncDispose]();
});

async function show(): Promise<{ field: HTMLInputElement; picked: PaletteEntry[] }> {
  const picked: PaletteEntry[] = [];
  render(PaletteProbe, { client: live.client, onpick: (entry: PaletteEntry) => picked.push(entry), onclose: vi.fn() });
  await tick();
  return { field: screen.getByRole<HTMLInputElement>('combobox'), picked };
}
const options = (): string[] =>
  screen.getAllByRole('option').map((option) => option.textContent.replace(/\s+/g, ' ').trim());

describe('the quick switcher', () => {
  it('finds channels and people of every server by what is typed, and Enter takes the marked one', async () => {
    const { field, picked } = await show();
    await fireEvent.input(field, { target: { value: 'bo' } });
    flushSync();
    expect(options().some((text) => text.includes('bob'))).toBe(true);
    await fireEvent.input(field, { target: { value: 'gen' } });
    flushSync();
    expect(options()[0]).toContain('general');
    expect(field.getAttribute('aria-activedescendant')).toBe(screen.getAllByRole('option')[0]?.id);
    await fireEvent.keyDown(field, { key: 'Enter' });
    expect(picked).toMatchObject([{ kind: 'channel', server: live.handle.id, channel: live.general }]);
  });

  it('moves the mark with the arrows and round the ends', async () => {
    const { field } = await show();
    await fireEvent.input(field, { target: { value: '>' } });
    flushSync();
    const marked = (): number =>
      screen.getAllByRole('option').findIndex((option) => option.getAttribute('aria-selected') === 'true');
    expect([options().length, marked()]).toEqual([2, 0]);
    await fireEvent.keyDown(field, { key: 'ArrowDown' });
    await tick();
    expect(marked()).toBe(1);
    await fireEvent.keyDown(field, { key: 'ArrowDown' });
    await tick();
    expect(marked()).toBe(0);
  });

  it('says that a server is not live, and that nothing fits', async () => {
    await live.setReachable(false);
    const { field } = await show();
    await fireEvent.input(field, { target: { value: 'general' } });
    flushSync();
    expect(options()[0]).toContain('saved copy');
    await fireEvent.input(field, { target: { value: 'zzzz' } });
    flushSync();
    expect(screen.queryAllByRole('option')).toEqual([]);
    expect(document.body.textContent).toContain('Nothing here on 1 server.');
  });
});
