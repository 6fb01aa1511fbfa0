/** The frames one socket gets in this tick, as a path from the first to the last. Equal paths are the same object. */
export type Bundle = {
  readonly before: Bundle | null;
  readonly frame: Uint8Array;
  /** The frame that was last put after this one, and where that led. */
  nextFrame: Uint8Array | null;
  next: Bundle | null;
  bytes: Uint8Array | null;
};

/**
 * Finds equal lists of frames without comparing lists, so that each distinct one is put together once. A frame is given
 * to all its sockets before the next frame is, so each path needs to remember one continuation only.
 */
export class Bundles {
  readonly #first: Bundle = newBundle(null, new Uint8Array(0));

  /** The bundle that has one frame more. `null` is the empty one. */
  add(bundle: Bundle | null, frame: Uint8Array): Bundle {
    const from = bundle ?? this.#first;
    if (from.nextFrame === frame && from.next !== null) return from.next;
    from.nextFrame = frame;
    return (from.next = newBundle(bundle, frame));
  }

  /** All frames of the bundle and the mark, in one buffer that is shared by all who have this bundle. */
  bytesOf(bundle: Bundle, mark: Uint8Array): Uint8Array {
    return (bundle.bytes ??= joined(bundle, mark));
  }

  /** Forgets all bundles; the next tick has other frames. */
  clear(): void {
    this.#first.nextFrame = null;
    this.#first.next = null;
  }
}

/** All frames of the bundle and the mark, in a buffer of their own. */
export function joined(bundle: Bundle, mark: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [mark];
  for (let part: Bundle | null = bundle; part !== null; part = part.before) parts.push(part.frame);
  return Buffer.concat(parts.reverse());
}

function newBundle(before: Bundle | null, frame: Uint8Array): Bundle {
  return { before, frame, nextFrame: null, next: null, bytes: null };
}
