import { type BlobId, type Command, type CommandId, type CommandResult, KEY_ROUTES, LIMITS } from '@skerry/protocol';
import type { Api } from '../api/api.ts';
import type { SealedApi } from './ports.ts';

/** What a frame has around its command. */
const FRAME_ROOM = 1_024;

/** The ways from one context to its server. */
export type ContextWire = {
  readonly api: Api;
  /** A command over the socket, where there is one. */
  readonly run: (id: CommandId, command: Command, signal: AbortSignal) => Promise<CommandResult>;
  readonly isLive: () => boolean;
};

/** The calls of one context that encrypted conversations are made of. */
export function sealedApi({ api: plain, run, isLive }: ContextWire): SealedApi {
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
