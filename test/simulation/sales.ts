import type { ProviderId } from '../../src/domain/order.ts';
import type { Served } from '../../src/gate/mcp/counter.ts';
import { type Answer, UpstreamLost } from '../../src/gate/mcp/line.ts';
import { chooseWallet } from '../../src/payments/choose-wallet.ts';
import type { Dice } from '../support/dice.ts';
import { readToolSale, type ToolBill, withProof } from '../support/tool-sale.ts';
import { type CallWish, type Shows, UPSTREAM_TROUBLES, type Way } from './call-plan.ts';
import type { Gateways } from './gateways.ts';
import type { Happening } from './history.ts';
import type { Fault } from './plan.ts';
import type { Shop } from './shop.ts';
import type { Timeline } from './timeline.ts';

/** ms from a bill's being shown to its being paid, by a buyer who has waited for it. */
const BUYER_MS = 150;
/** ms that an upstream takes, and what its way is. */
const WORK_MS = 120;
const NEAREST_MS = 2;
const FURTHEST_MS = 30;

/** What a client knows of a call that it wants. */
interface Sale {
  readonly wish: CallWish;
  bill: ToolBill | undefined;
  /** What its buyer does as soon as there is a bill. */
  waits: ((bill: ToolBill) => void) | undefined;
  /** What was paid, and what there is to show for it; the newest is shown. */
  readonly paid: Paid[];
}
interface Paid {
  readonly bill: string;
  readonly proof: string | undefined;
  isOver: boolean;
}

/** The world that calls are sold in. */
interface Site {
  readonly timeline: Timeline;
  readonly dice: Dice;
  readonly gateways: Gateways;
  readonly faults: readonly Fault[];
  readonly wallets: readonly ProviderId[];
  readonly record: (happening: Happening) => void;
  readonly alive: (at: number) => Shop;
  /** Notes that somebody waits for an answer, under a number of its own. */
  readonly begin: () => number;
  readonly end: (id: number) => void;
}

/** Clients who want calls that cost something, their buyers, and the upstream that does what is paid for. */
export class Sales {
  readonly #site: Site;
  readonly #sales: Sale[];
  #faults: readonly Fault[];
  #executions = 0;
  #isCalm = false;
  /** Whether somebody waits for an upstream that never answers. */
  hangs = false;

  constructor(wishes: readonly CallWish[], site: Site) {
    this.#site = site;
    this.#faults = site.faults;
    this.#sales = wishes.map((wish) => ({ wish, bill: undefined, waits: undefined, paid: [] }));
  }

  get isOpen(): boolean {
    return this.#sales.length > 0;
  }

  /** Nothing goes wrong any more. */
  calm(): void {
    this.#isCalm = true;
    this.#faults = [];
  }

  /** A client calls the tool, and shows what it has. */
  async ask(at: number, which: number, shows: Shows): Promise<void> {
    const sale = this.#of(which);
    const newest = sale.paid.at(-1);
    // Who has not paid yet shows the bill's number.
    const shown = shows === 'nothing' ? undefined : (newest ?? sale.bill);
    if (shows !== 'nothing' && !shown) return;
    await this.#ask(at, which, shows, shown && asShown(shown, newest), newest);
  }

  /** What is paid for and has no end, whoever still wants it asks for. */
  async askAgain(at: number): Promise<void> {
    for (const [which, { wish, paid }] of this.#sales.entries()) {
      if (wish.leaves) continue;
      for (const one of paid) if (!one.isOver) await this.#ask(at, which, 'payment', asShown(one, one), one);
    }
  }

