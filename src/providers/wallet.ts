import type { Clock, RandomBytes } from '../domain/clock.ts';
import type { Text } from '../domain/errors.ts';
import type { ProviderId, Scene } from '../domain/order.ts';
import type { Log } from '../domain/ports.ts';
import type { Setting } from '../domain/setting.ts';
import type { PaymentProvider } from './contract.ts';
import type { WalletDoctor } from './examination.ts';
import type { GatewayHttp } from './gateway-http.ts';

export interface ProviderPorts {
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  readonly http: GatewayHttp;
  readonly log?: Log | undefined;
}

/**
 * What must be known of a wallet before any of its keys is, for all who tell one from another. Costs nothing to load:
 * what works with it comes with the first use.
 */
export interface Wallet {
  readonly id: ProviderId;
  readonly name: Text;
  /** The app that pays, as buyers call it. */
  readonly app: Text;
  /** What its variables begin with, before the underscore. */
  readonly prefix: string;
  /** What other programs begin them with. */
  readonly otherPrefixes: readonly string[];
  /** Its variables, in the order in which people meet them. */
  readonly settings: readonly Setting[];
  /** The variable that names another gateway. */
  readonly gatewayVariable: string;
  /** The variable whose word `sandbox` leads to the gateway's own sandbox; absent where there is none. */
  readonly sandboxVariable?: string;
  /** Where notifications go, and whether the gateway wants an address for them in every order. */
  readonly notify: { readonly variable: string; readonly required: boolean };
  /** When (ms behind midnight in Beijing) the bill of the day before should be there. */
  readonly billOutMs: number;
  /** The ways to pay that it has. */
  readonly scenes: readonly Scene[];
  /** What an order's number can be, where that is less than ours can. */
  readonly numbers?: RegExp;
  /** What it must know of a payer in a scene. */
  readonly payerArguments?: Readonly<Partial<Record<'payerOpenid' | 'payerClientIp', Text>>>;
  /** What its titles must not have beyond what none may. */
  readonly titleTip?: Text;
  /** What to know beside a first configuration. */
  readonly setupNote?: { readonly about: string; readonly text: Text };
  /** How it sells single calls to programs, and by which variables that is set up. */
  readonly sells?: {
    readonly by: 'proof' | 'code';
    readonly variables: readonly string[];
    /** The variable that names the service of what is sold without naming one. */
    readonly service?: string;
  };
  /** The scene in which paying a subscription's first period is a way to sign it; absent where there is none. */
  readonly signedByPaying?: Scene;
  readonly page: WalletPage;

  /** undefined when nothing of it is configured; rejects with CONFIGURATION when it is half or wrongly configured. */
  configure(
    env: Readonly<Record<string, string | undefined>>,
    ports: ProviderPorts,
  ): Promise<PaymentProvider | undefined>;
  doctor(): Promise<WalletDoctor>;
}

/** What a buyer sees of a wallet, and what its app can do with a page of ours. */
export interface WalletPage {
  /** One character standing in for the logo, which is not ours to use. */
  readonly glyph: string;
  /** Of the style sheet. `strong` carries white text with a contrast above 4.5. */
  readonly colours: Colours & { readonly accent: string; readonly strong: string; readonly dark: Colours };
  /** In a chart beside the other wallets, where `strong` and the dark tone are too near to another's. */
  readonly inChart?: { readonly light: string; readonly dark: string };
  /** What the wallet calls its own number of a payment. */
  readonly tradeNo: Text;
  /** How the browser inside its app names itself. */
  readonly browser: RegExp;
  /** How one gets out of that browser. */
  readonly leave: Text;
  /** Whether its code is a link that opens the app on a phone; else it is for scanning from a screen alone. */
  readonly codeOpens: boolean;
  /** Where the gateway sends a form's browser on to, as sources of a page's policy, besides where the form goes. */
  readonly formsGoOnTo?: readonly string[];
  /** Of links that work only from a page of ours on a domain that the gateway knows. */
  readonly handOff?: {
    /** The variable that names the domain. */
    readonly variable: string;
    /** Which domain that is. */
    readonly domain: Text;
    /** The link with the address to which the buyer comes back. */
    withReturn(link: string, back: string): string;
  };
}

interface Colours {
  readonly tone: string;
  readonly wash: string;
}
