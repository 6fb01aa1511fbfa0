/** More than one needs who comes late and reads the whole state first. */
const MOST = 200;

/** Takes what nobody here reads and gives it to the one who does, who may come later; of what came before, the newest. */
export class Backlog {
  #waiting: readonly unknown[] = [];
  #reader: ((items: readonly unknown[]) => void) | undefined;

  add(items: readonly unknown[]): void {
    if (items.length === 0) return;
    if (this.#reader === undefined) this.#waiting = [...this.#waiting, ...items].slice(-MOST);
    else this.#reader(items);
  }

  /** From now on everything goes there, first of all what waits. There is one reader at a time. @returns the end of it */
  read(reader: (items: readonly unknown[]) => void): () => void {
    this.#reader = reader;
    const waiting = this.#waiting;
    this.#waiting = [];
    if (waiting.length > 0) reader(waiting);
    return () => {
      if (this.#reader === reader) this.#reader = undefined;
    };
  }
}
