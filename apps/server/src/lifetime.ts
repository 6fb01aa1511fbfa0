/** What was opened, to be closed in reverse. Closing happens once, however often it is asked for. */
export class Lifetime implements AsyncDisposable {
  readonly #steps: (() => unknown)[] = [];
  #closing: Promise<void> | undefined;

  get isClosing(): boolean {
    return this.#closing !== undefined;
  }

  /** Will be awaited when everything opened later is closed. */
  onClose(step: () => unknown): void {
    this.#steps.push(step);
  }

  close(): Promise<void> {
    this.#closing ??= this.#run();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Every step runs, even after one failed. @throws the first failure */
  async #run(): Promise<void> {
    const failures: unknown[] = [];
    for (const step of this.#steps.reverse()) {
      try {
        await step();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
