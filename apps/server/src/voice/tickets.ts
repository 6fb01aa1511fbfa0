import { randomBytes } from 'node:crypto';
import { VOICE_TIMES } from '@skerry/protocol/voice';

/** Secrets that are good once and for a short while. */
export class Tickets<For> {
  readonly #waiting = new Map<string, { readonly of: For; readonly until: number }>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  get size(): number {
    return this.#waiting.size;
  }

  make(of: For): string {
    const ticket = randomBytes(32).toString('base64url');
    this.#waiting.set(ticket, { of, until: this.#now() + VOICE_TIMES.ticketMs });
    return ticket;
  }

  /** What it stands for; afterwards it stands for nothing. */
  redeem(ticket: string): For | undefined {
    const found = this.#waiting.get(ticket);
    this.#waiting.delete(ticket);
    return found !== undefined && found.until >= this.#now() ? found.of : undefined;
  }

  forget(of: For): void {
    for (const [ticket, waiting] of this.#waiting) if (waiting.of === of) this.#waiting.delete(ticket);
  }
}
