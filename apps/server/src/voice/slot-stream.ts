/** Where a packet stands in the stream of whoever sent it: RTP's numbers, 16 and 32 bits wide. */
export type Place = { readonly seq: number; readonly timestamp: number };

/** Samples a millisecond has; of Opus in RTP always. */
const PER_MS = 48;
/** One frame of 20 ms. */
const FRAME = 960;
/** A sender whose numbers leap further than this begins anew. */
const MOST_LOST = 1_000;

/**
 * The one stream a slot is to its listener, whoever is heard in it. Another speaker, or a pause that was not forwarded, goes
 * on right after what was sent last, so that nothing counts as lost. No number comes twice: SRTP would use a key twice. SPEC V-9.
 */
export class SlotStream {
  #source: unknown;
  #seqOffset = 0;
  #timeOffset = 0;
  #last: (Place & { readonly at: number }) | undefined;

  /**
   * @param source compared by identity: another one is another stretch
   * @param now milliseconds
   * @returns where it goes, or null for what comes after something later
   */
  next(source: unknown, { seq, timestamp }: Place, now: number): (Place & { readonly marker: boolean }) | null {
    const last = this.#last;
    let isNew = source !== this.#source;
    if (!isNew && last !== undefined) {
      const ahead = (seq + this.#seqOffset - last.seq) & 0xffff;
      if (ahead === 0 || ahead > 0xffff - MOST_LOST) return null;
      isNew = ahead > MOST_LOST;
    }
    if (isNew) {
      this.#source = source;
      const gap = last === undefined ? 0 : Math.max(FRAME, Math.round((now - last.at) * PER_MS));
      this.#seqOffset = (last === undefined ? seq : last.seq + 1) - seq;
      this.#timeOffset = (last === undefined ? timestamp : last.timestamp + gap) - timestamp;
    }
    const placed = { seq: (seq + this.#seqOffset) & 0xffff, timestamp: (timestamp + this.#timeOffset) >>> 0 };
    this.#last = { ...placed, at: now };
    return { ...placed, marker: isNew };
  }

  /** What comes next is another stretch. */
  cut(): void {
    this.#source = this;
  }
}
