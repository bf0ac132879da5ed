/** UnionPay says no: a `respCode` and its words. */
export class UnionpayRefusal extends Error {
  override readonly name = 'UnionpayRefusal';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export const notFound = () => new UnionpayRefusal('34', '查无此交易');
export const missing = (name: string) => new UnionpayRefusal('13', `报文交易要素缺失:${name}`);
export const malformed = (name: string) => new UnionpayRefusal('10', `报文格式错误:${name}`);
