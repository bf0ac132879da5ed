import { CashierError, invalidArgument, type Text } from '../domain/errors.ts';
import type { Scene } from '../domain/order.ts';
import type { OrderRecord } from '../ledger/records.ts';
import { isFrozen } from '../policy/decisions.ts';
import {
  GatewayDeclined,
  GatewayUnavailable,
  OutcomeUnknown,
  type PaymentProvider,
} from '../providers/contract.ts';
import { walletOf } from '../providers/registry.ts';
import { Crowded } from './turns.ts';

/** Of a refusal to which the wallet's adapter adds nothing. */
const LOOK_UP: Text = {
  zh: '请商家按错误码查明原因。',
  en: 'Ask the merchant to look the gateway code up.',
};

/** Seconds after which a gateway that did not answer may. */
const ASK_AGAIN_S = 5;

/** The three that cross the provider port. */
export type GatewayError = GatewayDeclined | GatewayUnavailable | OutcomeUnknown;

export function isGatewayError(error: unknown): error is GatewayError {
  return (
    error instanceof GatewayDeclined || error instanceof GatewayUnavailable || error instanceof OutcomeUnknown
  );
}

/**
 * What the failure of an exchange says of what was sent; undefined for a fault of our own, which says nothing. A freeze
 * that came in between is none.
 */
export function failureOf(error: unknown) {
  if (!isGatewayError(error) && !isFrozen(error)) return undefined;
  const declined = error instanceof GatewayDeclined ? error : undefined;
  const limited = declined?.reason === 'rate-limited';
  return {
    error,
    code: declined?.gatewayCode ?? 'NOT_SENT',
    /** Nothing of it has left this machine. */
    notSent: isFrozen(error) || error instanceof GatewayUnavailable,
    /** Why, with its signature; "too fast" is no word on it, for it may have been taken in. */
    refused: declined?.proven && !limited ? declined.reason : undefined,
    /** What became of it is not known, and the client is told so. */
    inDoubt: limited || error instanceof OutcomeUnknown,
  };
}

/**
 * A gateway's failure in the client's words. `stands` says in a clause what is true of the order or refund now.
 * Gateway text never gets here; codes and request ids were checked by the adapter.
 */
export function clientError(
  error: GatewayError,
  stands: Text,
  details: Readonly<Record<string, string | number>> = {},
): CashierError {
  if (error instanceof GatewayDeclined) {
    return new CashierError('GATEWAY_DECLINED', {
      zh: `支付平台拒绝了请求；${stands.zh}。`,
      en: `The gateway declined the request; ${stands.en}.`,
      next: error.advice ?? LOOK_UP,
      details: {
        ...details,
        gatewayCode: error.gatewayCode,
        ...requestId(error),
        ...(error.reason === 'rate-limited' ? { retryAfterSeconds: ASK_AGAIN_S } : {}),
      },
    });
  }
  if (error instanceof Crowded) {
    const { retryAfterSeconds } = error;
    return new CashierError('TRY_LATER', {
      zh: `同时进行的查询太多，这一个没有发出；${stands.zh}。`,
      en: `Too many questions are waiting for the gateway and this one was not sent; ${stands.en}.`,
      next: {
        zh: `${retryAfterSeconds} 秒后用同一号码重试。`,
        en: `Call again with the same number in ${retryAfterSeconds} s.`,
      },
      details: { ...details, retryAfterSeconds },
    });
  }
  if (error instanceof GatewayUnavailable) {
    return new CashierError('GATEWAY_UNAVAILABLE', {
      zh: `连不上支付平台，请求没有发出；${stands.zh}。`,
      en: `The gateway could not be reached and nothing was sent; ${stands.en}.`,
      next: { zh: '稍后用同一单号重试。', en: 'Call again later with the same number.' },
      details,
    });
  }
  return new CashierError('OUTCOME_UNKNOWN', {
    zh: `支付平台没有给出可信的答复；${stands.zh}。`,
    en: `The gateway gave no answer that can be trusted; ${stands.en}.`,
    next: {
      zh: '稍后用同一单号重试，不要换单号。',
      en: 'Call again later with the same number, never a new one.',
    },
    details: { ...details, ...requestId(error) },
  });
}

function requestId(error: { readonly requestId: string | undefined }): { requestId?: string } {
  return error.requestId === undefined ? {} : { requestId: error.requestId };
}

