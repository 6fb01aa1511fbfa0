import type { ChannelId, MessageId } from '@skerry/protocol';
import type { ServerHandle, Upload, UploadState } from '@skerry/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { value, type TestValue } from '../../testing/value.svelte.ts';
import { MOST_BYTES, Tray, trayOf } from './tray.svelte.ts';

const CHANNEL = 'c' as ChannelId;
type Given = { readonly upload: Upload; readonly state: TestValue<UploadState>; readonly type: string };
let given: Given[];
let sent: { readonly uploads: readonly string[]; readonly text: string }[];
let refuse: boolean;
let server: ServerHandle;

// The part of a server's face that a tray uses, with uploads whose course the test decides.
beforeEach(() => {
  given = [];
  sent = [];
  refuse = false;
  server = {
    sealed: {
      attach: (_channel: ChannelId, file: { name: string; type: string; bytes: Uint8Array }): Upload => {
        const state = value<UploadState>({ kind: 'encrypting' });
        const upload: Upload = {
          id: `upload ${given.length}`,
          name: file.name,
          size: file.bytes.length,
          state,
          cancel: () => state.set({ kind: 'cancelled' }),
          retry: () => state.set({ kind: 'encrypting' }),
        };
        given.push({ upload, state, type: file.type });
        return upload;
      },
      send: (message: { uploads: readonly string[]; text: string }) => {
        if (refuse) return Promise.reject(new Error('no'));
        sent.push(message);
        return Promise.resolve('m' as MessageId);
      },
    },
  } as unknown as ServerHandle;
});

const file = (name: string, size = 3, type = ''): File => new File([new Uint8Array(size)], name, { type });

describe('the files of a message being written', () => {
  it('can leave when all of them are with the server, and not before', async () => {
    const tray = new Tray(server, CHANNEL);
    expect(await tray.take([file('a.png', 3, 'image/png'), file('b')])).toEqual([]);
    expect(given.map(({ type }) => type)).toEqual(['image/png', 'application/octet-stream']);
    expect([tray.isLoaded, tray.isReady]).toEqual([true, false]);
    given[0]?.state.set({ kind: 'ready' });
    given[1]?.state.set({ kind: 'uploading', sent: 1, total: 4 });
    expect([tray.isReady, tray.items[1]?.percent]).toEqual([false, 25]);
    given[1]?.state.set({ kind: 'failed', code: 'unavailable', message: '' });
    expect([tray.isReady, tray.hasFailed]).toEqual([false, true]);
    given[1]?.state.set({ kind: 'ready' });
    expect(tray.isReady).toBe(true);
  });

  it('says of each file why it was not taken, and takes the others', async () => {
    const tray = new Tray(server, CHANNEL);
    const large = file('film.mkv');
    Object.defineProperty(large, 'size', { value: MOST_BYTES + 1 });
    const refused = await tray.take([large, file('folder', 0), file('fine.txt')]);
    expect(refused).toHaveLength(2);
    expect(refused[0]).toContain('film.mkv');
    expect(refused[1]).toContain('folder');
    expect(tray.items.map(({ upload }) => upload.name)).toEqual(['fine.txt']);
  });

  it('carries ten at most', async () => {
    const tray = new Tray(server, CHANNEL);
    const refused = await tray.take(Array.from({ length: 12 }, (_, index) => file(`${index}.txt`)));
    expect(refused).toHaveLength(1);
    expect(tray.items).toHaveLength(10);
    expect(await tray.take([file('one more')])).toHaveLength(1);
    expect(tray.items).toHaveLength(10);
  });

  it('goes with the message, and stays when that fails', async () => {
    const tray = new Tray(server, CHANNEL);
    await tray.take([file('a'), file('b')]);
    refuse = true;
    await expect(tray.send({ text: 'x', replyTo: null })).rejects.toThrow();
    expect(tray.items).toHaveLength(2);
    refuse = false;
    await tray.send({ text: 'x', replyTo: null });
    expect(sent).toMatchObject([{ text: 'x', uploads: ['upload 0', 'upload 1'] }]);
    expect(tray.isLoaded).toBe(false);
  });

  it('is cancelled by taking it out, and is there again when one comes back to the conversation', async () => {
    const tray = trayOf(server, CHANNEL);
    await tray.take([file('a'), file('b')]);
    const [first] = tray.items;
    if (first === undefined) throw new Error('nothing was taken');
    tray.remove(first);
    expect(given[0]?.state.get().kind).toBe('cancelled');
    expect(trayOf(server, CHANNEL).items.map(({ upload }) => upload.name)).toEqual(['b']);
    expect(trayOf(server, 'other' as ChannelId).items).toEqual([]);
  });
});
