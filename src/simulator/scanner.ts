import type { Agreement } from './state/agreements.ts';
import type { Trade } from './state/trades.ts';
import { type FakeAgreements, fakeOf, type World } from './world.ts';

/** The payer's phone cannot open what it was shown. */
export class CannotOpen extends Error {
  override readonly name = 'CannotOpen';
  readonly zh: string;

  constructor(zh: string, en: string) {
    super(en);
    this.zh = zh;
  }
}

/** What a payer is told about an error by which opening something fails; undefined for any other error. */
export function whyNot(
  { fakes }: World,
  error: unknown,
): { readonly zh: string; readonly en: string } | undefined {
  if (error instanceof CannotOpen) return { zh: error.zh, en: error.message };
  return fakes.map((fake) => fake.whyNot(error)).find(Boolean);
}

/**
 * Stands for the payer's phone: opens whatever a payer can be shown (QR string, link, order string, prepay_id, signed
 * front-end parameters as JSON) and answers the order behind it. `late` also opens what is over.
 */
export async function scan(world: World, shown: string, late = false): Promise<Trade> {
  const text = shown.trim();
  for (const fake of world.fakes) {
    const opening = fake.open(world, text, late);
    if (opening) return opening;
  }
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return openIssued(world, url?.protocol.startsWith('http') ? `${world.origin}${url.pathname}` : text, late);
}

/** The same of what asks for an agreement; undefined where it asks for none. */
export async function scanAgreement(world: World, shown: string): Promise<Agreement | undefined> {
  for (const { agreements } of world.fakes) {
    const opening = agreements?.open(world, shown.trim());
    if (opening) return opening;
  }
  return undefined;
}

/** The path of an agreement's page. */
export function pageOfAgreement(world: World, agreement: Agreement): string {
  return agreementsOf(world, agreement.provider).pageOf(agreement);
}

/** What a wallet does with agreements. */
export function agreementsOf(world: World, provider: string): FakeAgreements {
  const { agreements } = fakeOf(world, provider);
  if (!agreements) throw new CannotOpen('该支付方式没有自动扣款', `${provider} has no agreements`);
  return agreements;
}

/** The order behind a code that was issued. */
export async function openIssued(world: World, code: string, late: boolean): Promise<Trade> {
  const issued = world.codes.find(code);
  if (!issued) throw new CannotOpen('无法识别的二维码或链接', 'This is not a code or link of the simulator');
  return fakeOf(world, issued.provider).openCode(world, issued, late);
}
