import { createHash } from 'node:crypto';
import type { Subject } from './run-entry.ts';

type Change = { readonly before: string | null; readonly after: string };

/** Two of the same are granted by two approvals, and each is good for one deed. T19. */
export class Grants {
  readonly #counts = new Map<string, number>();

  /** An approval of a tool call covers exactly the command and the contents that it showed, once each. T18. */
  addTool({ input, writes }: Subject & { kind: 'tool' }, real: ReadonlyMap<string, string>): void {
    const { command, args } = (typeof input === 'object' && input !== null ? input : {}) as Record<string, unknown>;
    if (typeof command === 'string') this.#add(commandKey(command, args === undefined ? [] : args));
    for (const { path, before, after } of writes) {
      const where = real.get(path);
      if (where !== undefined) this.#add(writeKey(where, { before, after }));
    }
  }

  /** @returns whether the command was granted; it no longer is */
  takeCommand(command: string, args: readonly string[]): boolean {
    return this.#take(commandKey(command, args));
  }

  /**
   * @param real where the path leads
   * @param change `before` as the file stands there now: an agent may have shown another text in its place
   */
  takeWrite(real: string, change: Change): boolean {
    return this.#take(writeKey(real, change));
  }

  clear(): void {
    this.#counts.clear();
  }

  #add(key: string): void {
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  #take(key: string): boolean {
    const left = this.#counts.get(key) ?? 0;
    if (left > 0) this.#counts.set(key, left - 1);
    return left > 0;
  }
}

const commandKey = (command: string, args: unknown) => `command ${JSON.stringify([command, args])}`;
/** A file that is not there and an empty one are shown alike. */
const writeKey = (real: string, { before, after }: Change) =>
  `write ${JSON.stringify([real, sha256(before ?? ''), sha256(after)])}`;
const sha256 = (text: string) => createHash('sha256').update(text).digest('base64url');
