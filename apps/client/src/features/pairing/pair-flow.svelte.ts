import type { EntryId, Pairing, SkerryClient } from '@skerry/core';
import { type CodeProblem, hostOf, readCode, type TerminalLink, targetOf } from './pair-target.ts';

/** Where one code stands before and while it is spoken about with its server. */
export type PairStep =
  | { readonly kind: 'reading' }
  | { readonly kind: 'problem'; readonly problem: CodeProblem }
  /** A link that was opened: nothing happens before the person wants it. `host` as the code names it. T5 */
  | { readonly kind: 'asked'; readonly host: string }
  /** Several accounts on that server. */
  | { readonly kind: 'choose'; readonly entries: readonly EntryId[] }
  | { readonly kind: 'unknown'; readonly host: string; readonly join: string }
  /** A page of one server, and the code is for another one. */
  | { readonly kind: 'elsewhere'; readonly host: string }
  | { readonly kind: 'pairing'; readonly pairing: Pairing; readonly isFallback: boolean };

type Parts = Pick<SkerryClient, 'mode' | 'servers' | 'primary' | 'machines' | 'server'>;

/**
 * One code from being read to its end. The server is chosen once, by the code; whatever the person looks at meanwhile
 * changes nothing about it (T4). Ends with {@link stop}: then nothing is asked or sent any more.
 */
export class PairFlow {
  readonly #client: Parts;
  readonly #link: TerminalLink | undefined;
  #step: PairStep = $state.raw({ kind: 'reading' });
  #pairing: Pairing | undefined;
  #isOver = false;

  /** @param agreed the person scanned or pasted it here, which says that they want it */
  constructor(client: Parts, text: string, agreed: boolean) {
    this.#client = client;
    const code = readCode(text);
    this.#link = code.ok ? code.link : undefined;
    if (!code.ok) this.#step = { kind: 'problem', problem: code.problem };
    else if (!isSecureContext) this.#step = { kind: 'problem', problem: 'insecure' };
    else if (agreed) void this.agree();
    else void this.#try((link) => this.#ask(link));
  }

  get step(): PairStep {
    return this.#step;
  }

  /** The person wants to see it: its server is found, and asked if it is in the list. */
  agree(): Promise<void> {
    return this.#try((link) => this.#find(link));
  }

  /** From now on this entry and no other is spoken to. */
  begin(entry: EntryId, isFallback = false): Promise<void> {
    return this.#try((link) => this.#begin(link, entry, isFallback));
  }

  stop(): void {
    this.#isOver = true;
    void this.#pairing?.[Symbol.asyncDispose]();
  }

  async #find(link: TerminalLink): Promise<void> {
    const target = await targetOf(link, this.#client);
    switch (target.kind) {
      case 'noPrimary':
        return this.#go({ kind: 'problem', problem: 'noPrimary' });
      case 'unknown':
        return this.#go(
          this.#client.mode === 'hosted'
            ? { kind: 'elsewhere', host: target.host }
            : { kind: 'unknown', host: target.host, join: target.join },
        );
      case 'known': {
        const [first, ...others] = target.entries;
        if (first === undefined || others.length > 0) return this.#go({ kind: 'choose', entries: target.entries });
        return this.#begin(link, first, target.isFallback);
      }
    }
  }

  async #begin(link: TerminalLink, entry: EntryId, isFallback: boolean): Promise<void> {
    const machines = await this.#client.machines();
    // Left, or begun already, while the parts were loaded.
    if (this.#isOver || this.#pairing !== undefined) return;
    this.#pairing = machines.pair(link, entry);
    this.#go({ kind: 'pairing', pairing: this.#pairing, isFallback });
  }

  /** Names the server before anything is asked of it. */
  async #ask(link: TerminalLink): Promise<void> {
    const target = await targetOf(link, this.#client);
    const [first] = target.kind === 'known' ? target.entries : [];
    const known = first === undefined ? undefined : this.#client.server(first)?.view.get();
    this.#go({ kind: 'asked', host: known?.host ?? hostOf(link) ?? link.address.host });
  }

  /** Parts that could not be loaded, or a server that went out of the list meanwhile. */
  async #try(act: (link: TerminalLink) => Promise<void>): Promise<void> {
    const link = this.#link;
    if (link === undefined || this.#isOver) return;
    this.#go({ kind: 'reading' });
    try {
      await act(link);
    } catch {
      this.#go({ kind: 'problem', problem: 'failed' });
    }
  }

  #go(step: PairStep): void {
    if (!this.#isOver) this.#step = step;
  }
}
