import { type Incoming, type Outgoing, redirect } from '../http.ts';
import { pageOfAgreement, scan, scanAgreement, whyNot } from '../scanner.ts';
import type { World } from '../world.ts';
import { errorPage } from './cashier-page.ts';

/** What the payer's browser shows of whatever was opened or "scanned". */
export async function openPage(world: World, shown: string): Promise<Outgoing> {
  try {
    const agreement = await scanAgreement(world, shown);
    if (agreement) return redirect(pageOfAgreement(world, agreement));
    const trade = await scan(world, shown);
    return redirect(`/cashier/${trade.cashierToken}`);
  } catch (error) {
    const why = whyNot(world, error);
    if (why === undefined) throw error;
    return errorPage(world, 'plain', why.zh, why.en);
  }
}

/** As {@link openPage}, of a link: the address itself is what was opened. */
export function openFromQuery(world: World, { target }: Incoming): Promise<Outgoing> {
  return openPage(world, `${world.origin}${target}`);
}
