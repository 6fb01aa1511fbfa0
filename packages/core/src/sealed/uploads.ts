import { MAX_ATTACHMENT, sealAttachment } from '@skerry/crypto';
import { type ChannelId, SkerryError, toBase64Url } from '@skerry/protocol';
import { LocalError } from '../errors.ts';
import { Value } from '../value.ts';
import { type Attachment, fileName, mediaType } from './content.ts';
import type { Upload, UploadState } from './face.ts';
import type { SealedDeps } from './ports.ts';

type Given = { readonly name: string; readonly type: string; readonly bytes: Uint8Array };

/** Files on their way to the server. Once there, a message can name them, as often as it has to be sent. */
export class Uploads implements AsyncDisposable {
  readonly #deps: SealedDeps;
  readonly #uploads = new Map<string, OneUpload>();

  constructor(deps: SealedDeps) {
    this.#deps = deps;
  }

  /** @throws SkerryError `too_large` */
  add(channel: ChannelId, file: Given): Upload {
    if (file.bytes.length > MAX_ATTACHMENT) throw new LocalError('too_large', 'A file may have up to 25 MiB.');
    const id = toBase64Url(this.#deps.random.bytes(16));
    const upload = new OneUpload(this.#deps, { id, channel, file }, () => this.#uploads.delete(id));
    this.#uploads.set(id, upload);
    upload.retry();
    return upload;
  }

  /** The files of a message. @throws SkerryError `bad_request` for one that isn't ready, or of another channel */
  take(channel: ChannelId, ids: readonly string[]): readonly Attachment[] {
    return ids.map((id) => {
      const upload = this.#uploads.get(id);
      if (upload?.attachment === undefined || upload.channel !== channel)
        throw new LocalError('bad_request', 'A file of this message is not ready yet.', { field: 'uploads' });
      return upload.attachment;
    });
  }

  /** The message that names them is kept. */
  done(ids: readonly string[]): void {
    for (const id of ids) this.#uploads.delete(id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const upload of [...this.#uploads.values()]) upload.cancel();
  }
}

class OneUpload implements Upload {
  readonly id: string;
  readonly channel: ChannelId;
  readonly name: string;
  readonly size: number;
  /** Set once the server has it. */
  attachment: Attachment | undefined;
  readonly #deps: SealedDeps;
  readonly #type: string;
  #file: Uint8Array | undefined;
  /** Encrypted once: what was cut off is sent again as it was. */
  #sealed: { readonly bytes: Uint8Array<ArrayBuffer>; readonly of: Omit<Attachment, 'blob'> } | undefined;
  readonly #state = new Value<UploadState>({ kind: 'failed', code: 'unavailable', message: '' });
  readonly #gone: () => void;
  #running: AbortController | undefined;

  constructor(deps: SealedDeps, of: { id: string; channel: ChannelId; file: Given }, gone: () => void) {
    this.#deps = deps;
    this.#gone = gone;
    this.id = of.id;
    this.channel = of.channel;
    this.name = fileName(of.file.name);
    this.size = of.file.bytes.length;
    this.#type = mediaType(of.file.type);
    this.#file = of.file.bytes;
  }

  get state(): Value<UploadState> {
    return this.#state;
  }

  retry(): void {
    if (this.#state.get().kind !== 'failed' || this.#running !== undefined) return;
    const controller = new AbortController();
    this.#running = controller;
    void this.#run(controller.signal)
      .catch((error: unknown) => this.#failed(error))
      .finally(() => {
        this.#running = undefined;
      });
  }

  cancel(): void {
    if (this.#state.get().kind === 'cancelled') return;
    this.#state.set({ kind: 'cancelled' });
    this.#running?.abort(new Error('cancelled'));
    this.attachment = undefined;
    this.#file = undefined;
    this.#sealed = undefined;
    this.#gone();
  }

  async #run(signal: AbortSignal): Promise<void> {
    if (this.#sealed === undefined) {
      this.#state.set({ kind: 'encrypting' });
      this.#sealed = await this.#seal();
      this.#file = undefined;
      signal.throwIfAborted();
    }
    const { bytes, of } = this.#sealed;
    const total = bytes.length;
    this.#state.set({ kind: 'uploading', sent: 0, total });
    const onProgress = (sent: number): void => {
      if (this.#state.get().kind === 'uploading') this.#state.set({ kind: 'uploading', sent, total });
    };
    const blob = await this.#deps.api.putBlob(this.channel, bytes, { signal, onProgress });
    signal.throwIfAborted();
    this.attachment = { blob, ...of };
    this.#sealed = undefined;
    this.#state.set({ kind: 'ready' });
  }

  async #seal(): Promise<{ bytes: Uint8Array<ArrayBuffer>; of: Omit<Attachment, 'blob'> }> {
    const { random, subtle } = this.#deps;
    const { key, digest, size, sealed } = await sealAttachment(this.#file ?? new Uint8Array(), { random, subtle });
    const of = { key: toBase64Url(key), digest: toBase64Url(digest), size, name: this.name, type: this.#type };
    return { bytes: sealed, of };
  }

  #failed(error: unknown): void {
    if (this.#state.get().kind === 'cancelled') return;
    const { code, message } = error instanceof SkerryError ? error : new SkerryError('unavailable');
    this.#state.set({ kind: 'failed', code, message });
  }
}
