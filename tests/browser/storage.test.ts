import { storageContract } from '@skerry/core/testing';
import { storesContract } from '@skerry/crypto/testing';
import { expect, it } from 'vitest';
import { launchBrowser } from '../harness/browser.ts';
import { serveEnginePage } from '../harness/engine-page.ts';

it("Chromium keeps every rule of the client's storage and of the Signal stores over it", async () => {
  await using page = await serveEnginePage();
  const browser = await launchBrowser();
  try {
    const tab = await browser.newPage();
    await tab.goto(page.url);
    await tab.waitForFunction(() => window.done !== undefined, undefined, { timeout: 60_000 });
    const report = await tab.evaluate(() => window.done);
    expect(report?.outcomes.filter(({ wrong }) => wrong !== null)).toEqual([]);
    expect(report?.outcomes).toHaveLength(storageContract.length + storesContract.length);
    expect(report?.byPlatform).toEqual({ agree: true, verify: true });
    // Older ones have none; one that is there must answer as JavaScript does.
    expect(['taken', 'absent']).toContain(report?.kem);
    expect(report?.keepsWrappingKey).toBe(true);
  } finally {
    await browser.close();
  }
});