/** The ledger does not know the number, or not for this caller. */
export function orderNotFound(): CashierError {
  return new CashierError('ORDER_NOT_FOUND', {
    zh: '账本中没有这个订单号，没有向支付平台发送任何请求，也没有资金变动。',
    en: 'The ledger has no such order; nothing was sent to a gateway and no money moved.',
    next: {
      zh: '用 list-payments 查找正确的订单号，不要猜测。',
      en: 'Find the right number with list-payments; never guess one.',
    },
  });
}

/** As {@link orderNotFound}, of a number that a person has typed. */
export function noSuchOrder(): CashierError {
  return new CashierError('ORDER_NOT_FOUND', {
    zh: '账本中没有这个订单号，没有做任何事。',
    en: 'The ledger has no order of this number; nothing was done.',
    next: { zh: '用 mcp-cashier orders 查看订单。', en: 'See mcp-cashier orders.' },
  });
}

/** Neither the ledger nor the gateway, which was asked, knows the number. */
export function orderUnknown(): CashierError {
  return new CashierError('ORDER_NOT_FOUND', {
    zh: '账本和支付平台都没有这个订单（有的付款链接在买家打开之前也查不到），没有资金变动。',
    en: 'Neither the ledger nor the gateway has such an order (some links have none before the buyer opens them); no money moved.',
    next: { zh: '核对订单号，不要猜测。', en: 'Check the number; never guess one.' },
  });
}

/** The order may be known, but no refund of it by this number. */
export function refundNotFound(): CashierError {
  return new CashierError('ORDER_NOT_FOUND', {
    zh: '没有找到这个 outRefundNo 的退款，没有资金变动。',
    en: 'There is no refund with this outRefundNo; no money moved.',
    next: { zh: '核对退款单号，不要猜测。', en: 'Check the number; never guess one.' },
    details: { argument: 'outRefundNo' },
  });
}

/** The same number came with other arguments. */
export function conflict(number: 'outTradeNo' | 'outRefundNo'): CashierError {
  return new CashierError('IDEMPOTENCY_CONFLICT', {
    zh: `该 ${number} 已用于参数不同的请求，本次没有执行，也没有资金变动。`,
    en: `This ${number} was already used with other arguments; this call did nothing and no money moved.`,
    next: {
      zh: `重试请用与首次完全相同的参数；新的一笔请用新的 ${number}。`,
      en: `Repeat with exactly the first arguments, or use a new ${number} for something new.`,
    },
    details: { argument: number },
  });
}

/** Somebody else of the merchant has used the number; whoever and for what is not told. */
export function numberTaken(outTradeNo: string, by: 'gateway' | 'ledger'): CashierError {
  return new CashierError(by === 'ledger' ? 'IDEMPOTENCY_CONFLICT' : 'GATEWAY_DECLINED', {
    zh: '该 outTradeNo 已被占用，没有下单，也没有资金变动。',
    en: 'This outTradeNo is taken; no payment was created and no money moved.',
    next: {
      zh: '换一个新的 outTradeNo，或省略它。',
      en: 'Take it that the number belongs to another order: use a new one, or leave it out.',
    },
    details: by === 'ledger' ? { argument: 'outTradeNo' } : { outTradeNo, gatewayCode: 'NUMBER_TAKEN' },
  });
}

/** Whether the number is free was not to be learned, so nothing was stored or sent under it. */
export function numberNotAsked(error: GatewayError, outTradeNo: string): CashierError {
  const silent = error instanceof OutcomeUnknown;
  if (!silent && !(error instanceof GatewayDeclined && error.reason === 'rate-limited')) {
    return clientError(
      error,
      { zh: '没有下单，没有资金变动', en: 'no payment was created and no money moved' },
      { outTradeNo },
    );
  }
  return new CashierError('TRY_LATER', {
    zh: '支付平台没有答复这个 outTradeNo 是否可用，没有下单，也没有资金变动。',
    en: 'The gateway did not tell whether this outTradeNo is free; no payment was created and no money moved.',
    next: {
      zh: `${ASK_AGAIN_S} 秒后用相同参数重试。`,
      en: `Call again with the same arguments in ${ASK_AGAIN_S} s.`,
    },
    details: { outTradeNo, retryAfterSeconds: ASK_AGAIN_S },
  });
}

