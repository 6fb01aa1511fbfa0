import { LIMITS, type ChannelId, type MessageId } from '@skerry/protocol';
import type { ServerHandle, Upload, UploadState } from '@skerry/core';
import { t } from '../../i18n/t-pages.ts';
import { bridge } from '../../state/bridge.svelte.ts';
import { bytes } from '../../ui/bytes.ts';

/** Bytes of one file. */
export const MOST_BYTES = 25 * 1024 * 1024;

/** One file that goes with the message being written. */
export class TrayItem {
  readonly upload: Upload;
  readonly #state;

  constructor(upload: Upload) {
    this.upload = upload;
    this.#state = bridge(() => upload.state);
  }

  get state(): UploadState {
    return this.#state.current;
  }

  /** Of a hundred; undefined while there is nothing to measure. */
  get percent(): number | undefined {
    const { state } = this;
    if (state.kind === 'ready') return 100;
    return state.kind === 'uploading' && state.total > 0 ? Math.floor((state.sent / state.total) * 100) : undefined;
  }
}

/** The files of the message being written in one encrypted conversation. They stay while one looks elsewhere. */
export class Tray {
  readonly #server: ServerHandle;
  readonly #channel: ChannelId;
  #items: readonly TrayItem[] = $state.raw([]);

  constructor(server: ServerHandle, channel: ChannelId) {
    this.#server = server;
    this.#channel = channel;
  }

  get items(): readonly TrayItem[] {
    return this.#items;
  }

  /** Something is in it: the message may do without a text then. */
  get isLoaded(): boolean {
    return this.#items.length > 0;
  }

  /** Nothing in it is on its way still, or failed. */
  get isReady(): boolean {
    return this.#items.every((item) => item.state.kind === 'ready');
  }

  get hasFailed(): boolean {
    return this.#items.some((item) => item.state.kind === 'failed');
  }

  /**
   * Encrypts these files and sends them to the server, beside the message that will name them.
   * @returns a sentence for each one that was not taken
   */
  async take(files: readonly File[]): Promise<readonly string[]> {
    const refused: string[] = [];
    const room = LIMITS.blobsPerMessage - this.#items.length;
    if (files.length > room) refused.push(t.sealed.file.tooMany(LIMITS.blobsPerMessage));
    for (const file of files.slice(0, Math.max(0, room))) {
      const why = await this.#takeOne(file);
      if (why !== undefined) refused.push(why);
    }
    return refused;
  }

  remove(item: TrayItem): void {
    item.upload.cancel();
    this.#items = this.#items.filter((one) => one !== item);
  }

  /** Sends a message with all of them; they stay when that fails. */
  async send(message: { readonly text: string; readonly replyTo: MessageId | null }): Promise<MessageId> {
    const going = this.#items;
    const id = await this.#server.sealed.send({
      ...message,
      channel: this.#channel,
      uploads: going.map(({ upload }) => upload.id),
    });
    this.#items = this.#items.filter((item) => !going.includes(item));
    return id;
  }

  async #takeOne(file: File): Promise<string | undefined> {
    if (file.size > MOST_BYTES) return t.sealed.file.tooLarge(file.name, bytes(MOST_BYTES));
    // A folder that was dropped comes as a file without content.
    if (file.size === 0) return t.sealed.file.empty(file.name);
    let content: Uint8Array;
    try {
      content = new Uint8Array(await file.arrayBuffer());
    } catch {
      return t.sealed.file.unreadable(file.name);
    }
    const upload = this.#server.sealed.attach(this.#channel, {
      name: file.name,
      type: file.type === '' ? 'application/octet-stream' : file.type,
      bytes: content,
    });
    this.#items = [...this.#items, new TrayItem(upload)];
    return undefined;
  }
}

const trays = new WeakMap<ServerHandle, Map<ChannelId, Tray>>();

/** The tray of a conversation: the same one each time it is looked at. */
export function trayOf(server: ServerHandle, channel: ChannelId): Tray {
  let ofServer = trays.get(server);
  if (ofServer === undefined) trays.set(server, (ofServer = new Map<ChannelId, Tray>()));
  let tray = ofServer.get(channel);
  if (tray === undefined) ofServer.set(channel, (tray = new Tray(server, channel)));
  return tray;
}
