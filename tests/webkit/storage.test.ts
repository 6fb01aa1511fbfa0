import { storageContract } from '@skerry/core/testing';
import { storesContract } from '@skerry/crypto/testing';
import { expect, it } from 'vitest';
import type { Report } from '../engines/page.ts';
import { serveEnginePage } from '../harness/engine-page.ts';
import { Webkit } from '../harness/webkit.ts';

it("WebKitGTK keeps every rule of the client's storage and of the Signal stores over it", async () => {
  await using page = await serveEnginePage();
  await using webkit = await Webkit.start();
  await webkit.goTo(page.url);
  await expect
    .poll(() => webkit.evaluate('return window.done !== undefined'), { timeout: 60_000, interval: 250 })
    .toBe(true);
  const report = await webkit.evaluate<Report>('return window.done');
  expect(report.outcomes.filter(({ wrong }) => wrong !== null)).toEqual([]);
  expect(report.outcomes).toHaveLength(storageContract.length + storesContract.length);
  expect(report.keepsWrappingKey).toBe(true);
});
