import type { EntryId, Holdings, SkerryClient } from '@skerry/core';
import { createContext } from 'svelte';
import { t } from '../../i18n/t.ts';
import { sayFailure } from '../../state/failure.ts';
import type { Overlays } from '../../ui/overlays.svelte.ts';
import { saveFile } from '../../platform/save-file.ts';

/** A question about one server that is on screen. */
export type Asking =
  | { readonly kind: 'signOut' | 'remove'; readonly entry: EntryId; readonly holdings: Holdings }
  | { readonly kind: 'rename'; readonly entry: EntryId };

/** What a person can do to a server in the list. Each verb says its consequence first; the others are not touched. */
export class ServerVerbs {
  readonly #client: SkerryClient;
  readonly #overlays: Overlays;
  asking: Asking | undefined = $state.raw();

  constructor(client: SkerryClient, overlays: Overlays) {
    this.#client = client;
    this.#overlays = overlays;
  }

  #say(text: string): void {
    this.#overlays.toast({ text, id: 'server-verb' });
  }

  #labelOf(entry: EntryId): string {
    return this.#client.server(entry)?.view.get().label ?? '';
  }

  async #try(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      sayFailure(this.#overlays, error);
    }
  }

  pause(entry: EntryId): Promise<void> {
    return this.#try(async () => {
      await this.#client.server(entry)?.pause();
      this.#say(t.verbs.paused(this.#labelOf(entry)));
    });
  }

  resume(entry: EntryId): Promise<void> {
    return this.#try(async () => {
      await this.#client.server(entry)?.resume();
      this.#say(t.verbs.resumed(this.#labelOf(entry)));
    });
  }

  rename(entry: EntryId): void {
    this.asking = { kind: 'rename', entry };
  }

  /** Measures what is stored, then asks. */
  ask(kind: 'signOut' | 'remove', entry: EntryId): Promise<void> {
    return this.#try(async () => {
      const server = this.#client.server(entry);
      if (server !== undefined) this.asking = { kind, entry, holdings: await server.holdings() };
    });
  }

  signOut(entry: EntryId, stored: 'keep' | 'wipe'): Promise<void> {
    return this.#try(async () => {
      const label = this.#labelOf(entry);
      const outcome = await this.#client.server(entry)?.signOut(stored);
      if (outcome) this.#say(outcome.toldServer ? t.verbs.signedOut(label) : t.verbs.signedOutHere(label));
    });
  }

  remove(entry: EntryId, signOutThere: boolean): Promise<void> {
    return this.#try(async () => {
      const label = this.#labelOf(entry);
      const outcome = await this.#client.server(entry)?.remove({ signOutThere });
      if (outcome === undefined) return;
      this.#overlays.toast({
        id: 'server-verb',
        text: t.verbs.removed(label),
        detail: signOutThere ? t.verbs.receipt(outcome.toldServer) : t.verbs.stillSignedIn,
      });
    });
  }

  exportEntry(entry: EntryId): Promise<void> {
    return this.#try(async () => {
      const text = await this.#client.server(entry)?.export();
      if (text !== undefined) saveFile(`skerry-${this.#labelOf(entry).replace(/[^\p{L}\p{N}]+/gu, '-')}.json`, text);
    });
  }

  exportList(): Promise<void> {
    return this.#try(async () => saveFile('skerry-servers.json', await this.#client.exportList()));
  }
}

const [useServerVerbs, provideServerVerbs] = createContext<ServerVerbs>();
export { provideServerVerbs, useServerVerbs };
