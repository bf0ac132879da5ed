import { beijingIso } from '../domain/clock.ts';
import { CashierError } from '../domain/errors.ts';
import { mountOf } from '../domain/merchant.ts';
import { noSuchOrder } from '../payments/errors.ts';
import { systemRandom } from '../platform/system.ts';
import { Receipts } from '../receipts/receipts.ts';
import { type Books, noLedger, withBooks } from './books.ts';
import type { CommandContext, Typed } from './command.ts';
import { disarmed } from './disarmed.ts';
import { verifyReceipts } from './receipts-verify.ts';
import type { Say } from './speaker.ts';
import { print, printJson } from './terminal.ts';

/**
 * `mcp-cashier receipts show ORDER | verify FILE [--jwks URL|FILE]`, each with `--json`. Exit code 1 where there is no
 * receipt to be given, or one is not right.
 */
export async function run(typed: Typed<'receipts'>, context: CommandContext): Promise<number> {
  const [word = ''] = typed.args;
  if (typed.action === 'verify') return verifyReceipts(word, typed.values, context);
  const { values } = typed;
  const work = (books: Books) => show(books, word, values.json, context.say);
  return withBooks(context, values, 'read', work, 'issuer');
}

/** stdout is the receipts' alone: they are to be kept as they are. */
async function show(
  { ledger, settings, where }: Books,
  outTradeNo: string,
  json: boolean,
  say: Say,
): Promise<number> {
  if (where.realm === null) throw noLedger(settings);
  const { publicUrl, merchant, merchantName, receiptKey } = settings;
  const receipts = new Receipts({
    ...{ ledger: ledger.as({ actor: 'operator', tool: 'receipts' }), randomBytes: systemRandom },
    ...{ key: receiptKey, publicUrl: publicUrl && publicUrl + mountOf(merchant), merchantName },
  });
  const given = await receipts.of(outTradeNo);
  if (given.length === 0) {
    const isKnown = await ledger.read((book) => book.orders.get(outTradeNo));
    throw isKnown ? notPaid() : noSuchOrder();
  }
  if (json) {
    const items = given.map(({ jws, claims }) => ({
      ...{ receipt: jws, issuedAt: beijingIso(claims.iat * 1000), claims },
    }));
    printJson({ ...where, outTradeNo, receipts: items });
    return 0;
  }
  for (const { jws } of given) print(jws);
  const notes = given.map(({ claims: { amount, refund_of } }) =>
    refund_of === undefined
      ? say.line(`付款收据，${amount} 元`, `receipt of the payment, ${amount} yuan`)
      : say.line(`退款收据，${amount} 元`, `receipt of a refund, ${amount} yuan`),
  );
  for (const note of [`${say.line('账本：', 'ledger:')} ${where.realm} ${where.ledger}`, ...notes]) {
    process.stderr.write(`${disarmed(note)}\n`);
  }
  return 0;
}

function notPaid(): CashierError {
  return new CashierError('NOT_PAID', {
    zh: '支付平台还没有证明这笔订单已付款，没有收据。',
    en: 'The gateway has not proven that this order was paid: there is no receipt.',
    next: { zh: '付款得到确认后再试。', en: 'Try again once it is known to be paid.' },
  });
}
