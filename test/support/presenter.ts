import { presenter } from '../../src/tools/present.ts';
import type { World } from './world.ts';

/** What English readers are told of a world's payments, where there are no pages. */
export function inEnglish({ clock }: World) {
  return presenter({
    ...{ language: 'en', simulated: false, now: () => clock.now() },
    ...{ buyerPage: async () => undefined, approvalUrl: async () => undefined },
  });
}
