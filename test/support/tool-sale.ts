/** A bill for a call of a tool, as far as a client reads it. */
export interface ToolBill {
  readonly number: string;
  readonly cashierUrl: string;
  /** What Alipay is to be told. */
  readonly needed: string | undefined;
  /** What the host of an agent redeems at WeChat Pay. */
  readonly code: string | undefined;
}

/** What a tool that costs something has answered: what was bought, a bill, or why it is neither. */
export type ToolSale =
  | { readonly text: string }
  | { readonly bill: ToolBill }
  | { readonly code: string; readonly isBack: boolean };

interface ToolResult {
  readonly isError?: boolean;
  readonly content: readonly { readonly text?: string }[];
  readonly structuredContent?: {
    readonly outTradeNo: string;
    readonly cashierUrl: string;
    readonly accepts: readonly {
      readonly scheme: string;
      readonly extra: { readonly paymentNeeded?: string; readonly paymentCode?: string };
    }[];
  };
}

/** Reads the result of a tool call. */
export function readToolSale(result: unknown): ToolSale {
  const { isError, content, structuredContent } = result as ToolResult;
  const text = content[0]?.text ?? '';
  if (!isError) return { text };
  if (structuredContent) {
    const { outTradeNo: number, cashierUrl, accepts } = structuredContent;
    const extra = (scheme: string) => accepts.find((one) => one.scheme === scheme)?.extra;
    const [needed, code] = [extra('a2m')?.paymentNeeded, extra('weixinpay-x402')?.paymentCode];
    return { bill: { number, cashierUrl, needed, code } };
  }
  const { code, refund } = JSON.parse(text) as { readonly code: string; readonly refund?: boolean };
  return { code, isBack: code === 'REFUNDED' || refund === true };
}

/** The `_meta` of a call with Alipay's proof, which is base64. */
export const withProof = (paymentProof: string) => ({
  'x402/payment': { x402Version: 2, payload: { paymentProof } },
});
