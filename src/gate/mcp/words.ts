import type { Text } from '../../domain/errors.ts';

export type Language = keyof Text;

/** Ends the description of a tool. */
export function cost(amountYuan: string, argument: string): Text {
  return {
    zh: `价格：每次 ${amountYuan} 元。首次调用返回付款链接，不执行；付款后用相同参数加 ${argument} 再次调用。`,
    en: `Price: ${amountYuan} yuan (CNY) per call. The first call returns a payment link and does nothing; once paid, call again with the same arguments plus ${argument}.`,
  };
}

export const ARGUMENT: Text = {
  zh: '已付款的单号（由首次调用给出）；首次调用不填',
  en: 'number of the paid call, as the first call gave it; leave out at first',
};

export function unpaid(tool: string, title: string, amountYuan: string): Text {
  return {
    zh: `${tool}（${title}）每次 ${amountYuan} 元，付款后执行。尚未付款，没有执行。`,
    en: `${tool} (${title}) costs ${amountYuan} yuan per call and runs once it is paid for. It is not paid, and has not run.`,
  };
}

export const PAY: Text = { zh: '点击完成支付', en: 'Pay now' };
export const ON_THIS_MACHINE: Text = { zh: '（只有本机能打开）', en: ' (opens on this machine only)' };
export const CODE: Text = {
  zh: '有 weixinpay_pay 工具的智能体也可以用 paymentCode 付款',
  en: 'An agent that has the tool weixinpay_pay may also pay with the paymentCode',
};
export const NUMBER: Text = { zh: '单号', en: 'Number' };
export const EXPIRES: Text = { zh: '付款有效期至', en: 'To be paid before' };
export const NEXT: Text = { zh: '下一步', en: 'Next' };

export function payThenCall(tool: string, argument: string, number: string): Text {
  return {
    zh: `请用户付款；付款后用完全相同的参数加上 ${argument}: "${number}" 再次调用 ${tool}。不要改参数，未付款不要重复催促。`,
    en: `Ask the user to pay; then call ${tool} again with exactly the same arguments plus ${argument}: "${number}". Change no argument.`,
  };
}

export function lost(reached: boolean): Text {
  return reached
    ? {
        zh: '上游 MCP 服务器在回答前断开，是否执行不明。下次调用时会重新启动它。',
        en: 'The MCP server behind the gate ended before it answered; whether it did anything is unknown. The next call starts it again.',
      }
    : {
        zh: '上游 MCP 服务器无法启动或连接，没有执行。请检查价目文件中的 command 或 url，稍后重试。',
        en: 'The MCP server behind the gate cannot be started or reached; nothing was done. Check command or url in the price file, and try again.',
      };
}
