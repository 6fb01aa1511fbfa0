import { describe, expect, it } from 'vitest';
import { addressKey, RateLimits, TokenBuckets } from './rate-limits.ts';

function manualClock() {
  let time = 1_000_000;
  return { now: () => time, pass: (ms: number) => (time += ms) };
}

describe('a token bucket', () => {
  it('lets a burst through, then one per interval, and says how long to wait', () => {
    const clock = manualClock();
    const buckets = new TokenBuckets({ burst: 3, everyMs: 1_000 }, clock);
    expect([1, 2, 3, 4].map(() => buckets.take('a'))).toEqual([0, 0, 0, 1_000]);
    clock.pass(400);
    expect(buckets.take('a')).toBe(600);
    clock.pass(600);
    expect([buckets.take('a'), buckets.take('a')]).toEqual([0, 1_000]);
  });

  it('never holds more than its burst, however long nobody came', () => {
    const clock = manualClock();
    const buckets = new TokenBuckets({ burst: 2, everyMs: 10 }, clock);
    clock.pass(1e9);
    expect([1, 2, 3].map(() => buckets.take('a') === 0)).toEqual([true, true, false]);
  });

  it('gives several at once or none of them, and of more than it holds all it holds', () => {
    const clock = manualClock();
    const buckets = new TokenBuckets({ burst: 10, everyMs: 100 }, clock);
    expect([buckets.take('a', 7), buckets.take('a', 7), buckets.take('a', 3)]).toEqual([0, 400, 0]);
    clock.pass(900);
    expect(buckets.take('a', 1_000)).toBe(100);
    clock.pass(100);
    expect([buckets.take('a', 1_000), buckets.take('a')]).toEqual([0, 100]);
  });

  it('counts each key for itself', () => {
    const buckets = new TokenBuckets({ burst: 1, everyMs: 1_000 }, manualClock());
    expect([buckets.take('a'), buckets.take('b'), buckets.take('a')]).toEqual([0, 0, 1_000]);
  });

  it('is not filled by a clock that goes backwards', () => {
    const clock = manualClock();
    const buckets = new TokenBuckets({ burst: 1, everyMs: 1_000 }, clock);
    buckets.take('a');
    clock.pass(-3_600_000);
    expect(buckets.take('a')).toBe(1_000);
  });

  it('stays small when every key comes once', () => {
    const buckets = new TokenBuckets({ burst: 1, everyMs: 1e9 }, manualClock());
    buckets.take('first');
    for (let i = 0; i < 50_000; i++) buckets.take(`key ${i}`);
    // The oldest was forgotten, so it starts again; a recent one was not.
    expect(buckets.take('first')).toBe(0);
    expect(buckets.take('key 49999')).toBeGreaterThan(0);
  });
});

describe('rate limits', () => {
  it('refuse with the time to wait', () => {
    const limits = new RateLimits(manualClock(), 1);
    for (let i = 0; i < 10; i++) limits.take('reset', 'x');
    expect(() => limits.take('reset', 'x')).toThrow(
      expect.objectContaining({ code: 'rate_limited', retryAfterMs: 60_000 }),
    );
  });

  it('grow with the scale', () => {
    const limits = new RateLimits(manualClock(), 10);
    for (let i = 0; i < 100; i++) limits.take('reset', 'x');
    expect(limits.wait('reset', 'x')).toBe(6_000);
  });
});

describe('the key of an address', () => {
  it.each([
    ['203.0.113.9', '203.0.113.9'],
    ['::ffff:203.0.113.9', '203.0.113.9'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2/64'],
    ['2001:DB8:0001:2:ffff::1', '2001:db8:1:2/64'],
    ['2001:db8::1', '2001:db8:0:0/64'],
    ['::1', '0:0:0:0/64'],
    ['fe80::1%eth0', 'fe80:0:0:0/64'],
  ])('of %s is %s', (address, key) => {
    expect(addressKey(address)).toBe(key);
  });
});
