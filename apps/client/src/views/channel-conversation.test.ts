import { settle } from '@skerry/core/testing';
import { render, screen } from '@testing-library/svelte';
import { flushSync } from 'svelte';
import { expect, it } from 'vitest';
import { untilFirstScreen } from '../state/first-screen.ts';
import ChannelProbe from '../testing/ChannelProbe.svelte';
import { liveServer } from '../testing/live-server.ts';

it('a channel without messages is a first screen too: what comes after it does not wait', async () => {
  const { client, handle, anna, general } = await liveServer();
  let isTold = false;
  void untilFirstScreen(new Promise(() => undefined)).then(() => (isTold = true));
  await settle();
  expect(isTold).toBe(false);

  render(ChannelProbe, { server: handle, channel: general, me: anna });
  await settle();
  flushSync();
  await settle();
  expect(screen.getByRole('heading').textContent).toContain('general');
  expect(isTold).toBe(true);
  await client[Symbol.asyncDispose]();
});
