import { z } from 'zod';
import { CashierError } from '../domain/errors.ts';
import { type Fen, fenFromYuan } from '../domain/money.ts';
import { PROVIDER_IDS, SCENES } from '../domain/order.ts';
import type { Policy } from './policy.ts';

const yuan = z
  .string()
  .refine((text) => fenFromYuan(text) !== undefined, 'must be yuan such as "500" or "9.90"');
const hours = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)$/, 'must be like "08:00-23:00"');

/** Rules of the contract that this version does not enforce are errors: a limit that is ignored is worse than none. */
const schema = z.strictObject({
  version: z.literal(1),
  payments: z
    .strictObject({
      maxYuan: yuan,
      approveAboveYuan: z.union([yuan, z.literal('none')]),
      providers: z.array(z.enum(PROVIDER_IDS)),
      scenes: z.array(z.enum(SCENES)),
      hours,
    })
    .partial()
    .default({}),
  refunds: z
    .strictObject({ maxYuan: yuan, approveAboveYuan: z.union([yuan, z.literal('none')]) })
    .partial()
    .default({}),
  foreignOrders: z.literal('refuse').default('refuse'),
});

/** Reads a policy from YAML or JSON text. Throws CONFIGURATION naming the place and what is wrong there. */
export async function parsePolicy(text: string, path: string): Promise<Policy> {
  // CommonJS: once bundled, a lazily loaded one has nothing but its default.
  const {
    default: { parseDocument },
  } = await import('yaml');
  const document = parseDocument(text, { strict: true, uniqueKeys: true });
  const broken = document.errors[0];
  if (broken) throw invalid(path, `${broken.linePos?.[0].line ?? '?'}: ${broken.code}`);
  const parsed = schema.safeParse(document.toJS());
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw invalid(path, `${issue?.path.join('.') || '(top)'}: ${issue?.message ?? ''}`);
  }
  const { payments, refunds } = parsed.data;
  return {
    payments: {
      ...fenRule('maxFen', payments.maxYuan),
      ...fenRule('approveAboveFen', payments.approveAboveYuan),
      ...(payments.providers ? { providers: payments.providers } : {}),
      ...(payments.scenes ? { scenes: payments.scenes } : {}),
      ...(payments.hours ? { hours: minutes(payments.hours) } : {}),
    },
    refunds: {
      ...fenRule('maxFen', refunds.maxYuan),
      ...fenRule('approveAboveFen', refunds.approveAboveYuan ?? '0'),
    },
  };
}

function fenRule<K extends string>(name: K, text: string | undefined): Partial<Record<K, Fen>> {
  const fen = text === undefined ? undefined : fenFromYuan(text);
  return fen === undefined ? {} : ({ [name]: fen } as Partial<Record<K, Fen>>);
}

function minutes(span: string): [number, number] {
  const [from, to] = span.split('-').map((time) => {
    const [hour, minute] = time.split(':').map(Number);
    return (hour ?? 0) * 60 + (minute ?? 0);
  });
  return [from ?? 0, to ?? 0];
}

function invalid(path: string, problem: string): CashierError {
  return new CashierError(
    'CONFIGURATION',
    {
      zh: `CASHIER_POLICY 策略文件 ${path} 有误：${problem}。`,
      en: `The policy file ${path} (CASHIER_POLICY) is wrong at ${problem}.`,
      next: {
        zh: '改正该处；本版本不支持的规则必须删去，而不会被悄悄忽略。',
        en: 'Correct that place; a rule this version does not enforce must be removed, it is never silently ignored.',
      },
    },
    { variable: 'CASHIER_POLICY' },
  );
}
