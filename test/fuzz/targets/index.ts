import type { Target } from '../target.ts';
import { ANSWERS } from './answers.ts';
import { CALLERS } from './callers.ts';
import { NOTIFY } from './notify.ts';
import { PAY_PER_CALL } from './pay-per-call.ts';
import { RECEIPTS } from './receipts.ts';
import { TEXTS } from './texts.ts';
import { WIRES } from './wire.ts';

/** Everything that is fed, by name. */
export const TARGETS: readonly Target[] = [
  ...NOTIFY,
  ...ANSWERS,
  ...PAY_PER_CALL,
  ...TEXTS,
  ...CALLERS,
  ...RECEIPTS,
  ...WIRES,
];
