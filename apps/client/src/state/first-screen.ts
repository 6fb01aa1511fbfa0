/** Longer than this nobody waits for a screen that has nothing to show, since its server is away. */
const LONGEST_MS = 8_000;

let tell: () => void = () => undefined;
const told = new Promise<void>((resolve) => {
  tell = resolve;
});

/** What the person came for is on the screen: what else may be needed can be fetched now. */
export function firstScreenShown(): void {
  tell();
}

/** Resolves when {@link firstScreenShown} was said, at the latest `longestMs` after `began`. */
export async function untilFirstScreen(began: Promise<unknown>, longestMs = LONGEST_MS): Promise<void> {
  const late = began.catch(() => undefined).then(() => new Promise<void>((resolve) => setTimeout(resolve, longestMs)));
  await Promise.race([told, late]);
}
