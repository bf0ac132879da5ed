/** Whether a ledger is named by an address and not by a path. A drive's letter is no scheme. */
export function isAddress(ledger: string): boolean {
  return /^[a-z][a-z0-9+.-]+:\/\//i.test(ledger);
}

/** The parts of `postgres://…`; undefined for any other address, and for one that means nothing. */
export function postgresAddress(ledger: string): URL | undefined {
  if (!/^postgres(?:ql)?:\/\//i.test(ledger) || !URL.canParse(ledger)) return undefined;
  const url = new URL(ledger);
  return url.pathname.length > 1 ? url : undefined;
}

/** A ledger as people and files may know it: its path, or its address without the password. */
export function ledgerName(ledger: string): string {
  if (!isAddress(ledger)) return ledger;
  const url = postgresAddress(ledger);
  return url
    ? `postgres://${url.username ? `${url.username}@` : ''}${url.host}${url.pathname}`
    : 'postgres://…';
}
