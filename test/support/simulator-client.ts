import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { ProviderId } from '../../src/domain/order.ts';
import { WALLET_IDS } from '../../src/providers/registry.ts';
import { lendKeys } from './lent-keys.ts';
import { PATIENCE_MS } from './patience.ts';
import { type Env, MAIN } from './server-process.ts';

export type Wallet = ProviderId;
export const WALLETS: readonly Wallet[] = WALLET_IDS;

/** The gateway's own view of an order. */
export interface GatewayTrade {
  readonly provider: Wallet;
  readonly outTradeNo: string;
  readonly scene: string;
  readonly amountFen: number;
  readonly title: string;
  readonly tradeNo?: string;
  readonly payer: string;
  readonly state: 'NOTPAY' | 'PAID' | 'CLOSED';
  readonly cashierUrl: string;
  readonly refunds: readonly {
    readonly outRefundNo: string;
    readonly amountFen: number;
    readonly status: string;
  }[];
}

/** The gateway's own view of an agreement. */
export interface GatewayAgreement {
  readonly agreementNo: string;
  readonly externalNo?: string;
  readonly state: 'TEMP' | 'NORMAL' | 'STOP';
  readonly page: string;
}

/** One authenticated gateway call. */
export interface GatewayCall {
  readonly provider: Wallet;
  readonly operation:
    | 'create'
    | 'query'
    | 'close'
    | 'refund'
    | 'query-refund'
    | 'deduct'
    | 'agreement'
    | 'unsign';
  readonly outTradeNo: string;
  readonly outRefundNo?: string;
  readonly bodyDigest: string;
  readonly fault?: string;
  readonly carriedOut: boolean;
}

/** Whatever a payer can be shown. */
export interface Payable {
  readonly qrCode?: string | undefined;
  readonly payUrl?: string | undefined;
  readonly orderString?: string | undefined;
  readonly jsapiParams?: unknown;
  readonly appParams?: unknown;
  readonly handOffForm?: { readonly fields: Readonly<Record<string, string>> } | undefined;
}

/** Speaks to the gateway simulator as the payer and as the tester; never as the merchant. */
export class SimulatorClient {
  readonly origin: string;

  constructor(origin: string) {
    this.origin = origin;
  }

  /** A person opens what they were shown and pays. */
  async pay(shown: Payable, { late = false } = {}): Promise<GatewayTrade> {
    return this.#paid({ code: codeOf(shown), late });
  }

  async payByNumber(provider: string, outTradeNo: string, { late = false } = {}): Promise<GatewayTrade> {
    return this.#paid({ provider, outTradeNo, late });
  }

  /** A person opens what they were shown and looks: at Alipay this is what makes the trade. */
  async open(shown: Payable): Promise<{ readonly url: string; readonly html: string }> {
    const address = `${this.origin}/scan?code=${encodeURIComponent(codeOf(shown))}`;
    return readPage(await fetch(address));
  }

  /** A person follows a link in a browser. */
  async follow(link: string): Promise<{ readonly url: string; readonly html: string }> {
    return readPage(await fetch(link));
  }

  /** Presses a button of a cashier page, as its form says. */
  async pressPay(page: { readonly url: string; readonly html: string }, button = 'pay'): Promise<void> {
    const forms = [...page.html.matchAll(/<form[^>]*action="([^"]*)"/g)].map(([, address = '']) => address);
    const action = forms.find((address) => address.endsWith(`/${button}`));
    if (action === undefined) throw new Error(`no button to ${button} on ${page.url}`);
    const address = new URL(action.replaceAll('&amp;', '&'), page.url);
    await readPage(await fetch(address, { method: 'POST', headers: { origin: address.origin } }));
  }

  /** The subscriber does something with an agreement, found by what they are shown or by a number of it. */
  async subscriber(
    deed: 'sign' | 'decline' | 'stop',
    found: { readonly code: string } | { readonly number: string },
  ): Promise<void> {
    await this.#control('POST', 'agreements', { deed, ...found });
  }

