import type { MessageId } from '@skerry/protocol';
import type { Timeline } from '../face.ts';
import type { Subscribable } from '../subscribable.ts';
import { constant, followed, Value } from '../value.ts';
import type { TimelineView } from '../views.ts';

const NOTHING = constant<TimelineView>({
  status: 'loading',
  messages: [],
  pending: [],
  older: false,
  newer: false,
  loadingOlder: false,
  loadingNewer: false,
  error: null,
  savedUpTo: null,
  newAfter: null,
});

/** The timeline of an encrypted conversation, which is there only while the keys are. */
export class LateTimeline<Parts> implements Timeline {
  readonly view: Subscribable<TimelineView>;
  readonly #inner: Value<Timeline | undefined>;
  readonly #end: () => void;

  constructor(parts: Subscribable<Parts | undefined>, make: (parts: Parts) => Timeline) {
    const made = (): Timeline | undefined => {
      const now = parts.get();
      return now === undefined ? undefined : make(now);
    };
    this.#inner = new Value(made());
    this.view = followed(this.#inner, (inner) => inner?.view ?? NOTHING);
    this.#end = parts.subscribe(() => {
      this.#inner.get()?.[Symbol.dispose]();
      this.#inner.set(made());
    });
  }

  async loadOlder(): Promise<void> {
    await this.#inner.get()?.loadOlder();
  }
  async loadNewer(): Promise<void> {
    await this.#inner.get()?.loadNewer();
  }
  async jumpTo(message: MessageId): Promise<boolean> {
    return (await this.#inner.get()?.jumpTo(message)) ?? false;
  }
  async jumpToNewest(): Promise<void> {
    await this.#inner.get()?.jumpToNewest();
  }
  async find(message: MessageId): ReturnType<Timeline['find']> {
    return this.#inner.get()?.find(message);
  }
  markRead(n: number): void {
    this.#inner.get()?.markRead(n);
  }
  [Symbol.dispose](): void {
    this.#end();
    this.#inner.get()?.[Symbol.dispose]();
  }
}
