import type { Subscribable } from '../subscribable.ts';

/** One value made of many sources whose number changes. Computed when asked for, and only when something changed. */
export function gathered<Item, Part, T>(
  items: Subscribable<readonly Item[]>,
  parts: (item: Item) => readonly Subscribable<Part>[],
  compute: (items: readonly Item[]) => T,
): Subscribable<T> {
  let seen: readonly unknown[] | undefined;
  let value: T;
  return {
    get() {
      const list = items.get();
      const now = [list, ...list.flatMap((item) => parts(item).map((part) => part.get()))];
      if (
        seen === undefined ||
        now.length !== seen.length ||
        now.some((part, index) => !Object.is(part, seen?.[index]))
      ) {
        value = compute(list);
        seen = now;
      }
      return value;
    },
    subscribe(listener) {
      const watch = (): (() => void)[] =>
        items.get().flatMap((item) => parts(item).map((part) => part.subscribe(listener)));
      let ends = watch();
      const endItems = items.subscribe(() => {
        ends.forEach((end) => end());
        ends = watch();
        listener();
      });
      return () => {
        endItems();
        ends.forEach((end) => end());
      };
    },
  };
}
