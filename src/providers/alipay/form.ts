import { NotifyRejected } from '../contract.ts';

/** Alipay sends 30 to 40 parameters. */
const MAX_PARAMETERS = 128;

/** What percent-encoding leaves: printable ASCII without blanks. Raw UTF-8 or GBK bytes are not a form. */
const ENCODED = /^[\x21-\x7e]+$/;

/** No `=` or `&` in a name, or the signed text could be cut into parameters in two ways. */
const NAME = /^[A-Za-z0-9_.-]{1,64}$/;

/**
 * Reads an `application/x-www-form-urlencoded` body in UTF-8: every value is decoded exactly once, so a `%` in it
 * stays. Nothing is repaired: a parameter that occurs twice, a truncated or non-UTF-8 escape, an empty piece such as
 * a trailing `&` leaves is refused, because two readers would not agree on what it says.
 *
 * @see https://url.spec.whatwg.org/#application/x-www-form-urlencoded
 */
export function readForm(body: Buffer): ReadonlyMap<string, string> {
  const text = body.toString('latin1');
  if (!ENCODED.test(text)) throw new NotifyRejected('unreadable');
  const pieces = text.split('&', MAX_PARAMETERS + 1);
  if (pieces.length > MAX_PARAMETERS) throw new NotifyRejected('too-many-parameters');

  const parameters = new Map<string, string>();
  for (const piece of pieces) {
    const at = piece.indexOf('=');
    const name = decode(piece.slice(0, Math.max(at, 0)));
    const value = decode(piece.slice(at + 1));
    if (name === undefined || !NAME.test(name) || value === undefined) throw new NotifyRejected('unreadable');
    if (parameters.has(name)) throw new NotifyRejected('repeated-parameter');
    parameters.set(name, value);
  }
  return parameters;
}

/** Undefined for a broken escape and for escapes that are not UTF-8. */
function decode(encoded: string): string | undefined {
  try {
    return decodeURIComponent(encoded.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}
