import { z } from 'zod';
import type { ToolSetting } from '../define-tool.ts';
import { buyer, described, outRefundNo, outTradeNo, TITLE, yuan } from '../params.ts';

/** The unified arguments in the gateway's spelling. */
export const outTradeNoOf = (setting: ToolSetting) =>
  described(setting, outTradeNo, {
    zh: '订单号，6–32 位字母、数字、_',
    en: 'order number: 6–32 letters, digits, _',
  });
export const outRefundNoOf = (setting: ToolSetting) =>
  described(setting, outRefundNo, {
    zh: '退款单号，1–64 位字母、数字、_',
    en: 'refund number: 1–64 letters, digits, _',
  });

export const amountYuan = (setting: ToolSetting) =>
  described(setting, yuan, {
    zh: '元，至多两位小数，如 "9.90"',
    en: 'yuan, at most 2 decimals, e.g. "9.90"',
  });

/** What every create tool takes. */
export const orderShape = (setting: ToolSetting) => ({
  amount_yuan: amountYuan(setting),
  title: described(setting, z.string(), TITLE),
  out_trade_no: described(setting, outTradeNo.optional(), {
    zh: '订单号，6–32 位字母、数字、_；缺省自动生成',
    en: 'order number: 6–32 letters, digits, _; made here when absent',
  }),
  buyer: described(setting, buyer.optional(), {
    zh: '买家或会话的稳定标识，≤256 字符，用于识别重复调用',
    en: 'stable id of buyer or conversation (≤256 characters), to recognise a repeated call',
  }),
  expires_in_minutes: described(setting, z.int().min(1).max(1440).optional(), {
    zh: '有效期，1–1440 分钟，默认 30',
    en: 'minutes to pay, 1–1440, default 30',
  }),
});
