import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';

/** Everything axe finds wrong on the page as it is now, one line each with the elements; empty when nothing is. */
export async function axeFindings(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
    .analyze();
  return violations.map(
    ({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.target.join(' ')).join(' | ')}`,
  );
}
