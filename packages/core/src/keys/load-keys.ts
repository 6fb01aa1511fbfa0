import type { KeyRing, KeyRingDeps } from './key-ring.ts';

/**
 * The one seam behind which everything that encrypts lies: asked for only by contexts of a person who has keys, so that
 * whoever only chats never downloads it.
 */
export async function loadKeys(): Promise<{ open(deps: KeyRingDeps): Promise<KeyRing> }> {
  return (await import('./key-ring.ts')).KeyRing;
}
