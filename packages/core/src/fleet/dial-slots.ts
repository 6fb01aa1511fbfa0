import { abortReason } from '../abort.ts';

type Waiter = { readonly urgent: () => boolean; readonly go: () => void };

/** How many servers are dialled at the same time. */
const DIALLING_AT_ONCE = 6;

/** Hands out the right to dial: the server the person looks at first, then in the order of asking. */
export class DialSlots {
  readonly #waiting: Waiter[] = [];
  #free: number;

  constructor(slots: number = DIALLING_AT_ONCE) {
    this.#free = slots;
  }

  /**
   * @param urgent asked when a place becomes free
   * @returns what gives the place back; calling it again does nothing
   * @throws the signal's reason
   */
  async take(urgent: () => boolean, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.#free > 0) this.#free--;
    else await this.#wait(urgent, signal);
    let held = true;
    return () => {
      if (held) this.#giveBack();
      held = false;
    };
  }

  #wait(urgent: () => boolean, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        reject(abortReason(signal));
      };
      const waiter: Waiter = {
        urgent,
        go: () => {
          signal.removeEventListener('abort', leave);
          resolve();
        },
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#waiting.push(waiter);
    });
  }

  /** The place goes straight to the next one, so that nobody slips in between. */
  #giveBack(): void {
    const urgent = this.#waiting.findIndex((waiter) => waiter.urgent());
    const [waiter] = this.#waiting.splice(Math.max(urgent, 0), 1);
    if (waiter === undefined) this.#free++;
    else waiter.go();
  }
}
