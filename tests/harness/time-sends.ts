import type { Friend } from './friend.ts';
import type { Screen } from './screen.ts';

/** Milliseconds from the key on one screen to the socket of another person. */
export async function timeSends(
  screen: Screen,
  friend: Friend,
  count: number,
): Promise<{ median: number; p95: number }> {
  await friend.listens();
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const text = `timed ${i} ${Math.random()}`;
    await screen.composer.fill(text);
    const heard = friend.isTold(text, 10_000);
    const start = performance.now();
    await screen.composer.press('Enter');
    await heard;
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  const at = (part: number): number => times[Math.floor(count * part)] ?? Infinity;
  return { median: at(0.5), p95: at(0.95) };
}
