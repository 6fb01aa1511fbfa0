import { settle } from '@skerry/core/testing';
import { fireEvent, render, screen } from '@testing-library/svelte';
import { flushSync } from 'svelte';
import { expect, it, vi } from 'vitest';
import NoChannelProbe from '../testing/NoChannelProbe.svelte';
import { liveServer } from '../testing/live-server.ts';

it('offers signing in where signing out left nothing of a server to show', async () => {
  const { client, handle } = await liveServer();
  await handle.signOut('wipe');
  await settle();
  const onSettle = vi.fn();
  render(NoChannelProbe, { server: handle, settle: onSettle });
  flushSync();
  expect(screen.getByRole('heading', { level: 1 }).textContent).toMatch(/^Nothing of .+ is on this device$/);
  await fireEvent.click(screen.getByRole('button', { name: 'Sign in' }));
  expect(onSettle).toHaveBeenCalledOnce();
  await client[Symbol.asyncDispose]();
});

it('says that no channel was joined, where that is why there is none', async () => {
  const { client, handle, as, anna, general } = await liveServer();
  await as(anna, { kind: 'channel.leave', channel: general });
  render(NoChannelProbe, { server: handle, settle: () => undefined });
  flushSync();
  expect(screen.getByRole('heading', { level: 1 }).textContent).toMatch(/^You are in no channel of /);
  await client[Symbol.asyncDispose]();
});
