import { NotBought, post } from '../agent-hands.ts';
import type { AgentWallet } from '../world.ts';
import { AGENT_PAY } from './preorder.ts';

/** As the host of an agent: the code is redeemed, and the order's number is all that can be shown for it. */
export const WECHATPAY_AGENT: AgentWallet = {
  async pay({ headers, outTradeNo = '' }, { origin }) {
    const paymentCode = headers['weixinpay-required'];
    if (paymentCode === undefined) throw new NotBought('there is no code for WeChat Pay');
    const { success, message } = await post(`${origin}${AGENT_PAY}`, { paymentCode });
    if (success !== true) throw new NotBought(String(message));
    return { 'WeixinPay-Required': paymentCode, 'X-Out-Trade-No': outTradeNo };
  },
};
