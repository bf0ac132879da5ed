import { rowDigest } from './audit-digest.ts';
import type { Tx } from './store.ts';

/** In the place of the salt: of an order from before there were any, and of one whose payer was forgotten. */
const UNTOLD = 'old';
export const FORGOTTEN = '-';

/** Who pays for an order. */
interface Payer {
  readonly payerOpenid: string | undefined;
  readonly payerClientIp: string | undefined;
  readonly buyerHash: string | undefined;
  /** Of this order alone, gone with the rest: without it, nobody finds an address again by trying all of them. */
  readonly payerSalt: string | undefined;
}

/** What the trail tells of a payer; undefined where nothing is known of any. */
export function payerDigest({ payerSalt, payerOpenid, payerClientIp, buyerHash }: Payer): string | undefined {
  if (payerSalt === undefined || payerSalt === UNTOLD) return undefined;
  return rowDigest(payerSalt, payerOpenid, payerClientIp, buyerHash);
}

/** What stood among the terms of an order moves into its columns; the digest of the terms never covered it. */
export async function payersApart(tx: Tx): Promise<void> {
  await tx.run(`UPDATE orders SET payer_salt = '${UNTOLD}' WHERE buyer_hash IS NOT NULL`);
  const rows = await tx.all(`SELECT out_trade_no, terms_json FROM orders WHERE terms_json LIKE '%"payer%'`);
  for (const { out_trade_no: outTradeNo = null, terms_json: stored } of rows) {
    const { payerOpenid, payerClientIp, ...terms } = JSON.parse(String(stored)) as Record<string, string>;
    await tx.run(
      `UPDATE orders SET payer_openid = ?, payer_client_ip = ?, payer_salt = '${UNTOLD}', terms_json = ? WHERE out_trade_no = ?`,
      payerOpenid ?? null,
      payerClientIp ?? null,
      JSON.stringify(terms),
      outTradeNo,
    );
  }
}
