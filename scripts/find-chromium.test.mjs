import { expect, it } from 'vitest';
import { findChromium } from './find-chromium.mjs';

it('takes what CHROMIUM names', () => {
  expect(findChromium({ CHROMIUM: '/opt/mine', PATH: '/bin' }, () => true)).toBe('/opt/mine');
});

it('finds nothing, and takes no other, when CHROMIUM names something that cannot be run', () => {
  expect(findChromium({ CHROMIUM: '/opt/mine', PATH: '/bin' }, (file) => file !== '/opt/mine')).toBeUndefined();
});

it('looks along the path before the usual places', () => {
  const there = new Set(['/my/bin/google-chrome', '/usr/bin/chromium']);
  expect(findChromium({ PATH: '/my/bin' }, (file) => there.has(file))).toBe('/my/bin/google-chrome');
  expect(findChromium({ PATH: '/elsewhere' }, (file) => there.has(file))).toBe('/usr/bin/chromium');
});

it('finds nothing where there is none', () => {
  expect(findChromium({ PATH: '/bin' }, () => false)).toBeUndefined();
});
