import { type BlobId, KEY_ROUTES, LIMITS } from '@skerry/protocol';
import type { SealedApi } from './ports.ts';
import type { SignalClientDeps } from './signal-client.ts';

/** What a frame has around its command. */
const FRAME_ROOM = 1_024;

/** The calls of one context that encrypted conversations are made of. */
export function sealedApi({ api: plain, run, isLive }: Pick<SignalClientDeps, 'api' | 'run' | 'isLive'>): SealedApi {
  const api = plain.with(KEY_ROUTES);
  return {
    toDevice: (after, signal) => api.call('toDevice', { query: { after }, signal }),
    ackToDevice: (n, signal) => api.call('ackToDevice', { body: { n }, signal }),
    sealedMessages: (channelId, after, signal) =>
      api.call('sealedMessages', { params: { channelId }, query: { after }, signal }),
    groupChain: (channelId, after, signal) =>
      api.call('groupChain', { params: { channelId }, query: { after }, signal }),
    command: (id, command, signal) => {
      const fits = JSON.stringify(command).length < LIMITS.frameUpBytes - FRAME_ROOM;
      return fits && isLive() ? run(id, command, signal) : api.call('command', { body: { id, command }, signal });
    },
    putBlob: async (channelId, bytes, { signal, onProgress }) => {
      const moved = (done: number): void => onProgress(done, bytes.length);
      const { blob } = await api.call('putBlob', { params: { channelId }, body: bytes, signal, onProgress: moved });
      return blob;
    },
    blob: async (blobId: BlobId, { signal, onProgress }) => {
      const moved = (done: number): void => onProgress(done, LIMITS.blobBytes);
      return await api.call('blob', { params: { blobId }, signal, onProgress: moved });
    },
  };
}
