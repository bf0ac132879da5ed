import type { Bug } from '../bug.ts';
import { CALLERS } from './callers.ts';
import { DOUBT } from './doubt.ts';
import { INTENT } from './intent.ts';
import { LEDGER } from './ledger.ts';
import { MONEY } from './money.ts';
import { NUMBERS } from './numbers.ts';
import { PERSONS } from './persons.ts';
import { PROOF } from './proof.ts';
import { SIGNATURES } from './signatures.ts';
import { STORES } from './stores.ts';

/** Every bug that is planted, by what it breaks. */
export const BUGS: readonly Bug[] = [
  ...INTENT,
  ...DOUBT,
  ...PROOF,
  ...NUMBERS,
  ...SIGNATURES,
  ...MONEY,
  ...PERSONS,
  ...CALLERS,
  ...LEDGER,
  ...STORES,
];
