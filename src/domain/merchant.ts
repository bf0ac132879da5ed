/** The one merchant that there is where no file names several; it has no name in any address. */
export const DEFAULT_MERCHANT = 'default';
/** What a merchant may be called: it stands in addresses, folders and schemas. */
export const MERCHANT_NAME = /^[a-z0-9-]{1,32}$/;

/** What stands before the paths of a merchant's pages. */
export function mountOf(merchant: string): string {
  return merchant === DEFAULT_MERCHANT ? '' : `/m/${merchant}`;
}

/** Where a gateway notifies a merchant, below the service's address. */
export function notifyPath(gateway: string, merchant: string): string {
  return `/notify/${gateway}${merchant === DEFAULT_MERCHANT ? '' : `/${merchant}`}`;
}

/** The schema of a merchant's ledger in a PostgreSQL database that several share; names have no underscore. */
export function schemaOf(merchant: string): string {
  return `cashier_${merchant.replaceAll('-', '_')}`;
}

/**
 * Whose a caller is: who says so belongs to that merchant, who says nothing to the only one, else to the default one.
 * undefined: to none of these.
 */
export function merchantOf(
  { merchant }: { readonly merchant?: string | undefined },
  merchants: readonly string[],
): string | undefined {
  const [only] = merchants;
  const meant = merchant ?? (merchants.length === 1 ? only : DEFAULT_MERCHANT);
  return merchants.find((one) => one === meant);
}
