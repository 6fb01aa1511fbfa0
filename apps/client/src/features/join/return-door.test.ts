import { FakeServer, settle } from '@skerry/core/testing';
import { render, screen } from '@testing-library/svelte';
import { flushSync } from 'svelte';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { liveServer, type LiveServer } from '../../testing/live-server.ts';
import ReturnDoorProbe from '../../testing/ReturnDoorProbe.svelte';

const PROVED = 'It proved its key';
let live: LiveServer;
let origin: string;

beforeEach(async () => {
  live = await liveServer();
  await live.handle.signOut('keep');
  origin = live.handle.view.get().entry.addresses[0]?.origin ?? '';
});
afterEach(async () => {
  await live.client[Symbol.asyncDispose]();
});

async function show(): Promise<void> {
  render(ReturnDoorProbe, { client: live.client, server: live.handle });
  await settle();
  flushSync();
}
const words = (): string => screen.getByRole('list', { name: 'Six words of its key' }).textContent;

describe('the door of a server one comes back to', () => {
  it('says that the key was proved once it was, with the words that are remembered', async () => {
    await show();
    expect(screen.getByText(PROVED)).toBeTruthy();
    for (const word of live.handle.view.get().entry.words) expect(words()).toContain(word);
  });

  it('shows the words without that claim while nobody answers', async () => {
    live.platform.network.serve(origin, undefined);
    await show();
    expect(screen.queryByText(PROVED)).toBeNull();
    for (const word of live.handle.view.get().entry.words) expect(words()).toContain(word);
  });

  it('makes no claim for a server that proves another key', async () => {
    live.platform.network.serve(origin, new FakeServer(origin, { now: () => live.platform.clock.now() }));
    await show();
    expect(screen.queryByText(PROVED)).toBeNull();
  });
});
