/** The frames one socket gets in this tick, as a path from the first to the last. Equal paths are the same object. */
export type Bundle = {
  readonly before: Bundle | null;
  readonly frame: Uint8Array;
  /** What the last frame added after this one led to; most sockets take the same way. */
  lastFrame: Uint8Array | null;
  last: Bundle | null;
  others: Map<Uint8Array, Bundle> | null;
  bytes: Uint8Array | null;
};

/** Finds equal lists of frames without comparing lists, so that each distinct one is put together once. */
export class Bundles {
  readonly #first: Bundle = newBundle(null, new Uint8Array(0));

  /** The bundle that has one frame more. `null` is the empty one. */
  add(bundle: Bundle | null, frame: Uint8Array): Bundle {
    const from = bundle ?? this.#first;
    if (from.lastFrame === frame && from.last !== null) return from.last;
    const known = from.others?.get(frame) ?? newBundle(bundle, frame);
    from.others ??= new Map();
    from.others.set(frame, known);
    from.lastFrame = frame;
    from.last = known;
    return known;
  }

  /** All frames of the bundle and the mark, in one buffer that is shared by all who have this bundle. */
  bytesOf(bundle: Bundle, mark: Uint8Array): Uint8Array {
    if (bundle.bytes !== null) return bundle.bytes;
    return (bundle.bytes = joined(bundle, mark));
  }

  /** Forgets all bundles; the next tick has other frames. */
  clear(): void {
    this.#first.lastFrame = null;
    this.#first.last = null;
    this.#first.others = null;
  }
}

/** All frames of the bundle and the mark, in a buffer of their own. */
export function joined(bundle: Bundle, mark: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [mark];
  for (let part: Bundle | null = bundle; part !== null; part = part.before) parts.push(part.frame);
  return Buffer.concat(parts.reverse());
}

function newBundle(before: Bundle | null, frame: Uint8Array): Bundle {
  return { before, frame, lastFrame: null, last: null, others: null, bytes: null };
}
