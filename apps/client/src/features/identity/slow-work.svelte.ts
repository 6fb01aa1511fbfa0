/** What a long piece of work of the core is given. */
export type SlowRun = {
  readonly signal: AbortSignal;
  readonly onProgress: (moved: number, total?: number | null) => void;
};

/** One piece of work that takes seconds: how far it is, and a way to stop it. */
export class SlowWork {
  #stopping: AbortController | undefined = $state.raw();
  #moved = $state(0);
  #total: number | null = $state(1);

  get isRunning(): boolean {
    return this.#stopping !== undefined;
  }
  /** 0 to 1; undefined where nobody knows how much there is. */
  get share(): number | undefined {
    return this.#total === null || this.#total === 0 ? undefined : this.#moved / this.#total;
  }
  get moved(): number {
    return this.#moved;
  }
  /** In what the work counts; null while it is not known. */
  get total(): number | null {
    return this.#total;
  }

  /**
   * Runs it unless one runs already. Undefined when it was stopped.
   * @throws what the work throws, unless it was stopped
   */
  async do<T>(work: (run: SlowRun) => Promise<T>): Promise<T | undefined> {
    if (this.#stopping !== undefined) return undefined;
    const stopping = new AbortController();
    this.#stopping = stopping;
    this.#moved = 0;
    this.#total = null;
    try {
      return await work({
        signal: stopping.signal,
        onProgress: (moved, total = 1) => {
          this.#moved = moved;
          this.#total = total;
        },
      });
    } catch (error) {
      if (stopping.signal.aborted) return undefined;
      throw error;
    } finally {
      if (this.#stopping === stopping) this.#stopping = undefined;
    }
  }

  stop(): void {
    this.#stopping?.abort();
  }
}
