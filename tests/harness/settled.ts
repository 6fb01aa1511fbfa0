import type { Page } from 'playwright-core';

/**
 * Waits until the page stands still: for `quietMs` nothing has changed in it, and nothing that ends is fading or sliding.
 * What turns for ever does not count. A page that does not come to rest is taken as it is after three seconds.
 */
export async function settled(page: Page, quietMs = 120): Promise<void> {
  await page.evaluate(async (quiet) => {
    const isMoving = (): boolean =>
      document
        .getAnimations()
        .some(
          ({ playState, effect }) =>
            playState === 'running' && Number(effect?.getComputedTiming().endTime ?? 0) < Infinity,
        );
    // A page hears of another theme or size when it draws next.
    for (let frames = 0; frames < 2; frames++) await new Promise(requestAnimationFrame);
    let last = performance.now();
    const until = last + 3_000;
    const observer = new MutationObserver(() => (last = performance.now()));
    observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
    do {
      if (isMoving()) last = performance.now();
      await new Promise((resolve) => setTimeout(resolve, 20));
    } while (performance.now() - last < quiet && performance.now() < until);
    observer.disconnect();
  }, quietMs);
}
