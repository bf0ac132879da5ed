import type { BuyerAgent } from '../../src/simulator/buyer-agent.ts';
import { readToolSale, withProof } from '../support/tool-sale.ts';
import { type Answered, ask, billIn } from './gate-here.ts';

export type Face = 'http' | 'mcp';
/** When the gate dies, told from a buyer. */
export const MOMENTS = ['billed', 'shown', 'arrived', 'answered', 'told'] as const;
export type Moment = (typeof MOMENTS)[number];

/** What a gate has said: a bill with what Alipay is to be told, what was bought, or that the money goes back. */
type Heard =
  | { readonly number: string; readonly needed: string }
  | { readonly got: string }
  | 'paid back'
  | undefined;

const VERSION = '2026-07-28';
const ENVELOPE = {
  'io.modelcontextprotocol/protocolVersion': VERSION,
  'io.modelcontextprotocol/clientInfo': { name: 'buyer', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
};

/** One who buys one thing with Alipay's proof, over HTTP or as a tool call, and asks again as often as it takes. */
export class MortalBuyer {
  readonly id: string;
  readonly face: Face;
  readonly repeatable: boolean;
  number: string | undefined;
  /** What was delivered, as often as it was. */
  readonly got = new Set<string>();
  paidBack = false;
  #proof: string | undefined;

  constructor(id: string, face: Face, repeatable: boolean) {
    this.id = id;
    this.face = face;
    this.repeatable = repeatable;
  }

  /** One try; what dies under it is tried again by whoever goes on. Returns whether it has come to its end. */
  async tryOnce(port: number, agent: BuyerAgent, reached: (moment: Moment) => void): Promise<boolean> {
    try {
      if (this.#proof === undefined) {
        const billed = await this.#ask(port);
        if (typeof billed !== 'object' || !('needed' in billed)) return false;
        this.number = billed.number;
        reached('billed');
        const paid = await agent.pay({ headers: { 'payment-needed': billed.needed } });
        this.#proof = paid['Payment-Proof'] ?? '';
      }
      reached('shown');
      const heard = await this.#ask(port, this.#proof);
      reached('told');
      if (heard === 'paid back') this.paidBack = true;
      else if (heard && 'got' in heard) this.got.add(heard.got);
      else return false;
      return true;
    } catch {
      return false;
    }
  }

  #ask(port: number, proof?: string): Promise<Heard> {
    return this.face === 'http' ? this.#askHttp(port, proof) : this.#askMcp(port, proof);
  }

  async #askHttp(port: number, proof?: string): Promise<Heard> {
    const { id, repeatable } = this;
    const headers = proof === undefined ? {} : { 'Payment-Proof': proof };
    const how = repeatable ? { headers } : { method: 'POST', body: id, headers };
    const answered = await ask(port, `/${repeatable ? 'twice' : 'once'}?id=${id}`, how);
    const { status, text } = answered;
    if (status === 200) return { got: text };
    if (status === 502 && text.includes('"refund":true')) return 'paid back';
    if (status !== 402) return undefined;
    const { outTradeNo: number, problem } = billIn(answered);
    if (['REFUNDED', 'PAID_TOO_LATE'].includes(problem?.code ?? '')) return 'paid back';
    return { number, needed: String(answered.headers['payment-needed']) };
  }

  async #askMcp(port: number, proof?: string): Promise<Heard> {
    const name = this.repeatable ? 'twice' : 'once';
    const _meta = { ...ENVELOPE, ...(proof === undefined ? {} : withProof(proof)) };
    const params = { name, arguments: { id: this.id }, _meta };
    const answered = await ask(port, '/behind/mcp', {
      method: 'POST',
      headers: {
        ...{ 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' },
        ...{ 'Mcp-Protocol-Version': VERSION, 'Mcp-Method': 'tools/call', 'Mcp-Name': name },
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
    });
    const { result } = messageIn(answered) as { readonly result?: unknown };
    if (!result) return undefined;
    const sale = readToolSale(result);
    if ('text' in sale) return { got: sale.text };
    if (!('bill' in sale)) return sale.isBack ? 'paid back' : undefined;
    const { number, needed } = sale.bill;
    return needed === undefined ? undefined : { number, needed };
  }
}

/** In one piece, or the last on its stream. */
function messageIn({ headers, text }: Answered): unknown {
  if (!String(headers['content-type']).startsWith('text/event-stream')) return JSON.parse(text);
  return JSON.parse(text.split('data: ').at(-1) ?? '');
}
