import type { Found, ProbeFailure, ProbeResult, ProbeStep, SkerryClient } from '@skerry/core';

const DEBOUNCE_MS = 500;

/** In the order in which they can fail: whether the way is encrypted is known before anything is sent. */
export const STEPS: readonly ProbeStep[] = ['address', 'secure', 'reachable', 'compatible', 'identity'];

export type Finding =
  | { readonly kind: 'empty' }
  | { readonly kind: 'checking'; readonly step: ProbeStep }
  | { readonly kind: 'found'; readonly found: Found }
  | { readonly kind: 'failed'; readonly step: ProbeStep; readonly failure: ProbeFailure };

/** Checks what is typed as an address, one check at a time: a later text takes the place of an earlier one. */
export class Finder {
  readonly #client: Pick<SkerryClient, 'probe'>;
  #input = $state('');
  #finding: Finding = $state.raw({ kind: 'empty' });
  #running: AbortController | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(client: Pick<SkerryClient, 'probe'>) {
    this.#client = client;
  }

  get input(): string {
    return this.#input;
  }

  get finding(): Finding {
    return this.#finding;
  }

  get isChecking(): boolean {
    return this.#finding.kind === 'checking';
  }

  /** The person typed; the check starts when they pause. */
  type(input: string): void {
    if (input === this.#input) return;
    this.#input = input;
    this.stop();
    if (input.trim() === '') return;
    this.#timer = setTimeout(() => void this.check(), DEBOUNCE_MS);
  }

  /** Checks now. */
  async check(): Promise<void> {
    this.stop();
    const input = this.#input.trim();
    if (input === '') return;
    const running = new AbortController();
    this.#running = running;
    this.#finding = { kind: 'checking', step: 'address' };
    const result = await this.#ask(input, running.signal);
    if (this.#running !== running || result === undefined) return;
    this.#running = undefined;
    this.#finding = result.ok ? { kind: 'found', found: result.found } : { kind: 'failed', ...result };
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#running?.abort();
    this.#running = undefined;
    this.#finding = { kind: 'empty' };
  }

  async #ask(input: string, signal: AbortSignal): Promise<ProbeResult | undefined> {
    try {
      return await this.#client.probe(input, {
        // A browser refuses plain http beyond this machine: agreeing to it would help nobody.
        allowPlain: false,
        signal,
        onStep: (step) => {
          if (!signal.aborted) this.#finding = { kind: 'checking', step };
        },
      });
    } catch (error) {
      if (signal.aborted) return undefined;
      throw error;
    }
  }
}
