type Cleanup = () => unknown;

/** Collects what must be ended together: one signal is aborted, then everything is undone in reverse order, once. */
export class Lifetime implements AsyncDisposable {
  readonly #controller = new AbortController();
  readonly #cleanups: Cleanup[] = [];
  readonly #running = new Set<Promise<void>>();
  #ending: Promise<void> | undefined;

  /** Aborted first, so that whatever waits stops before its resources go. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Runs `cleanup` at the end, or at once when the end has come already. */
  add(cleanup: Cleanup): void {
    if (this.#ending === undefined) this.#cleanups.push(cleanup);
    else void this.#settle(cleanup);
  }

  /** Holds an owner of resources. @returns it */
  hold<T extends AsyncDisposable>(owner: T): T {
    this.add(() => owner[Symbol.asyncDispose]());
    return owner;
  }

  /** Keeps a running piece of work: the end waits for it. Its failure is the task's own to handle. */
  run(task: Promise<unknown>): void {
    const settled = task.then(
      () => undefined,
      () => undefined,
    );
    this.#running.add(settled);
    void settled.then(() => this.#running.delete(settled));
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  async #end(): Promise<void> {
    this.#controller.abort(new Error('disposed'));
    await Promise.all(this.#running);
    for (;;) {
      const cleanup = this.#cleanups.pop();
      if (cleanup === undefined) return;
      await this.#settle(cleanup);
    }
  }

  /** One part that fails to end must not keep the others from ending. */
  async #settle(cleanup: Cleanup): Promise<void> {
    try {
      await cleanup();
    } catch {
      // Nothing is left to undo here, and whoever disposes cannot settle it either.
    }
  }
}
