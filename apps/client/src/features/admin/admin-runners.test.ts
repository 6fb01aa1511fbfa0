import { ModelAssistants, settle } from '@skerry/core/testing';
import { fireEvent, render, screen } from '@testing-library/svelte';
import { flushSync, type Component } from 'svelte';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KeysDoor } from '../../state/keys-door.svelte.ts';
import { liveServer, type LiveServer } from '../../testing/live-server.ts';
import PartProbe from '../../testing/PartProbe.svelte';
import { Overlays } from '../../ui/overlays.svelte.ts';
import AdminRunners from './AdminRunners.svelte';

let live: LiveServer;
let model: ModelAssistants;
let overlays: Overlays;
const KEY = 'A'.repeat(43);
const OTHER = 'B'.repeat(43);

beforeEach(async () => {
  live = await liveServer();
  model = new ModelAssistants(live.server);
  overlays = new Overlays();
});
afterEach(() => live.client[Symbol.asyncDispose]());

async function until(isSo: () => boolean): Promise<void> {
  for (let turn = 0; turn < 400 && !isSo(); turn += 1) {
    await settle();
    await new Promise((resolve) => setTimeout(resolve, 5));
    flushSync();
  }
  expect(isSo()).toBe(true);
}
async function show(): Promise<void> {
  const part = AdminRunners as unknown as Component<Record<string, unknown>>;
  const props = { client: live.client, door: new KeysDoor(), overlays, part, props: { server: live.handle } };
  render(PartProbe, { props });
  await settle();
  expect(model.asked).toEqual([]);
  await fireEvent.click(screen.getByRole('button', { name: 'Show runners' }));
}
const says = (text: string | RegExp): boolean => screen.queryAllByText(text).length > 0;
async function write(field: string, value: string): Promise<void> {
  await fireEvent.input(screen.getByLabelText(field), { target: { value } });
}
async function register(name: string, publicKey: string, boxKey: string): Promise<void> {
  await write('Name of the runner', name);
  await write('publicKey', publicKey);
  await write('boxKey', boxKey);
  const form = screen.getByLabelText('publicKey').closest('form');
  if (form !== null) await fireEvent.submit(form);
}

describe('the runners of a server', () => {
  it('are registered by both of their keys, and removed after asking (S3.24)', async () => {
    await show();
    await until(() => says(/No runner is registered/));
    await register('Hall', KEY, OTHER);
    await until(() => says('Hall') && says(/never seen/));
    expect(model.runners).toMatchObject([{ label: 'Hall', publicKey: KEY, boxKey: OTHER }]);

    await fireEvent.click(screen.getByRole('button', { name: 'Remove: Hall' }));
    await until(() => overlays.question !== undefined);
    expect(model.runners).toHaveLength(1);
    overlays.question?.settle(true);
    await until(() => says(/No runner is registered/));
    expect(model.runners).toEqual([]);
  });

  it('what is no key, or has no name, is said beside its field and asked of nobody', async () => {
    await show();
    await until(() => says(/No runner is registered/));
    await register('', 'short', `${OTHER}=`);
    await until(() => screen.getAllByText(/This is no key/).length === 2);
    expect(says('Give it a name that you will know it by.')).toBe(true);
    expect(model.asked).not.toContain('addRunner');
  });

  it('one that is there already is refused, and what was written stays', async () => {
    await show();
    await until(() => says(/No runner is registered/));
    await register('Hall', KEY, OTHER);
    await until(() => says('Hall'));
    await register('Cellar', KEY, OTHER);
    await until(() => screen.queryByRole('alert') !== null);
    expect(screen.getByLabelText<HTMLInputElement>('publicKey').value).toBe(KEY);
    expect(model.runners).toHaveLength(1);
  });

  it('are not asked for where assistants are off', async () => {
    model.enabled = false;
    await show();
    await until(() => says('Assistants are switched off on this server.'));
    expect(screen.queryByLabelText('publicKey')).toBeNull();
  });
});