  async agreements(): Promise<readonly GatewayAgreement[]> {
    const { agreements } = (await this.#control('GET', 'agreements')) as { agreements: GatewayAgreement[] };
    return agreements;
  }

  /** Where a wallet tells what it tells without an order. */
  async tellAt(provider: string, url: string): Promise<void> {
    await this.#control('POST', 'address', { provider, url });
  }

  async trades(): Promise<readonly GatewayTrade[]> {
    const { trades } = (await this.#control('GET', 'trades')) as { trades: GatewayTrade[] };
    return trades;
  }

  /** The one trade with this number; rejects when there is none. */
  async trade(outTradeNo: string): Promise<GatewayTrade> {
    const found = (await this.trades()).filter((trade) => trade.outTradeNo === outTradeNo);
    const [trade] = found;
    if (found.length !== 1 || !trade)
      throw new Error(`${found.length} trades at the gateway for ${outTradeNo}`);
    return trade;
  }

  async calls(outTradeNo?: string, operation?: GatewayCall['operation']): Promise<readonly GatewayCall[]> {
    const { requests } = (await this.#control('GET', 'requests')) as { requests: GatewayCall[] };
    return requests.filter(
      (call) =>
        (outTradeNo === undefined || call.outTradeNo === outTradeNo) &&
        (operation === undefined || call.operation === operation),
    );
  }

  /** How many calls asked a gateway to do something. Servers ask how orders stand on their own, at any time. */
  async deeds(): Promise<number> {
    const calls = await this.calls();
    const asking: readonly string[] = ['query', 'query-refund', 'agreement'];
    return calls.filter(({ operation }) => !asking.includes(operation)).length;
  }

  /** Has something go wrong, as a `sim:` token would. */
  async order(fault: object): Promise<void> {
    await this.#control('POST', 'faults', fault);
  }

  async #paid(request: object): Promise<GatewayTrade> {
    const { trade } = (await this.#control('POST', 'pay', request)) as { trade: GatewayTrade };
    return trade;
  }

  async #control(method: 'GET' | 'POST', what: string, body?: object): Promise<unknown> {
    const response = await fetch(`${this.origin}/control/${what}`, {
      method,
      headers: { 'x-simulator-control': '1' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const answer = await response.text();
    if (!response.ok) throw new Error(`control ${what}: ${response.status} ${answer}`);
    return JSON.parse(answer);
  }
}

/** `node dist/main.js simulator` as a process of its own. */
export class SimulatorProcess extends SimulatorClient {
  /** The environment that it prints: gateways, ids and keys. */
  readonly env: Env;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, env: Env) {
    super(env.WXPAY_GATEWAY ?? '');
    this.#child = child;
    this.env = env;
  }

  static async start(env: Env, cwd: string, options: readonly string[] = []): Promise<SimulatorProcess> {
    await lendKeys(env.CASHIER_HOME ?? '');
    const child = spawn(process.execPath, [MAIN, 'simulator', ...options], {
      env: { ...env },
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    const printed = new Promise<Env>((resolve, reject) => {
      child.stdout.on('data', (chunk: Buffer) => {
        said += chunk.toString();
        if (said.trimEnd().endsWith('}')) resolve(JSON.parse(said) as Env);
      });
      child.stderr.on('data', () => undefined);
      child.once('exit', (code) => reject(new Error(`the simulator ended with ${code}`)));
    });
    return new SimulatorProcess(child, await printed);
  }

  /** SIGKILL: whoever finds nobody there serves it from then on. */
  async kill(): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    const force = setTimeout(() => this.#child.kill('SIGKILL'), PATIENCE_MS);
    await exited;
    clearTimeout(force);
  }
}

/** The link by which an order's page hands over to the wallet. */
export async function handOffOn(cashierUrl: string): Promise<string> {
  const { html } = await readPage(await fetch(cashierUrl));
  const link = /href="([^"]*)" referrerpolicy="origin"/.exec(html)?.[1];
  if (link === undefined) throw new Error('the page hands over to nobody');
  return link.replaceAll('&amp;', '&');
}

/** The form by which an order's page hands over to the wallet: where it goes, and what stands in it. */
export async function formOn(
  cashierUrl: string,
): Promise<{ action: string; fields: Record<string, string> }> {
  const { html } = await readPage(await fetch(cashierUrl));
  const text = (escaped: string) =>
    escaped.replace(/&(amp|lt|gt|quot|#39);/g, (all) => ESCAPES.get(all) ?? all);
  const action = /<form method="post" action="([^"]*)"/.exec(html)?.[1];
  if (action === undefined) throw new Error('the page has no form');
  const inputs = html.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g);
  return {
    action: text(action),
    fields: Object.fromEntries([...inputs].map(([, name = '', value = '']) => [text(name), text(value)])),
  };
}
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['&amp;', '&'],
  ['&lt;', '<'],
  ['&gt;', '>'],
  ['&quot;', '"'],
  ['&#39;', "'"],
]);

/** What a payer's phone reads off a payment. */
export function codeOf({
  qrCode,
  payUrl,
  orderString,
  jsapiParams,
  appParams,
  handOffForm,
}: Payable): string {
  const inApp = jsapiParams ?? appParams;
  const form = handOffForm && new URLSearchParams(handOffForm.fields).toString();
  const code =
    qrCode ?? payUrl ?? orderString ?? form ?? (inApp === undefined ? undefined : JSON.stringify(inApp));
  if (code === undefined) throw new Error('there is nothing to pay with');
  return code;
}

async function readPage(response: Response): Promise<{ url: string; html: string }> {
  const html = await response.text();
  if (!response.ok) throw new Error(`${response.status} at ${response.url}: ${html.slice(0, 200)}`);
  return { url: response.url, html };
}
