import { SkerryError, type BlobId, type MessageId } from '@skerry/protocol';
import type { AttachmentView, ServerHandle } from '@skerry/core';
import { t } from '../../i18n/t-pages.ts';
import { saveFile } from '../../platform/save-file.ts';
import { bytes as sizeOf } from '../../ui/bytes.ts';
import { cleanFileName } from './file-name.ts';
import { pictureOf, type Picture } from './picture.ts';

/** Pictures up to this size are fetched without being asked for. */
const AT_ONCE_BYTES = 4 * 1024 * 1024;
/** What decrypted pictures may take in memory before those seen longest ago are let go. */
const KEPT_BYTES = 64 * 1024 * 1024;

export type FileState =
  | { readonly kind: 'idle' }
  /** Of a hundred. */
  | { readonly kind: 'fetching'; readonly percent: number }
  | { readonly kind: 'picture'; readonly url: string; readonly picture: Picture }
  /** Fetched to be shown, and is no picture; it can be saved. */
  | { readonly kind: 'notPicture' }
  | { readonly kind: 'failed'; readonly sentence: string };

/** One file of a message: fetched, decrypted and looked at when somebody wants it. */
export class FileModel {
  readonly #files: Files;
  readonly #message: MessageId;
  readonly attachment: AttachmentView;
  #state: FileState = $state.raw({ kind: 'idle' });
  #content: Blob | undefined;
  #fetching: AbortController | undefined;

  constructor(files: Files, message: MessageId, attachment: AttachmentView) {
    this.#files = files;
    this.#message = message;
    this.attachment = attachment;
  }

  get state(): FileState {
    return this.#state;
  }

  get name(): string {
    return cleanFileName(this.attachment.name) ?? t.sealed.file.unnamed;
  }

  get size(): string {
    return sizeOf(this.attachment.size);
  }

  /** Its sender calls it a picture. What it is, its content says once it is there. */
  get isCalledPicture(): boolean {
    return /^image\/(?:png|jpeg|gif|webp)$/.test(this.attachment.type);
  }

  get isShownAtOnce(): boolean {
    return this.isCalledPicture && this.attachment.size <= AT_ONCE_BYTES;
  }

  /** Bytes it keeps in memory. */
  get weight(): number {
    return this.#content?.size ?? 0;
  }

  /** Fetches it to be shown in the page. */
  async show(): Promise<void> {
    if (this.#state.kind !== 'idle' && this.#state.kind !== 'failed') return;
    const bytes = await this.#fetch();
    if (bytes === undefined) return;
    const picture = pictureOf(bytes);
    if (picture === undefined) {
      this.#state = { kind: 'notPicture' };
      return;
    }
    // Of the type its content has, and never of the one it came with: the page's origin must not open it as anything else.
    this.#content = new Blob([bytes], { type: picture.type });
    this.#state = { kind: 'picture', url: URL.createObjectURL(this.#content), picture };
    this.#files.kept(this);
  }

  /** Hands it to the person as a file. */
  async save(): Promise<void> {
    const before = this.#state;
    if (before.kind === 'fetching') return;
    const content = this.#content ?? (await this.#fetch());
    if (content === undefined) return;
    if (this.#state.kind === 'fetching') this.#state = before.kind === 'failed' ? { kind: 'idle' } : before;
    saveFile(this.name, content, 'application/octet-stream');
  }

  cancel(): void {
    this.#fetching?.abort();
  }

  /** Frees what it keeps; it can be fetched again. */
  release(): void {
    if (this.#state.kind === 'picture') URL.revokeObjectURL(this.#state.url);
    this.#content = undefined;
    this.#state = { kind: 'idle' };
  }

  async #fetch(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const fetching = new AbortController();
    this.#fetching = fetching;
    this.#state = { kind: 'fetching', percent: 0 };
    try {
      const bytes = await this.#files.server.sealed.open(this.#message, this.attachment.blob, {
        signal: fetching.signal,
        onProgress: (received, total) => {
          const percent = total > 0 ? Math.min(99, Math.floor((received / total) * 100)) : 0;
          if (this.#state.kind === 'fetching' && percent > this.#state.percent)
            this.#state = { kind: 'fetching', percent };
        },
      });
      return bytes as Uint8Array<ArrayBuffer>;
    } catch (error) {
      this.#state = fetching.signal.aborted ? { kind: 'idle' } : { kind: 'failed', sentence: sentenceOf(error) };
      return undefined;
    }
  }
}

/** The files of one conversation's messages, each once, however often its row is drawn. */
export class Files implements Disposable {
  readonly server: ServerHandle;
  readonly #models = new Map<BlobId, FileModel>();
  readonly #kept = new Set<FileModel>();

  constructor(server: ServerHandle) {
    this.server = server;
  }

  of(message: MessageId, attachment: AttachmentView): FileModel {
    let model = this.#models.get(attachment.blob);
    if (model === undefined) this.#models.set(attachment.blob, (model = new FileModel(this, message, attachment)));
    return model;
  }

  /** It keeps its bytes now. Those that did so longest ago let go of theirs when it becomes too much. */
  kept(model: FileModel): void {
    this.#kept.delete(model);
    this.#kept.add(model);
    let total = 0;
    for (const one of this.#kept) total += one.weight;
    for (const one of this.#kept) {
      if (total <= KEPT_BYTES || one === model) return;
      total -= one.weight;
      this.#kept.delete(one);
      one.release();
    }
  }

  [Symbol.dispose](): void {
    for (const model of this.#models.values()) {
      model.cancel();
      model.release();
    }
    this.#models.clear();
    this.#kept.clear();
  }
}

function sentenceOf(error: unknown): string {
  const code = error instanceof SkerryError ? error.code : undefined;
  if (code === 'not_found') return t.sealed.file.gone;
  if (code === 'bad_request') return t.sealed.file.damaged;
  return code === 'unavailable' ? t.sealed.file.away : t.sealed.file.failed;
}
