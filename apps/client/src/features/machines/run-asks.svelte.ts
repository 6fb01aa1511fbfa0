import type { AskView, FleetMachinesView } from '@skerry/core';
import { asksOf } from './run-groups.ts';

/** How long what became of an ask stays above the composer, in ms. */
const KEPT_MS = 12_000;

/** The asks of one run as its screen shows them: open ones, and for a while what became of those that were seen open. */
export class RunAsks {
  #seen = new Set<string>();
  #shown: readonly AskView[] = $state.raw([]);
  #timers = new Map<string, ReturnType<typeof setTimeout>>();

  get shown(): readonly AskView[] {
    return this.#shown;
  }

  next(view: FleetMachinesView, run: { readonly entryId: AskView['entryId']; readonly id: string }): void {
    const open = asksOf(view.asks, run);
    for (const { key } of open) this.#seen.add(key);
    const closed = asksOf(view.closed, run).filter(({ key }) => this.#seen.has(key));
    for (const { key } of closed) {
      if (this.#timers.has(key)) continue;
      this.#timers.set(
        key,
        setTimeout(() => {
          this.#seen.delete(key);
          this.#shown = this.#shown.filter((ask) => ask.key !== key);
        }, KEPT_MS),
      );
    }
    this.#shown = [...closed, ...open];
  }

  stop(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }
}
