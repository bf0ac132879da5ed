import { createVerify } from 'node:crypto';
import { z } from 'zod';
import { carryOut, spoilt } from '../exchange.ts';
import { type Incoming, json, type Outgoing, parseOrNull } from '../http.ts';
import { token } from '../numbers.ts';
import { pay } from '../payer.ts';
import { scan, whyNot } from '../scanner.ts';
import type { World } from '../world.ts';

export const PREORDER = '/palmpayminiapp/clawagentpay/preorder';
/** Where the host of an agent redeems a code, with its user's yes. */
export const AGENT_PAY = '/wechatpay/agent/pay';

/** Seconds a request's timestamp may be off, and how far ahead a code may last. */
const TOLERANCE_S = 300;
const LONGEST_S = 900;

const word = z.string().min(1).max(128);
const outer = z.strictObject({
  signature_type: z.literal('SKILLHUB-SHA256-RSA2048'),
  developer_platform: z.literal('SKILLHUB'),
  developer_id: word,
  pub_key_id: word,
  nonce_str: z.string().regex(/^[0-9A-Za-z]{32}$/),
  timestamp: z.string().regex(/^\d{10}$/),
  payment_required: z.base64().max(8192),
  signature: z.base64().max(1024),
});
const inner = z.strictObject({
  skill_info: z.strictObject({ skill_id: word, skill_version: word.optional() }),
  pay_type: z.literal('SKILL_PAY'),
  pay_mode: z.literal('AUTH_AND_PAY'),
  pay_items: z
    .array(
      z.strictObject({
        product_id: z.string().regex(/^SP[0-9A-Za-z_-]{1,62}$/),
        pay_data: z.strictObject({
          type: z.enum(['code_url', 'prepay_id', 'h5_url']),
          value: z.string().max(1024),
        }),
      }),
    )
    .length(1),
  expires_at: z.string().regex(/^\d{10}$/),
});
const redeeming = z.strictObject({ paymentCode: z.string().min(1).max(128) });

/** Why there is no code. Nobody signs it. */
class NoCode extends Error {
  override readonly name = 'NoCode';
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/**
 * A payment code for what a developer asks a payer to open, which is not looked at.
 * @see https://skillhub.cn/tutorials (agent-pay-onboard)
 */
export async function preorder(world: World, incoming: Incoming): Promise<Outgoing> {
  try {
    const { shown, diesAt } = readPreorder(world, incoming);
    const issued = world.codes.find(shown);
    const outTradeNo = issued?.outTradeNo ?? '';
    const title = world.trades.of(issued?.space).byNumber('wechatpay', outTradeNo)?.title;
    const occasion = { provider: 'wechatpay', operation: 'preorder', outTradeNo, title } as const;
    const { result, fault } = await world.database.write(() =>
      carryOut(world, occasion, incoming.body, () => {
        const code = token(world.randomBytes).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
        world.paymentCodes.issue({ code, shown, diesAt });
        return json(200, { payment_code: code });
      }),
    );
    return await spoilt(world, fault, (kind) => {
      if (kind === 'system-error') return refused(new NoCode(500, 'SYSTEM_ERROR', '系统错误'));
      return result ?? refused(new NoCode(403, 'NO_AUTH', '无权限'));
    });
  } catch (error) {
    if (error instanceof NoCode) return refused(error);
    throw error;
  }
}

function refused({ status, code, message }: NoCode) {
  return json(status, { code, message });
}

function readPreorder(
  { identity, clock }: World,
  { body, headers }: Incoming,
): { readonly shown: string; readonly diesAt: number } {
  if (headers.authorization !== undefined) throw new NoCode(400, 'PARAM_ERROR', '不需要 Authorization');
  const asked = outer.safeParse(parseOrNull(body.toString('utf8'))).data;
  if (!asked) throw new NoCode(400, 'PARAM_ERROR', '参数错误');
  const { developer, keys } = identity;
  if (asked.developer_id !== developer.id || asked.pub_key_id !== developer.keyId)
    throw new NoCode(401, 'SIGN_ERROR', '开发者或公钥不存在');
  const now = Math.floor(clock.now() / 1000);
  if (Math.abs(now - Number(asked.timestamp)) > TOLERANCE_S)
    throw new NoCode(401, 'SIGN_ERROR', '时间戳已过期');
  const lines = ['POST', PREORDER, asked.timestamp, asked.nonce_str, asked.payment_required];
  const verify = createVerify('sha256').update(lines.map((line) => `${line}\n`).join(''));
  if (!verify.verify(keys.skillhub.publicKey, asked.signature, 'base64'))
    throw new NoCode(401, 'SIGN_ERROR', '签名错误');
  const wanted = inner.safeParse(
    parseOrNull(Buffer.from(asked.payment_required, 'base64').toString('utf8')),
  ).data;
  const [item] = wanted?.pay_items ?? [];
  const expires = Number(wanted?.expires_at);
  if (!wanted || !item || expires <= now || expires > now + LONGEST_S)
    throw new NoCode(400, 'PARAM_ERROR', 'payment_required 有误');
  return { shown: item.pay_data.value, diesAt: expires * 1000 };
}

/**
 * Stands for the tool of an agent's host, `weixinpay_pay`: the user says yes, and the order behind the code is paid.
 * `{"paymentCode"}` → `{"success", "message"}`.
 */
export async function payByCode(world: World, { body }: Incoming): Promise<Outgoing> {
  const asked = redeeming.safeParse(parseOrNull(body.toString('utf8'))).data;
  const known = asked && world.paymentCodes.find(asked.paymentCode);
  const failed = (why: string) => json(200, { success: false, message: `支付请求失败：${why}` });
  if (!known || world.clock.now() >= known.diesAt) return failed('paymentCode 无效或已过期');
  try {
    const trade = await scan(world, known.shown);
    const { trade: paid } = await world.database.write(() => pay(world, trade));
    if (paid.paidAt === undefined) return failed('订单已关闭');
    return json(200, { success: true, message: '支付成功' });
  } catch (error) {
    const why = whyNot(world, error);
    if (why === undefined) throw error;
    return failed(why.zh);
  }
}