  async #ask(at: number, which: number, shows: Shows, shown: Shown | undefined, paid: Paid | undefined) {
    const { record, begin, end, alive } = this.#site;
    const sale = this.#of(which);
    const id = begin();
    const of = `s${which}${shows === 'other' ? '-other' : ''}`;
    record({ kind: 'ask', id, process: at, sale: which, of, shows, bill: shown?.bill });
    const shop = alive(at);
    const asksInCalm = this.#isCalm;
    const params = { name: toolOf(which), ...argumentsOf(of, shown, shows === 'altered') };
    const served = await shop.hear(
      shop.sell(params, (passed) =>
        this.#execute(at, id, String((passed.arguments as { readonly of?: unknown }).of), shown?.bill),
      ),
    );
    end(id);
    if (!served) return record({ kind: 'unanswered', id });
    const heard = heardIn(served);
    record({ kind: 'served', id, ...heard.told });
    // Who asks where no gateway lies any more, and gets another bill, has paid too late, or what it was paid for is over.
    const { what, bill: next } = heard.told;
    const isOver =
      ['result', 'paid back'].includes(what) || (asksInCalm && next !== undefined && next !== paid?.bill);
    if (paid && shows === 'payment' && isOver) paid.isOver = true;
    if ('result' in served) await shop.hear(served.delivered?.() ?? Promise.resolve());
    if (!heard.bill) return;
    sale.bill = heard.bill;
    const { waits } = sale;
    sale.waits = undefined;
    const { bill } = heard;
    if (waits) this.#site.timeline.in(BUYER_MS, () => waits(bill));
  }

  /** The buyer pays the newest bill. @param at the process whose page it is, where it is paid there */
  buy(at: number, which: number, way: Way): void {
    const sale = this.#of(which);
    const act = (bill: ToolBill) => void this.#buy(at, which, sale, bill, way);
    if (sale.bill) act(sale.bill);
    else sale.waits = act;
  }

  async #buy(at: number, which: number, sale: Sale, bill: ToolBill, way: Way): Promise<void> {
    const { gateways, record } = this.#site;
    const { number } = bill;
    let proof: string | undefined;
    let outTradeNo: string | undefined;
    if (way === 'proof' && bill.needed !== undefined) {
      const paid = await gateways.payBill(bill.needed);
      ({ proof, outTradeNo } = paid ?? {});
    } else if (way === 'code' && bill.code !== undefined) outTradeNo = await gateways.redeem(bill.code);
    else outTradeNo = await this.#buyOnPage(at, which, bill);
    const how = outTradeNo === undefined ? 'cannot' : 'done';
    record({ kind: 'buys', sale: which, bill: number, way, outTradeNo: outTradeNo ?? '', how });
    if (outTradeNo !== undefined) sale.paid.push({ bill: number, proof, isOver: false });
  }

  async #buyOnPage(at: number, which: number, { cashierUrl }: ToolBill): Promise<string | undefined> {
    const { alive, gateways, wallets } = this.#site;
    const shop = alive(at);
    const wallet = wallets[which % wallets.length] as ProviderId;
    const token = cashierUrl.split('/c/')[1] ?? '';
    const shown = await shop.hear(
      shop.ready.then(() => chooseWallet(shop.till, () => 'unknown', token, wallet)).catch(() => undefined),
    );
    const code = shown?.order.credential.qrCode;
    if (shown?.order.state !== 'NOTPAY' || code === undefined) return undefined;
    return (await gateways.buyer(code, 'pays', false)) ? shown.order.outTradeNo : undefined;
  }

  /** Does what is paid for, as a process asks. Rejects as a line to an upstream does. */
  async #execute(at: number, ask: number, of: string, bill: string | undefined): Promise<Answer> {
    const { timeline, dice, record } = this.#site;
    const nth = this.#executions++;
    const fault = this.#faults.find((one) => one.on === 'upstream' && one.nth === nth);
    const trouble = UPSTREAM_TROUBLES.find((one) => one === fault?.what);
    const way = () => timeline.wait(dice.between(NEAREST_MS, FURTHEST_MS));
    await way();
    const effect = trouble !== 'unreachable' && trouble !== 'lost';
    record({ kind: 'executed', process: at, ask, of, bill, nth, trouble, effect });
    if (trouble === 'unreachable') throw new UpstreamLost('not there', false);
    if (trouble === 'lost') throw new UpstreamLost('gone', true);
    await timeline.wait(WORK_MS + (trouble === 'slow' ? (fault?.ms ?? 0) : 0));
    if (trouble === 'dies') throw new UpstreamLost('gone', true);
    if (trouble === 'hangs') {
      this.hangs = true;
      return new Promise(() => undefined);
    }
    await way();
    if (trouble === 'refuses') return { jsonrpc: '2.0', id: 1, error: { code: -32_000, message: 'no' } };
    const isError = trouble === 'tool-error';
    const text = isError ? 'no' : `the result ${nth} for ${of}`;
    return { jsonrpc: '2.0', id: 1, result: { content: [{ type: 'text', text }], isError } };
  }

  #of(which: number): Sale {
    return this.#sales[which] as Sale;
  }
}

/** What a client puts beside its arguments. */
interface Shown {
  readonly bill: string;
  readonly proof: string | undefined;
}

const asShown = (shown: ToolBill | Paid, paid: Paid | undefined): Shown =>
  'number' in shown ? { bill: shown.number, proof: undefined } : { bill: shown.bill, proof: paid?.proof };

/** The tool that a client wants, whose price is of its wish. */
export function toolOf(sale: number): string {
  return `sell-${sale}`;
}

function argumentsOf(of: string, shown: Shown | undefined, isAltered: boolean) {
  const { bill, proof } = shown ?? {};
  if (bill === undefined) return { arguments: { of } };
  const altered = (text: string) =>
    isAltered ? `${text.slice(0, -1)}${text.endsWith('0') ? '1' : '0'}` : text;
  if (proof === undefined) return { arguments: { of, outTradeNo: altered(bill) } };
  const said = JSON.parse(proof) as { protocol: { payment_proof: string } };
  const protocol = { ...said.protocol, payment_proof: altered(said.protocol.payment_proof) };
  const paymentProof = Buffer.from(JSON.stringify({ ...said, protocol })).toString('base64');
  return { arguments: { of }, _meta: withProof(paymentProof) };
}

interface Heard {
  readonly told: Omit<Extract<Happening, { kind: 'served' }>, 'kind' | 'id'>;
  readonly bill?: ToolBill;
}

/** What a client reads in an answer. */
function heardIn(served: Served): Heard {
  if ('error' in served) return { told: { what: 'refused', code: served.error.message } };
  const sale = readToolSale(served.result);
  if ('text' in sale) return { told: { what: 'result', text: sale.text } };
  if ('bill' in sale) return { told: { what: 'bill', bill: sale.bill.number }, bill: sale.bill };
  return { told: { what: sale.isBack ? 'paid back' : 'refused', code: sale.code } };
}
