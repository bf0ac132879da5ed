import { z } from 'zod';
import type { ToolSetting } from '../define-tool.ts';
import { described, outRefundNo, outTradeNo, yuan } from '../params.ts';

/** The unified arguments in the gateway's spelling. */
export const out_trade_no = outTradeNo;
export const out_refund_no = outRefundNo;
export const reason = z.string().optional();

export const amountYuan = (setting: ToolSetting) =>
  described(setting, yuan, { zh: '元，如 "9.90"', en: 'yuan, e.g. "9.90"' });

/** What every create tool takes. */
export const orderShape = (setting: ToolSetting) => ({
  amount_yuan: amountYuan(setting),
  title: described(setting, z.string(), { zh: '商品名，≤127 字节', en: 'goods, ≤127 bytes' }),
  out_trade_no: described(setting, out_trade_no.optional(), {
    zh: '订单号；缺省自动生成',
    en: 'order number; made here when absent',
  }),
  buyer: z.string().min(1).max(256).optional(),
  expires_in_minutes: z.int().min(1).max(1440).optional(),
});
