import { randomUUID } from 'node:crypto';
import type { Ask, Choice, RunEntry, Subject } from './run-entry.ts';
import { digestOf } from './subject.ts';

export type AnswerOutcome = 'taken' | 'no_such_ask' | 'already_answered' | 'no_such_choice';

type Open = { readonly ask: Ask; readonly decide: (choice: string | null, by?: number) => Promise<void> };

/** The questions of one run that wait for a person, each decided once. */
export class Approvals {
  readonly #open = new Map<string, Open>();
  readonly #decided = new Set<string>();
  readonly #append: (entry: RunEntry) => Promise<unknown>;

  /** @param append resolves when the entry is on the disk */
  constructor(append: (entry: RunEntry) => Promise<unknown>) {
    this.#append = append;
  }

  /**
   * Asks, and waits. The decision is on the disk before anybody acts on it.
   * @returns the choice, or `null` when nobody decided
   */
  async ask(subject: Subject, choices: readonly Choice[], signal: AbortSignal): Promise<Choice | null> {
    const ask: Ask = { id: randomUUID(), subject, digest: digestOf(subject), choices };
    const decided = new Promise<string | null>((resolve) => {
      this.#open.set(ask.id, {
        ask,
        decide: async (choice, by) => {
          // Before anything is waited for: whoever comes second finds it decided.
          this.#open.delete(ask.id);
          this.#decided.add(ask.id);
          await this.#append({ kind: 'answered', ask: ask.id, choice, ...(by === undefined ? {} : { by }) });
          resolve(choice);
        },
      });
    });
    await this.#append({ kind: 'asked', ask });
    const giveUp = () => void this.#open.get(ask.id)?.decide(null);
    if (signal.aborted) giveUp();
    else signal.addEventListener('abort', giveUp, { once: true });
    try {
      const choice = await decided;
      return choices.find(({ optionId }) => optionId === choice) ?? null;
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  /** @param by the device of the person that answers from afar */
  async answer(id: string, choice: string, by?: number): Promise<AnswerOutcome> {
    const open = this.#open.get(id);
    if (open === undefined) return this.#decided.has(id) ? 'already_answered' : 'no_such_ask';
    if (!open.ask.choices.some(({ optionId }) => optionId === choice)) return 'no_such_choice';
    await open.decide(choice, by);
    return 'taken';
  }

  /** The choice that says no once, or none at all. */
  async decline(id: string, by?: number): Promise<void> {
    const open = this.#open.get(id);
    await open?.decide(open.ask.choices.find(({ kind }) => kind === 'reject_once')?.optionId ?? null, by);
  }

  /** Nobody decides any more. */
  async giveUp(): Promise<void> {
    await Promise.all([...this.#open.values()].map(({ decide }) => decide(null)));
  }
}
