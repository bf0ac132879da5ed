import axe from 'axe-core';
import type { Frame, Page } from 'playwright-core';

/** The rules of WCAG 2.2 AA and the good practices that axe-core knows; what they find wrong on the page as it stands. */
export async function axeFindings(page: Page | Frame): Promise<string[]> {
  // Past the page's own policy, as a browser's tools are.
  await page.evaluate(axe.source);
  const found = (await page.evaluate(
    `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
      violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => id + ' ' + target + ' ' + failureSummary)))`,
  )) as string[];
  return found;
}
