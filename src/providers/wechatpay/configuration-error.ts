import { CashierError } from '../../domain/errors.ts';

/** A setting that stops the start: one sentence that names variable and remedy. Its value is never quoted. */
export function configurationError(variable: string, zh: string, en: string): CashierError {
  return new CashierError(
    'CONFIGURATION',
    {
      zh: `${variable} ${zh}`,
      en: `${variable} ${en}`,
      next: { zh: `改正 ${variable} 后重新启动。`, en: `Correct ${variable} and start again.` },
    },
    { variable },
  );
}
