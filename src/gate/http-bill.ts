import { beijingIso } from '../domain/clock.ts';
import { toYuan } from '../domain/money.ts';
import type { Realm } from '../domain/order.ts';
import type { PaidCallRecord } from '../ledger/records.ts';
import type { Language, Said } from './http-answers.ts';
import type { Price } from './prices.ts';
import { type ProblemName, problemOf } from './problems.ts';
import type { ShownWays } from './ways.ts';

const CODE = 'PAYMENT_REQUIRED';
const PAY: Said['text'] = {
  zh: '这个请求需要付款，付款之后才会执行。',
  en: 'This request has to be paid for before it is executed.',
};

/** What something costs, without a bill. */
export function costOf({ amountFen, title }: Pick<Price, 'amountFen' | 'title'>): Said {
  const more = { amountYuan: toYuan(amountFen), currency: 'CNY', title };
  return { status: 402, code: CODE, text: PAY, more };
}

/** The answer with a bill, and with what was wrong with whatever was shown. */
export function billOf(
  { number, amountFen, title, expiresAt }: PaidCallRecord,
  told: {
    readonly cashierUrl: string;
    readonly language: Language;
    readonly realm: Realm;
    readonly problem: ProblemName | undefined;
    readonly ways: ShownWays;
  },
): Said {
  const { cashierUrl, language, realm, problem, ways } = told;
  const what = problem === undefined ? undefined : problemOf(problem);
  return {
    status: 402,
    code: CODE,
    text: PAY,
    more: {
      ...(realm === 'simulator' ? { simulated: true } : {}),
      ...(realm === 'trial' ? { trial: true } : {}),
      outTradeNo: number,
      amountYuan: toYuan(amountFen),
      currency: 'CNY',
      title,
      cashierUrl,
      expiresAt: beijingIso(expiresAt),
      ...(what ? { problem: { code: what.code, message: what.text[language] } } : {}),
      nextStep: nextStep(number)[language],
      ...ways.members,
    },
    headers: { 'X-Out-Trade-No': number, ...ways.headers },
  };
}

function nextStep(number: string): Said['text'] {
  return {
    zh: `请用户打开 cashierUrl 付款，或用付款工具支付答复头中的账单；付款后用同样的方法、地址和正文再请求一次，并加上请求头 X-Out-Trade-No: ${number}。未付款前不要重复下单。`,
    en: `Have the user pay at cashierUrl, or pay the bill in these headers with a wallet; then repeat the same method, address and body with the header X-Out-Trade-No: ${number}. Do not ask for another bill before.`,
  };
}
