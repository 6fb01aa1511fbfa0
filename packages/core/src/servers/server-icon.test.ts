import { createHash } from 'node:crypto';
import { LIMITS } from '@skerry/protocol';
import { expect, test } from 'vitest';
import { settle } from '../testing/manual-clock.ts';
import { pictureType } from './picture.ts';
import { iconDigest, ServerIcon } from './server-icon.ts';

const PNG = Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 1, 2, 3]);
const JPEG = Uint8Array.from([0xff, 0xd8, 0xff, 0xe0, 1, 2, 3]);
const SVG = new TextEncoder().encode('<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>');
const HUGE = Uint8Array.from([...PNG, ...new Uint8Array(LIMITS.iconBytes)]);

const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('base64url');
const urlOf = (bytes: Uint8Array): string => `/api/server/icon/${digestOf(bytes)}`;

type Setting = { iconUrl: string | null; live: boolean; answer: Uint8Array<ArrayBuffer> | 'fails'; stored: unknown };

function setUp(setting: Setting): { icon: ServerIcon; asked: string[]; shown: () => string | undefined } {
  const asked: string[] = [];
  const icon = new ServerIcon({
    iconUrl: () => setting.iconUrl,
    live: () => setting.live,
    fetch: (digest) => {
      asked.push(digest);
      return setting.answer === 'fails' ? Promise.reject(new Error('no')) : Promise.resolve(setting.answer);
    },
    crypto: { sha256: (bytes) => Promise.resolve(new Uint8Array(createHash('sha256').update(bytes).digest())) },
    kept: {
      get: () => Promise.resolve(setting.stored),
      set: (picture) => Promise.resolve(void (setting.stored = picture)),
    },
    signal: new AbortController().signal,
  });
  return { icon, asked, shown: () => icon.picture.get()?.type };
}

test('S0.31: a picture is fetched once, kept, and shown from this device without the server', async () => {
  const setting: Setting = { iconUrl: urlOf(PNG), live: true, answer: PNG, stored: undefined };
  const first = setUp(setting);
  await settle();
  expect([first.shown(), first.asked]).toEqual(['image/png', [digestOf(PNG)]]);
  const again = setUp({ ...setting, live: false });
  await settle();
  expect([again.shown(), again.asked]).toEqual(['image/png', []]);
});

test('another picture takes the place of the one before, and none brings the letter back', async () => {
  const setting: Setting = { iconUrl: urlOf(PNG), live: true, answer: PNG, stored: undefined };
  const { icon, shown } = setUp(setting);
  await settle();
  Object.assign(setting, { iconUrl: urlOf(JPEG), answer: JPEG });
  icon.changed();
  await settle();
  expect(shown()).toBe('image/jpeg');
  setting.iconUrl = null;
  icon.changed();
  await settle();
  expect([shown(), setting.stored]).toEqual([undefined, null]);
});

test('what could not be had is asked for again on the next connection, not over and over', async () => {
  const setting: Setting = { iconUrl: urlOf(PNG), live: true, answer: 'fails', stored: undefined };
  const { icon, asked, shown } = setUp(setting);
  await settle();
  icon.changed();
  await settle();
  expect(asked).toHaveLength(1);
  setting.answer = PNG;
  icon.connected();
  await settle();
  expect([asked.length, shown()]).toEqual([2, 'image/png']);
});

test.each([
  ['a script in a drawing', SVG, urlOf(SVG)],
  ['another picture than the address names', JPEG, urlOf(PNG)],
  ['more bytes than allowed', HUGE, urlOf(HUGE)],
  ['nothing', new Uint8Array(), urlOf(new Uint8Array())],
])('T8, T40: %s is not shown and not kept', async (_what, answer, iconUrl) => {
  const setting: Setting = { iconUrl, live: true, answer, stored: undefined };
  const { shown } = setUp(setting);
  await settle();
  expect([shown(), setting.stored]).toEqual([undefined, undefined]);
});

test('T8, T40: what was put into the store from outside is looked at like what a server sends', async () => {
  const setting: Setting = {
    iconUrl: urlOf(SVG),
    live: false,
    answer: 'fails',
    stored: { type: 'image/png', bytes: SVG },
  };
  const { shown } = setUp(setting);
  await settle();
  expect(shown()).toBeUndefined();
});

test.each([
  'https://evil.example/api/server/icon/' + digestOf(PNG),
  `//evil.example/api/server/icon/${digestOf(PNG)}`,
  `/api/server/icon/../../${digestOf(PNG)}`,
  `/api/server/icon/${digestOf(PNG)}?x=1`,
  'data:image/svg+xml,<svg/>',
  'javascript:alert(1)',
  '/api/server/icon/',
])('T3, T16: the address %s is never asked', async (iconUrl) => {
  expect(iconDigest(iconUrl)).toBeUndefined();
  const { asked } = setUp({ iconUrl, live: true, answer: PNG, stored: undefined });
  await settle();
  expect(asked).toEqual([]);
});

test('a picture is told by how its bytes begin', () => {
  const webp = new TextEncoder().encode('RIFF\0\0\0\0WEBPVP8 ');
  expect([PNG, JPEG, webp, SVG, new TextEncoder().encode('GIF89a.....')].map(pictureType)).toEqual([
    'image/png',
    'image/jpeg',
    'image/webp',
    undefined,
    undefined,
  ]);
});
