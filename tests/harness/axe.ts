import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { settled } from './settled.ts';

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/**
 * Everything axe finds wrong on the page once it rests, one line each with the elements; empty when nothing is.
 * @param what `colours` looks at nothing else, for a second theme of the same page
 */
export async function axeFindings(page: Page, what: 'all' | 'colours' = 'all'): Promise<string[]> {
  // What is still moving in is half transparent, and every colour of it wrong.
  await settled(page);
  // Half a megabyte of script is read once by each page that is loaded.
  const isThere = await page.evaluate(() => 'axe' in window);
  const axe = new AxeBuilder({ page, ...(isThere ? { axeSource: 'void 0' } : {}) });
  // Otherwise a second page is opened for each look, to put frames of other origins together; the client has none. What
  // is right need not be described.
  axe.setLegacyMode().options({ resultTypes: ['violations'] });
  const { violations } = await (what === 'all' ? axe.withTags(TAGS) : axe.withRules(['color-contrast'])).analyze();
  return violations.map(
    ({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.target.join(' ')).join(' | ')}`,
  );
}
