import { FakeServer, settle } from '@skerry/core/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { liveServer, type LiveServer } from '../../testing/live-server.ts';
import { ImportList } from './import-list.svelte.ts';

const LAB = 'https://lab.example';
const FILE = JSON.stringify({
  server_configs: [
    { url: LAB, label: 'The lab' },
    { url: 'https://gone.example', label: 'Gone' },
    { url: 'https://harbour.example', label: 'Again' },
  ],
});
const signal = new AbortController().signal;
let live: LiveServer;
let list: ImportList;

beforeEach(async () => {
  live = await liveServer();
  live.platform.network.serve(LAB, new FakeServer(LAB, { now: () => live.platform.clock.now() }));
  list = new ImportList(live.client);
});
afterEach(async () => {
  await live.client[Symbol.asyncDispose]();
});

describe('a list of servers from a file', () => {
  it('adds one under its label and keeps the others to choose from', async () => {
    expect(await list.read(FILE)).toBe(true);
    const [lab, gone] = list.items;
    if (lab === undefined || gone === undefined) throw new Error('the list was not read');
    await list.add(lab, signal);
    await settle();
    expect(live.client.servers.get().map(({ label }) => label)).toContain('The lab');
    expect([lab.progress.kind, gone.progress.kind, list.items.length]).toEqual(['added', 'listed', 3]);
  });

  it('says at the server itself why it could not be added, and adds nothing', async () => {
    await list.read(FILE);
    for (const item of list.items.slice(1)) await list.add(item, signal);
    expect(list.items.slice(1).map(({ progress }) => progress)).toEqual([
      { kind: 'failed', sentence: expect.stringContaining('gone.example') as string },
      { kind: 'failed', sentence: 'This server is already in your list.' },
    ]);
    expect(live.client.servers.get()).toHaveLength(1);
  });

  it('is no list where the file holds something else', async () => {
    expect([await list.read('{"hello": 1}'), list.items]).toEqual([false, []]);
  });
});
