import type { Text } from '../domain/errors.ts';
import { type Fen, fen, fenFromYuan, toYuan } from '../domain/money.ts';
import { WALLETS } from '../providers/registry.ts';
import type { LedgerWord } from '../receipts/beside-ledger.ts';
import type { ReceiptClaims } from '../receipts/claims.ts';
import { KEYS_PATH } from '../receipts/jws.ts';
import type { ReceiptFault, Verified } from '../receipts/verify.ts';
import type { Say } from './speaker.ts';
import { print, printTable, tell } from './terminal.ts';

/** A receipt whose signature was looked at, and, where that is right, the ledger. */
export type Checked =
  | Extract<Verified, { readonly fault: ReceiptFault }>
  | (Exclude<Verified, { readonly fault: ReceiptFault }> & { readonly word: LedgerWord });

const FAULTS: Readonly<Record<ReceiptFault, Text>> = {
  unreadable: { zh: '不是收据，无法读取', en: 'no receipt: it cannot be read' },
  'other-kind': {
    zh: '不是收据：签名方式或用途（alg、typ）不对',
    en: 'no receipt: signed in another way, or for another purpose (alg, typ)',
  },
  'unknown-key': { zh: '不是由这些密钥签名的', en: 'signed by none of these keys' },
  forged: {
    zh: '签名不对：内容被改动过，或不是所称的密钥签的',
    en: 'the signature is wrong: it was changed, or the key that it names has not signed it',
  },
  incomplete: {
    zh: '签名正确，但缺少收据应有的内容',
    en: 'the signature is right, but it does not say what a receipt says',
  },
};

/**
 * Whether it is to be taken for a receipt. Of this ledger's keys, the ledger has to bear it out: else whoever has stolen
 * one would be believed.
 */
export function isValid(one: Checked, jwks: string | undefined): boolean {
  return (
    !('fault' in one) && (one.word.look === 'proven' || (jwks !== undefined && one.word.look === 'others'))
  );
}

const OTHERS: Text = {
  zh: '✘ 签名正确，但不是本账本的收据：用 --merchant 或 --ledger 到它的账本核对，或用 --jwks 指定公钥。',
  en: "✘ The signature is right, but the receipt is not this ledger's: verify it at its own (--merchant, --ledger), or name the keys with --jwks.",
};
const UNPROVEN: Text = {
  zh: '✘ 签名正确，但本账本没有这样一笔付款或退款：账本可能是从备份恢复的；若不是，密钥可能已经泄露。',
  en: '✘ The signature is right, but this ledger has no such payment or refund: it may have been restored from a backup; if not, the key may be in other hands.',
};

/** @param jwks where the keys are from; undefined: this ledger */
export function printChecked(one: Checked, jwks: string | undefined, say: Say): void {
  print();
  if ('fault' in one) {
    const { zh, en } = FAULTS[one.fault];
    tell(say, { zh: `✘ 无效：${zh}`, en: `✘ Not valid: ${en}` });
    if (one.fault === 'unknown-key' && jwks === undefined) {
      tell(say, {
        zh: '只核对了本账本的密钥；别的商家的收据，用 --jwks 指定其公钥。',
        en: "Only this ledger's own keys were tried; for another merchant's receipt name its keys with --jwks.",
      });
    }
    return;
  }
  const { claims, kid, word } = one;
  if (!isValid(one, jwks)) tell(say, word.look === 'others' ? OTHERS : UNPROVEN);
  else {
    tell(say, {
      zh: `✔ 有效：由密钥 ${kid} 签名，此后没有改动`,
      en: `✔ Valid: signed by the key ${kid}, and not changed since`,
    });
  }
  if (claims.simulated) tell(say, { zh: '模拟环境，不是真钱', en: 'SIMULATED, no real money' });
  if (claims.trial) {
    tell(say, { zh: '体验版：次日全额退回', en: 'Trial edition: paid back the next day' });
  }
  printTable(rowsOf(claims, say));
  for (const text of [keysFrom(claims, jwks), toldBy(word, claims)]) if (text) tell(say, text);
}

function rowsOf(claims: ReceiptClaims, say: Say): string[][] {
  const { merchant, amount, title, order_id, psp, psp_confirmation_id = '', paid_at, iss } = claims;
  const wallet = WALLETS.find(({ id }) => id === psp)?.name;
  return [
    ...(merchant === iss ? [] : [[say.line('收款方', 'payee'), merchant]]),
    claims.refund_of === undefined
      ? [say.line('付款', 'paid'), `${amount} ${say.line('元', 'yuan')}`]
      : [say.line('退款', 'refunded'), `${amount} ${say.line('元', 'yuan')}`],
    [say.line('商品', 'title'), title],
    [say.line('订单号', 'order number'), order_id],
    [
      say.line('支付方式', 'method'),
      `${wallet ? say.line(wallet.zh, wallet.en) : psp} ${psp_confirmation_id}`,
    ],
    [say.line('付款时间', 'paid at'), paid_at],
    [say.line('签发者', 'issuer'), iss],
    ...(claims.refund_of === undefined ? [] : [[say.line('所退的收据', 'refund of'), claims.refund_of]]),
  ];
}

/** Whose the keys are is nothing that a receipt can say. */
function keysFrom({ iss }: ReceiptClaims, jwks: string | undefined): Text | undefined {
  if (jwks === undefined) return { zh: '公钥：本账本的', en: "Keys: this ledger's" };
  if (jwks === iss + KEYS_PATH)
    return { zh: `公钥：签发者自己的（${jwks}）`, en: `Keys: the issuer's own (${jwks})` };
  return {
    zh: `公钥来自 ${jwks}，不是签发者的地址：请自己确认它们属于 ${iss}`,
    en: `The keys are from ${jwks}, not from the issuer's address: make sure yourself that they are those of ${iss}`,
  };
}

function toldBy(word: LedgerWord, claims: ReceiptClaims): Text | undefined {
  if (word.look === 'unproven') return undefined;
  if (word.look !== 'proven') {
    return {
      zh: '这笔订单不在本账本中：签发之后是否退款，要问签发者。',
      en: 'The order is not in this ledger: whether it was refunded since, only the issuer can say.',
    };
  }
  const { refundedFen, refundedElsewhere } = word;
  if (refundedElsewhere === 'unknown') {
    return {
      zh: '本账本有这笔付款；支付平台显示有退款，金额未知。',
      en: 'This ledger has the payment; the gateway says that some of it was refunded, and not how much.',
    };
  }
  const back = fen(refundedFen + (refundedElsewhere ?? 0));
  if (back === 0) {
    return {
      zh: '本账本有这笔付款，至今没有退款。',
      en: 'This ledger has the payment; nothing was refunded so far.',
    };
  }
  const isAll = claims.refund_of === undefined && back >= (fenFromYuan(claims.amount) as Fen);
  return isAll
    ? {
        zh: '本账本有这笔付款，但已全额退款。',
        en: 'This ledger has the payment, but it was refunded in full.',
      }
    : {
        zh: `本账本有这笔付款，至今共退款 ${toYuan(back)} 元。`,
        en: `This ledger has the payment; ${toYuan(back)} yuan of it were refunded so far.`,
      };
}
