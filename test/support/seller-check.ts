import { createHash } from 'node:crypto';

/* What the public check of sellers by Alipay A2M exercises, step by step, as the sheet of facts describes it. */

export interface SellerCheck {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly body?: string;
  /** Where a bill is paid. */
  readonly cashier: string;
  readonly buyer: string;
  /** ms */
  readonly now: () => number;
}

/** What a seller must not have said when it delivers. */
const FAILURES: ReadonlySet<unknown> = new Set([
  ...['CREATE_ORDER_ERROR', 'FULFILLMENT_CONFIRM_FAILED', 'FULFILLMENT_ERROR', 'INVALID_PAYMENT_PROOF'],
  ...['INVALID_PAYMENT_PROOF_FORMAT', 'MISSING_OUT_TRADE_NO', 'MISSING_RESOURCE_ID', 'ORDER_NOT_FOUND'],
  ...['RESOURCE_ID_MISMATCH', 'SIGN_ERROR', 'VERIFY_FAILED'],
]);
const MEMBERS = {
  protocol: [
    ...['out_trade_no', 'amount', 'currency', 'resource_id', 'pay_before', 'seller_signature'],
    ...['seller_sign_type', 'seller_unique_id'],
  ],
  method: ['seller_name', 'seller_id', 'seller_app_id', 'goods_name', 'seller_unique_id_key', 'service_id'],
} as const;

type Members = Record<string, string>;
interface Bill {
  readonly protocol: Members;
  readonly method: Members;
}

/** Buys as that check does, its proof made up. Throws an Error that names the step which did not hold. */
export async function checkSeller(
  check: SellerCheck,
): Promise<{ readonly bill: Bill; readonly proof: string }> {
  const { url, method, body, cashier, buyer, now } = check;
  const request = { method, ...(body === undefined ? {} : { body }) };
  const bill = await billOf(check);
  const { protocol, method: seller } = bill;
  insist(seller.service_id === 'api_mock_service_id', 'the service is the sandbox’s');
  for (const [part, names] of Object.entries(MEMBERS)) {
    for (const name of names) insist(bill[part as keyof Bill][name], `the bill has ${part}.${name}`);
  }
  const payment = await fetch(cashier, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      protocol: { ...camel(protocol), buyerUniqueId: buyer },
      method: { ...camel(seller), buyerUniqueIdKey: 'buyerExternalId' },
      signature: {
        buyerExternalId: buyer,
        buyerSignature: '-',
        timestamp: /\d{10,}$/.exec(protocol.out_trade_no ?? '')?.[0] ?? String(now()),
      },
    }),
  });
  const paid = (await payment.json()) as { payScheme?: unknown; protocol?: Members };
  const trade = paid.protocol?.tradeNo ?? paid.protocol?.tradeCoreTradeNo;
  insist(paid.payScheme, `the cashier takes the bill: ${JSON.stringify(paid)}`);
  insist(trade, 'the cashier gives a trade number');
  const proof = Buffer.from(
    JSON.stringify({
      protocol: {
        payment_proof: createHash('sha256').update(`${trade}|${buyer}|${now()}`).digest('hex'),
        trade_no: trade,
      },
      method: {
        client_session: Buffer.from(
          JSON.stringify({ externalId: buyer, signature: '-', timestamp: now() }),
        ).toString('base64'),
      },
    }),
  ).toString('base64');
  const answer = await fetch(url, { ...request, headers: { 'Payment-Proof': proof } });
  const text = await answer.text();
  insist(answer.status === 200, `the seller delivers: ${answer.status} ${text}`);
  checkDelivery(text, answer.headers.get('payment-validation'));
  return { bill, proof };
}

/** Asks without a proof, by HEAD first where it is a GET, and takes the first bill that comes. */
async function billOf({ url, method, body }: SellerCheck): Promise<Bill> {
  const asked = method === 'GET' ? [{ method: 'HEAD' }, { method }] : [{ method, ...(body ? { body } : {}) }];
  for (const request of asked) {
    const answer = await fetch(url, request);
    await answer.arrayBuffer();
    const header = answer.headers.get('payment-needed');
    if (header === null) continue;
    insist(answer.status === 402, `a bill comes with 402, not ${answer.status}`);
    return JSON.parse(Buffer.from(header, 'base64url').toString()) as Bill;
  }
  throw new Error('no answer has a Payment-Needed');
}

function checkDelivery(text: string, validation: string | null): void {
  insist(text !== '', 'something is delivered');
  insist(validation, 'Payment-Validation comes along');
  const valid = JSON.parse(Buffer.from(validation ?? '', 'base64url').toString()) as Record<string, unknown>;
  insist(
    valid.validated === true && valid.trade_no && valid.resource_id,
    'Payment-Validation says that it is paid',
  );
  const content = jsonIn(text);
  if (content === undefined) return;
  insist(typeof content === 'object' && content !== null && !Array.isArray(content), 'the body is an object');
  insistOnSuccess(content);
  const { resource_id, resourceId, content: delivered } = content as Record<string, unknown>;
  insist(resource_id ?? resourceId, 'the body names the resource');
  insist(delivered, 'the body has content');
  insist((resource_id ?? resourceId) === valid.resource_id, 'the resource is the one that was validated');
}

function insistOnSuccess(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [name, member] of Object.entries(value)) {
    const isNo = ['success', 'validated', 'fulfillment_confirmed'].includes(name) && member === false;
    const isCode = ['code', 'errorCode', 'sub_code', 'subCode'].includes(name) && FAILURES.has(member);
    insist(!isNo && !isCode, `the body does not say ${name}: ${member}`);
    insistOnSuccess(member);
  }
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function camel(members: Members): Members {
  return Object.fromEntries(
    Object.entries(members).map(([name, value]) => [
      name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
      value,
    ]),
  );
}

function insist(held: unknown, what: string): void {
  if (!held) throw new Error(`the check of sellers fails: ${what}`);
}
