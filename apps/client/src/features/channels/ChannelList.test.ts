import type { ChannelId, CommandId } from '@skerry/protocol';
import { settle } from '@skerry/core/testing';
import { render, screen } from '@testing-library/svelte';
import { flushSync } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import ChannelListProbe from '../../testing/ChannelListProbe.svelte';
import { liveServer, type LiveServer } from '../../testing/live-server.ts';

let live: LiveServer;
const open = vi.fn();

beforeEach(async () => {
  open.mockClear();
  live = await liveServer();
});
afterEach(async () => {
  await live.client[Symbol.asyncDispose]();
});

const show = (): void => {
  render(ChannelListProbe, { server: live.handle, current: live.general, open });
  flushSync();
};
const create = (name: string, visibility: 'public' | 'private' = 'public'): Promise<unknown> =>
  live.as(live.bob, { kind: 'channel.create', name, topic: '', visibility, history: 'all' });

describe('the list of channels', () => {
  it('says name, kind and what is unread, and marks the open one', async () => {
    await live.as(live.bob, { kind: 'message.send', channel: live.general, text: 'news', replyTo: null });
    show();
    const row = screen.getByRole('link', { name: 'channel general, 1 unread' });
    expect(row.getAttribute('aria-current')).toBe('page');
    expect(row.getAttribute('href')).toBe(`#/${live.general}`);
  });

  it('counts the public channels one could join, and follows what changes', async () => {
    show();
    expect(screen.queryByRole('button', { name: /Browse channels/ })).toBeNull();
    await create('engineering');
    flushSync();
    expect(screen.getByRole('button', { name: /Browse channels\s*1/ })).toBeTruthy();
    await create('secret', 'private');
    flushSync();
    expect(screen.getByRole('button', { name: /Browse channels\s*1/ })).toBeTruthy();
  });

  it('joins a channel and opens it', async () => {
    const id = live.server.model.id<ChannelId>();
    live.server.model.run(live.bob, id as string as CommandId, {
      kind: 'channel.create',
      name: 'engineering',
      topic: 'How it is built',
      visibility: 'public',
      history: 'all',
    });
    await settle();
    show();
    screen.getByRole('button', { name: 'join for the test' }).click();
    await settle();
    flushSync();
    expect(open).toHaveBeenCalledWith(id);
    expect(screen.getByRole('link', { name: 'channel engineering' })).toBeTruthy();
  });

  it('offers nothing that needs the server while it is away', async () => {
    await create('engineering');
    show();
    expect(screen.getByRole('button', { name: 'Create a channel' })).toBeTruthy();
    await live.setReachable(false);
    flushSync();
    expect(screen.queryByRole('button', { name: 'Create a channel' })).toBeNull();
    expect(screen.queryByRole('button', { name: /Browse/ })).toBeNull();
    expect(screen.getByRole('link', { name: 'channel general' })).toBeTruthy();
  });

  it('shows no skeleton of what will not come, and says so instead', async () => {
    await live.handle.signOut('wipe');
    await settle();
    show();
    expect(screen.getByText(/^Nothing of .+ is on this device$/)).toBeTruthy();
    expect(document.querySelectorAll('#channels-joined li')).toHaveLength(0);
  });
});
