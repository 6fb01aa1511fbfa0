import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Random } from '../platform.ts';
import { attemptAfter, BACKOFF, reconnectDelay } from './reconnect-policy.ts';

const random = (fraction: number): Random => ({ bytes: (length) => new Uint8Array(length), fraction: () => fraction });
const fraction = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test('S1.13, I9: without a wish of the server a wait is never under 500 ms and never over 5 minutes', () => {
  fc.assert(
    fc.property(fraction, fc.nat(2_000), fc.boolean(), fc.boolean(), (chance, attempt, focused, hopeless) => {
      const { delayMs, leastMs } = reconnectDelay(random(chance), { attempt, retryAfterMs: null, focused, hopeless });
      expect(delayMs).toBeGreaterThanOrEqual(500);
      expect(delayMs).toBeLessThanOrEqual(focused && !hopeless ? 60_000 : 300_000);
      expect(leastMs).toBe(0);
    }),
  );
});

test('S1.12, C-4: the span of the jitter doubles from one second', () => {
  const longest = [0, 1, 2, 3, 8].map(
    (attempt) =>
      reconnectDelay(random(0.999_999), { attempt, retryAfterMs: null, focused: false, hopeless: false }).delayMs,
  );
  expect(longest).toEqual([1_499, 2_499, 4_499, 8_499, 256_499]);
  expect(reconnectDelay(random(0), { attempt: 8, retryAfterMs: null, focused: false, hopeless: false }).delayMs).toBe(
    500,
  );
});

test('what the server asks for is waited out, spread over half of it again, and never for ever', () => {
  fc.assert(
    fc.property(
      fraction,
      fc.nat(40),
      fc.double({ min: 0, max: 1e16, noNaN: true }),
      (chance, attempt, retryAfterMs) => {
        const { delayMs, leastMs } = reconnectDelay(random(chance), {
          attempt,
          retryAfterMs,
          focused: false,
          hopeless: false,
        });
        const asked = Math.min(retryAfterMs, BACKOFF.longestAskedMs);
        expect(leastMs).toBe(asked);
        expect(delayMs).toBeGreaterThanOrEqual(Math.floor(asked));
        expect(delayMs).toBeLessThanOrEqual(Math.max(BACKOFF.capMs, asked * 1.5));
      },
    ),
  );
});

test('what will hardly pass by itself is left alone for minutes from the first time on', () => {
  expect(reconnectDelay(random(0), { attempt: 0, retryAfterMs: null, focused: true, hopeless: true }).delayMs).toBe(
    150_500,
  );
});

test('I9: only a minute of being live starts the count anew', () => {
  expect([0, 59_999, 60_000].map((liveMs) => attemptAfter(7, liveMs))).toEqual([8, 8, 1]);
});
