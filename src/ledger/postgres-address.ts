/** In these the driver checks the server's certificate as in `verify-full`, until a version of it that will not. */
const CHECKED = ['prefer', 'require', 'verify-ca'];

/**
 * An address as the driver is given it: whoever asks for TLS gets the server checked too, name included, unless the
 * address says otherwise (`no-verify`, `uselibpqcompat`).
 * @see https://node-postgres.com/features/ssl
 */
export function withTlsChecked(address: string): string {
  const url = new URL(address);
  const { searchParams: said } = url;
  if (!CHECKED.includes(said.get('sslmode') ?? '') || said.has('uselibpqcompat')) return address;
  said.set('sslmode', 'verify-full');
  return url.href;
}
