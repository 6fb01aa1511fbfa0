import type { SkerryClient } from '@skerry/core';
import { sentenceOf } from '../../state/failure.ts';
import { t } from '../../i18n/t-pages.ts';
import { failureSentence } from './failure-words.ts';

type Listed = Awaited<ReturnType<SkerryClient['importList']>>[number];
type Progress =
  | { readonly kind: 'listed' }
  | { readonly kind: 'adding' }
  | { readonly kind: 'added'; readonly words: readonly string[] }
  | { readonly kind: 'failed'; readonly sentence: string };
type Part = Pick<SkerryClient, 'importList' | 'probe' | 'addSignedOut' | 'server'>;

/** A server of the file and how far taking it over has come. */
export class ImportedServer {
  readonly listed: Listed;
  progress: Progress = $state.raw({ kind: 'listed' });

  constructor(listed: Listed) {
    this.listed = listed;
  }

  get name(): string {
    return this.listed.label ?? this.listed.address;
  }
}

/** Takes the servers of a file over one at a time, each signed out and under the label it had there. */
export class ImportList {
  readonly #client: Part;
  items: readonly ImportedServer[] = $state.raw([]);

  constructor(client: Part) {
    this.#client = client;
  }

  /** @returns false when the text is no list */
  async read(text: string): Promise<boolean> {
    this.items = (await this.#client.importList(text)).map((listed) => new ImportedServer(listed));
    return this.items.length > 0;
  }

  /** The server proves its key before it is added; one that was switched off in the list is added paused. */
  async add(item: ImportedServer, signal: AbortSignal): Promise<void> {
    if (item.progress.kind === 'adding' || item.progress.kind === 'added') return;
    item.progress = { kind: 'adding' };
    try {
      item.progress = await this.#take(item.listed, signal);
    } catch (error) {
      item.progress = { kind: 'failed', sentence: sentenceOf(error) };
    }
  }

  async #take({ address, label, enabled }: Listed, signal: AbortSignal): Promise<Progress> {
    const result = await this.#client.probe(address, { allowPlain: false, signal, onStep: () => undefined });
    if (!result.ok) return { kind: 'failed', sentence: failureSentence(result.failure, address) };
    const { found } = result;
    if (found.existing.length > 0) return { kind: 'failed', sentence: t.servers.importKnown };
    const server = this.#client.server(await this.#client.addSignedOut(found));
    if (label !== null && label !== found.info.name) await server?.update({ label });
    if (!enabled) await server?.pause();
    return { kind: 'added', words: found.words };
  }
}