/** The wallet has no such scene. */
export function sceneNotOffered(provider: PaymentProvider, scene: Scene): CashierError {
  const offered = [...provider.scenes].join(', ');
  return invalidArgument(
    'scene',
    {
      zh: `${provider.id} 不支持 scene ${scene}，可用：${offered}。`,
      en: `${provider.id} does not offer scene ${scene}; it offers ${offered}.`,
    },
    { zh: '换一个 scene 重试。', en: 'Call again with another scene.' },
  );
}

/** The gateway's limit on how long a payment can last. Throws INVALID_ARGUMENT. */
export function insistOnExpiry(
  { id, maxExpiryMinutes: max = Infinity }: PaymentProvider,
  minutes: number,
): void {
  if (minutes <= max) return;
  throw invalidArgument(
    'expiresInMinutes',
    {
      zh: `${id} 在这里的付款有效期最多 ${max} 分钟。`,
      en: `A payment by ${id} can last for at most ${max} minutes here.`,
    },
    {
      zh: `用不大于 ${max} 的 expiresInMinutes 重试。`,
      en: `Call again with expiresInMinutes of at most ${max}.`,
    },
    { max },
  );
}

/** The gateway takes this scene's link only from a page on the registered domain, and no page of ours is public. */
export function noPageToHandOff({ provider, scene }: OrderRecord): CashierError {
  const { app, page } = walletOf(provider);
  const variable = page.handOff?.variable ?? '';
  return new CashierError('CONFIGURATION', {
    zh: `${app.zh} ${scene} 链接只能从登记域名下的收银台页面打开，而现在没有公网可访问的收银台页面；没有下单，没有资金变动。`,
    en: `A ${app.en} ${scene} link opens only from our checkout page on the registered domain, and no such public page is running; no order was made and no money moved.`,
    next: {
      zh: `改用 scene qr；或请商家用 mcp-cashier http 运行服务，并设置 CASHIER_PUBLIC_URL（登记域名不同时再设 ${variable}）。`,
      en: `Use scene qr; or ask the merchant to run mcp-cashier http with CASHIER_PUBLIC_URL (and ${variable} where the registered domain is another).`,
    },
    details: { variable: 'CASHIER_PUBLIC_URL' },
  });
}

/** The buyer's identical payment must be settled before another is made. */
export function identicalInDoubt(order: OrderRecord): CashierError {
  return new CashierError('OUTCOME_UNKNOWN', {
    zh: '这位买家的一笔完全相同的支付结果待确认，没有再次下单，也没有资金变动。',
    en: "The result of this buyer's identical payment is unknown; no other was created and no money moved.",
    next: {
      zh: `先用 outTradeNo ${order.outTradeNo} 重复调用 create-payment，把它弄清楚。`,
      en: `Settle that one first: call create-payment again with outTradeNo ${order.outTradeNo}.`,
    },
    details: { outTradeNo: order.outTradeNo },
  });
}

/** It was closed, or its time was over, before the buyer chose. */
export function offerClosed(outTradeNo: string): CashierError {
  return new CashierError('ORDER_CLOSED', {
    zh: '这笔收款已关闭或已过期，没有下单，没有资金变动。',
    en: 'This payment is closed or has expired; no order was made and no money moved.',
    next: { zh: '需要时新建一笔支付。', en: 'Create a new payment if one is wanted.' },
    details: { outTradeNo },
  });
}

/** Nothing of it was at a gateway, so there is nothing to give back. */
export function notChosen(outTradeNo: string): CashierError {
  return new CashierError('NOT_PAID', {
    zh: '买家还没有选择支付方式，订单没有付款；没有资金变动。',
    en: 'The buyer has not chosen how to pay, and the order is not paid; no money moved.',
    next: {
      zh: '用 query-payment 确认付款后再退款。',
      en: 'Confirm the payment with query-payment first.',
    },
    details: { outTradeNo, state: 'NOTPAY' },
  });
}

/** The gateway has closed the number. */
export function orderClosed(order: OrderRecord): CashierError {
  return new CashierError('ORDER_CLOSED', {
    zh: '该订单号在支付平台已关闭，没有资金变动。',
    en: 'The gateway has closed this number; no money moved.',
    next: { zh: '换一个新的 outTradeNo 重新下单。', en: 'Create a new payment with a new outTradeNo.' },
    details: { outTradeNo: order.outTradeNo },
  });
}
